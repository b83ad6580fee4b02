//! A progress bar on stderr, when that is a terminal; it replaces the progress lines of the log.

use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::mode::{Mode, Operation};
use crate::sync::{Observer, Phase};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// While it is not known how much there is to do.
const SPINNER: &str = "{spinner} {msg} ({elapsed})";
/// Once it is known.
const BAR: &str = "{spinner} {msg} {wide_bar} {pos}/{len} ({elapsed})";

/// The bar, or nothing. Clones are the same bar.
#[derive(Clone, Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar for a full sync that somebody watches on a terminal.
    pub(super) fn for_stderr(mode: &Mode) -> Self {
        let watched = matches!(mode, Mode::OneShot(Operation::Sync)) && std::io::stderr().is_terminal();
        Self(watched.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style(SPINNER));
            bar.enable_steady_tick(TICK);
            bar
        }))
    }

    /// Whether there is one.
    pub(super) fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Does the work while the bar is out of the way.
    pub(super) fn suspended<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Bar {
    fn phase(&self, phase: Phase) {
        let Some(bar) = &self.0 else { return };
        bar.unset_length();
        bar.set_style(style(SPINNER));
        bar.set_message(words(phase));
    }

    fn advance(&self, phase: Phase, resource_type: &str, done: u64, total: Option<u64>) {
        let Some(bar) = &self.0 else { return };
        if let Some(total) = total {
            if bar.length() != Some(total) {
                bar.set_length(total);
                bar.set_style(style(BAR));
            }
            bar.set_message(format!("{} {resource_type}", words(phase)));
        } else {
            bar.set_message(format!("{} {resource_type} {done}", words(phase)));
        }
        bar.set_position(done);
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bar").field(&self.is_shown()).finish()
    }
}

fn style(template: &str) -> ProgressStyle {
    // Both templates are valid; a bar without style is no reason to stop.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::ResourceTypes => "Syncing resource types",
        Phase::Resources => "Syncing resources",
        Phase::StaticEntitlements => "Syncing static entitlements",
        Phase::Entitlements => "Syncing entitlements",
        Phase::Grants => "Syncing grants",
        Phase::ExternalResources => "Syncing external resources",
        Phase::Expansion => "Expanding grants",
        Phase::Saving => "Saving",
    }
}
