//! What a run tells while it works: log lines, and events for a progress bar.
//!
//! Start at [`Observer`]. The log lines are part of the contract with scripts (sync.md §6).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a type reports progress.
const INTERVAL: Duration = Duration::from_secs(10);

/// A part of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Listing the resource types.
    ResourceTypes,
    /// Listing resources.
    Resources,
    /// Instantiating template entitlements.
    StaticEntitlements,
    /// Listing entitlements.
    Entitlements,
    /// Listing grants.
    Grants,
    /// Bringing in principals of another file.
    ExternalResources,
    /// Following expandable grants.
    Expansion,
    /// Packing the file.
    Saving,
}

/// Watches a run, for example to draw a bar. Called from the middle of the work: it must not block.
pub trait Observer: Debug + Send + Sync {
    /// A phase has begun.
    fn phase(&self, phase: Phase);

    /// So many objects are done in this phase: `done` of `total`, if known.
    fn advance(&self, phase: Phase, resource_type: &str, done: u64, total: Option<u64>);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn phase(&self, _phase: Phase) {}

    fn advance(&self, _phase: Phase, _resource_type: &str, _done: u64, _total: Option<u64>) {}
}

/// How a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With a new sync.
    Fresh,
    /// With an unfinished one.
    Resumed,
}

/// Counts what is done, and says so.
#[derive(Debug)]
pub(crate) struct Progress {
    observer: Arc<dyn Observer>,
    /// Whether the resources counted here are all there are: not after a resume.
    complete: bool,
    counts: Mutex<BTreeMap<(Phase, String), Count>>,
}

#[derive(Debug, Default)]
struct Count {
    done: u64,
    told: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(observer: Arc<dyn Observer>, begin: Begin) -> Self {
        Self { observer, complete: begin == Begin::Fresh, counts: Mutex::default() }
    }

    /// A phase has begun.
    pub(crate) fn begin(&self, phase: Phase) {
        match phase {
            Phase::ResourceTypes => tracing::info!("Syncing resource types..."),
            Phase::Resources => tracing::info!("Syncing resources..."),
            Phase::StaticEntitlements => tracing::info!("Syncing static entitlements..."),
            Phase::Entitlements => tracing::info!("Syncing entitlements..."),
            Phase::Grants => tracing::info!("Syncing grants..."),
            Phase::ExternalResources => tracing::info!("Syncing external resources"),
            Phase::Expansion => tracing::info!("Expanding grants..."),
            Phase::Saving => {}
        }
        self.observer.phase(phase);
    }

    /// So many resource types are stored, and there are no more.
    pub(crate) fn resource_types(&self, count: u64) {
        tracing::info!(count, "Synced resource types");
        self.observer.advance(Phase::ResourceTypes, "", count, Some(count));
    }

    /// More resources of a type are stored.
    pub(crate) fn resources(&self, resource_type: &str, more: u64) {
        let done = self.add(Phase::Resources, resource_type, more);
        self.observer.advance(Phase::Resources, resource_type, done, None);
    }

    /// A type has no more resources.
    pub(crate) fn resources_complete(&self, resource_type: &str) {
        let count = self.add(Phase::Resources, resource_type, 0);
        tracing::info!(resource_type_id = resource_type, count, "Synced resources");
    }

    /// The entitlements or grants of one more resource are stored.
    pub(crate) fn resource_done(&self, phase: Phase, resource_type: &str) {
        let (done, total, tell) = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let resources = counts.get(&(Phase::Resources, resource_type.to_owned()));
            let total = resources.filter(|_| self.complete).map(|count| count.done);
            let count = counts.entry((phase, resource_type.to_owned())).or_default();
            count.done += 1;
            let told = *count.told.get_or_insert_with(Instant::now);
            let tell = total == Some(count.done) || told.elapsed() >= INTERVAL;
            if tell {
                count.told = Some(Instant::now());
            }
            (count.done, total, tell)
        };
        self.observer.advance(phase, resource_type, done, total);
        if tell {
            log_resources(phase, resource_type, done, total);
        }
    }

    fn add(&self, phase: Phase, resource_type: &str, more: u64) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((phase, resource_type.to_owned())).or_default();
        count.done += more;
        count.done
    }
}

/// One line for a type whose resources are worked through. Source: sync.md §6.
fn log_resources(phase: Phase, resource_type_id: &str, done: u64, total: Option<u64>) {
    let percent_complete = total.map_or(0, |total| done * 100 / total.max(1));
    match (phase, total) {
        (Phase::Entitlements, Some(total)) if done >= total => {
            tracing::info!(resource_type_id, count = done, total, "Synced entitlements");
        }
        (Phase::Entitlements, Some(total)) => {
            tracing::info!(resource_type_id, synced = done, total, percent_complete, "Syncing entitlements");
        }
        (Phase::Entitlements, None) => {
            tracing::info!(resource_type_id, synced = done, "Syncing entitlements");
        }
        (_, Some(total)) if done >= total => {
            tracing::info!(resource_type_id, count = done, total, "Synced grants");
        }
        (_, Some(total)) => {
            tracing::info!(resource_type_id, synced = done, total, percent_complete, "Syncing grants");
        }
        (_, None) => tracing::info!(resource_type_id, synced = done, "Syncing grants"),
    }
}
