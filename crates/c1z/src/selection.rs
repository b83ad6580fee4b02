//! Which sync of a file is meant: to read, to resume, to remove. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::{SyncId, SyncRun, SyncType};

/// How long after its start an unfinished sync can be resumed.
///
/// Source: the upstream SDK, v0.25.0.
pub const RESUMABLE_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Chooses among the syncs of a file.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a>(&'a [SyncRun]);

impl<'a> Selection<'a> {
    /// Returns a selection among `runs`, which are in the order they were written.
    #[must_use]
    pub fn new(runs: &'a [SyncRun]) -> Self {
        Self(runs)
    }

    /// Returns the finished sync that ended last, of type `kind` or of any type.
    #[must_use]
    pub fn latest_finished(self, kind: Option<&SyncType>) -> Option<&'a SyncRun> {
        self.0
            .iter()
            .filter(|run| run.ended_at.is_some() && kind.is_none_or(|kind| run.kind == *kind))
            .max_by(|one, other| (one.ended_at, &one.id).cmp(&(other.ended_at, &other.id)))
    }

    /// Returns the unfinished sync that started last, at most [`RESUMABLE_FOR`] before `now`.
    #[must_use]
    pub fn latest_unfinished(self, kind: Option<&SyncType>, now: Timestamp) -> Option<&'a SyncRun> {
        self.0
            .iter()
            .filter(|run| run.ended_at.is_none() && kind.is_none_or(|kind| run.kind == *kind))
            .filter(|run| now.duration_since(run.started_at) <= RESUMABLE_FOR)
            .max_by_key(|run| run.started_at)
    }

    /// Returns what a reader shows who asked for nothing: the latest finished full sync, else the latest unfinished one.
    #[must_use]
    pub fn default_view(self, now: Timestamp) -> Option<&'a SyncRun> {
        self.latest_finished(Some(&SyncType::Full)).or_else(|| self.latest_unfinished(None, now))
    }

    /// Returns what the explorer shows who asked for nothing: the latest finished sync of any type, else the latest
    /// unfinished one.
    #[must_use]
    pub fn explorer_view(self, now: Timestamp) -> Option<&'a SyncRun> {
        self.latest_finished(None).or_else(|| self.latest_unfinished(None, now))
    }

    /// Returns the two finished full syncs that ended last, the older first.
    #[must_use]
    pub fn latest_two_full(self) -> Option<(&'a SyncRun, &'a SyncRun)> {
        let new = self.latest_finished(Some(&SyncType::Full))?;
        let old = self
            .0
            .iter()
            .filter(|run| run.ended_at.is_some() && run.kind == SyncType::Full && run.id != new.id)
            .max_by(|one, other| (one.ended_at, &one.id).cmp(&(other.ended_at, &other.id)))?;
        Some((old, new))
    }
}

/// How many syncs a file keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Remove nothing.
    KeepAll,
    /// Keep this many full syncs, the open one included.
    Keep(u32),
}

impl Default for Retention {
    fn default() -> Self {
        Self::Keep(2)
    }
}

/// How many diff syncs a file keeps before all but the last and its partner go.
const DIFFS_KEPT: usize = 2;

impl Retention {
    /// Returns the policy that the environment asks for; `lookup` gives the value of a variable.
    ///
    /// `BATON_SKIP_CLEANUP` set to a true value keeps everything; a `BATON_KEEP_SYNC_COUNT` above 0 is the number kept;
    /// everything else gives the default of 2.
    #[must_use]
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let is_true = |value: String| matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True");
        if lookup("BATON_SKIP_CLEANUP").is_some_and(is_true) {
            return Self::KeepAll;
        }
        lookup("BATON_KEEP_SYNC_COUNT")
            .and_then(|value| value.parse().ok())
            .filter(|keep| *keep > 0)
            .map_or_else(Self::default, Self::Keep)
    }

    /// Returns the syncs to remove from `runs` while `open` is being written, in the order to remove them.
    ///
    /// Unfinished syncs stay. Full syncs go oldest first; partial ones go when they ended before the full sync that
    /// bounds what is kept; of more than two diff syncs only the last and its partner stay.
    #[must_use]
    pub fn overflow(self, runs: &[SyncRun], open: Option<&SyncId>) -> Vec<SyncId> {
        let Self::Keep(keep) = self else { return Vec::new() };
        let limit = (keep as usize).saturating_sub(usize::from(open.is_some()));
        let mut finished: Vec<&SyncRun> =
            runs.iter().filter(|run| run.ended_at.is_some() && Some(&run.id) != open).collect();
        finished.sort_by_key(|run| run.ended_at);
        let (mut fulls, mut partials, mut diffs) = (Vec::new(), Vec::new(), Vec::new());
        for run in finished {
            match run.kind {
                SyncType::Partial | SyncType::ResourcesOnly => partials.push(run),
                SyncType::PartialUpserts | SyncType::PartialDeletions => diffs.push(run),
                SyncType::Full | SyncType::Other(_) => fulls.push(run),
            }
        }

        let mut overflow: Vec<&SyncRun> = Vec::new();
        let surplus = fulls.len().saturating_sub(limit);
        if surplus > 0 {
            let (gone, kept) = fulls.split_at(surplus);
            overflow.extend(gone);
            let cutoff = if open.is_some() { gone.last() } else { kept.first() };
            if let Some(cutoff) = cutoff {
                overflow.extend(partials.iter().filter(|run| run.ended_at < Some(cutoff.started_at)));
            }
        }
        if diffs.len() > DIFFS_KEPT
            && let Some(last) = diffs.pop()
        {
            overflow.extend(diffs.iter().filter(|run| Some(&run.id) != last.linked.as_ref()));
        }
        overflow.into_iter().map(|run| run.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
