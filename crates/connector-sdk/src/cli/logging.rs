//! The log: to stderr or files, in two formats that other programs read.
//!
//! Start at [`start`]. Source: connector-cli §7.

mod format;
mod sink;

use std::str::FromStr;
use std::sync::Arc;

use ids::{Clock, SystemClock};
use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{filter, fmt};

use self::format::{Format, Lines};
use self::sink::Sink;
use super::bar::Bar;
use super::config::Config;
use super::default_fields::{LOG_FORMAT, LOG_LEVEL, LOG_LEVEL_DEBUG_EXPIRES_AT, LOG_PATH};
use super::failure::Failure;

/// Libraries whose debug lines say nothing about the connector, and might show more than they should.
const FOREIGN: [&str; 7] = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tonic", "tower"];

/// What to log, where to and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logging {
    level: Level,
    debug_until: Option<Timestamp>,
    format: Option<Format>,
    paths: Vec<String>,
}

impl Logging {
    /// What the settings say. An unknown level is info, an unknown format json.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            level: level(&config.text(&LOG_LEVEL)),
            debug_until: Timestamp::from_str(&config.text(&LOG_LEVEL_DEBUG_EXPIRES_AT)).ok(),
            format: match config.text(&LOG_FORMAT).as_str() {
                "" => None,
                "console" => Some(Format::Console),
                _ => Some(Format::Json),
            },
            paths: config.list(&LOG_PATH),
        }
    }

    fn filter(&self, bar: &Bar) -> impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static {
        let (most, debug_until) = (self.level, self.debug_until);
        let to_stderr = self.paths.is_empty() || self.paths.iter().any(|path| path == "stderr");
        let beside_bar = bar.is_shown() && to_stderr;
        move |metadata| {
            let level = *metadata.level();
            let target = metadata.target();
            let crate_name = target.split("::").next().unwrap_or_default();
            level <= most
                && (level <= Level::INFO || debug_until.is_none_or(|until| SystemClock.now() < until))
                && (level <= Level::WARN || !FOREIGN.contains(&crate_name))
                && !(beside_bar && level == Level::INFO && target.ends_with("::sync::progress"))
        }
    }
}

/// Starts the log of the process.
///
/// # Errors
/// When a file of `--log-path` cannot be opened.
pub(super) fn start(logging: &Logging, stdout: Stdout, bar: Bar) -> Result<(), Failure> {
    let default = if stdout == Stdout::Terminal { Format::Console } else { Format::Json };
    let lines = Lines::new(logging.format.unwrap_or(default), Arc::new(SystemClock));
    let filter = filter::filter_fn(logging.filter(&bar)).with_max_level_hint(LevelFilter::from_level(logging.level));
    let sink = Sink::open(&logging.paths, bar)?;
    let layer = fmt::layer().event_format(lines).with_writer(sink);
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    // Somebody who has a log already, a test for example, keeps it.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// What stdout is: it decides the format, although the log goes to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stdout {
    Terminal,
    Other,
}

fn level(word: &str) -> Level {
    match word.trim().to_ascii_lowercase().as_str() {
        "debug" => Level::DEBUG,
        "warn" | "warning" => Level::WARN,
        "error" | "dpanic" | "panic" | "fatal" => Level::ERROR,
        _ => Level::INFO,
    }
}

#[cfg(test)]
mod tests;
