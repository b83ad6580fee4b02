//! A sync, from the wish to the data that it brought (T-S).
//!
//! Start at [`State::after`], which knows every transition and refuses all others.
//!
//! Source: governance §1.6, §2.2.

use crate::vocabulary;

vocabulary! {
    /// How far a sync has come.
    pub enum State: "a state of a sync" {
        /// Wished for; no connector has begun.
        Queued => "queued",
        /// A connector works on it.
        Running => "running",
        /// Its file is here.
        Uploaded => "uploaded",
        /// Its file is being read.
        Ingesting => "ingesting",
        /// It looks suspicious; a person decides.
        Held => "held",
        /// What it found is visible.
        Applied => "applied",
        /// It was not applied and will not be.
        Discarded => "discarded",
        /// Something went wrong.
        Failed => "failed",
        /// Somebody stopped it.
        Cancelled => "cancelled",
    }
}

vocabulary! {
    /// What a sync was asked to cover. What its file really covers is said by the file.
    pub enum Kind: "a kind of sync" {
        /// Everything.
        Full => "full",
        /// Some resources.
        Targeted => "targeted",
        /// Resources without entitlements and grants.
        ResourcesOnly => "resources_only",
        /// A file that somebody brought.
        FileImport => "file_import",
    }
}

vocabulary! {
    /// Why a sync was wished for.
    pub enum Trigger: "a trigger of a sync" {
        /// Its time had come.
        Schedule => "schedule",
        /// Somebody pressed the button.
        Manual => "manual",
        /// The connector is new.
        First => "first",
        /// Something was changed in the app, and the proof is wanted.
        AfterChange => "after_change",
        /// A file was brought.
        Upload => "upload",
    }
}

/// How often a connector may lose the lease of a sync before the sync fails (T-S3, T-S9).
pub const MAX_ATTEMPTS: u32 = 3;

/// What happens to a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-S2: a connector took it.
    Offered,
    /// T-S3, or T-S9 when it was the last of [`MAX_ATTEMPTS`]: the connector vanished in this attempt, counted from 1.
    LeaseLost {
        /// How many attempts there were.
        attempts: u32,
    },
    /// T-S4: its file came and is whole.
    Uploaded,
    /// T-S5, first half: its file is being read.
    Ingesting,
    /// T-S5 second half, or T-S7 when it was held: what it found is visible now.
    Applied,
    /// T-S6: a hold rule fired.
    Held,
    /// T-S8 when it was held; else it started before the last applied one and is out of date.
    Discarded,
    /// T-S9: it went wrong.
    Failed,
    /// T-S10: somebody stopped it.
    Cancelled,
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sync is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step; the same state when the step is already done.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-S fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        use State as S;
        Ok(match (self, step) {
            (S::Queued | S::Running, Step::Offered) => S::Running,
            (S::Queued, Step::LeaseLost { .. }) => S::Queued,
            (S::Running, Step::LeaseLost { attempts }) if attempts < MAX_ATTEMPTS => S::Queued,
            // A file that somebody brings needs no connector, so it may come while the sync is queued.
            (S::Queued | S::Running | S::Uploaded, Step::Uploaded) => S::Uploaded,
            // A crash leaves it ingesting; reading the file again is the same step.
            (S::Uploaded | S::Ingesting, Step::Ingesting) => S::Ingesting,
            (S::Ingesting | S::Held | S::Applied, Step::Applied) => S::Applied,
            (S::Ingesting | S::Held, Step::Held) => S::Held,
            (S::Uploaded | S::Ingesting | S::Held | S::Discarded, Step::Discarded) => S::Discarded,
            (S::Running, Step::LeaseLost { .. })
            | (S::Queued | S::Running | S::Uploaded | S::Ingesting | S::Held | S::Failed, Step::Failed) => S::Failed,
            (S::Queued | S::Running | S::Cancelled, Step::Cancelled) => S::Cancelled,
            (state, _) => return Err(Refused { state }),
        })
    }

    /// Whether it counts as the one open sync that a connector may have (T-S1).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Uploaded | Self::Ingesting)
    }

    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Applied | Self::Discarded | Self::Failed | Self::Cancelled)
    }
}

/// The audit action of a step, where it has one.
#[must_use]
pub const fn audit_action(step: Step) -> Option<&'static str> {
    match step {
        Step::Offered | Step::Ingesting => None,
        Step::LeaseLost { attempts } if attempts < MAX_ATTEMPTS => Some("sync.lease_lost"),
        Step::LeaseLost { .. } | Step::Failed => Some("sync.failed"),
        Step::Uploaded => Some("sync.uploaded"),
        Step::Applied => Some("sync.applied"),
        Step::Held => Some("sync.held"),
        Step::Discarded => Some("sync.discarded"),
        Step::Cancelled => Some("sync.cancelled"),
    }
}

#[cfg(test)]
mod tests;
