//! A provision job: one change of one account in an app, from the decision to its proof (T-J).
//!
//! Start at [`State::after`], which knows every transition and refuses all others.
//!
//! Source: governance §1.14, §2.9, §3.7.

use jiff::SignedDuration;

use crate::vocabulary;

vocabulary! {
    /// How far a job has come.
    pub enum State: "a state of a provision job" {
        /// It waits for its turn, or for the connector.
        Queued => "queued",
        /// Something keeps it from being offered.
        Blocked => "blocked",
        /// A connector works on it.
        Leased => "leased",
        /// A person has to do it.
        Manual => "manual",
        /// The app waits for the person whom it is about.
        WaitingPerson => "waiting_person",
        /// Whoever did it says that it is done.
        Reported => "reported",
        /// A sync shows that it is done.
        Confirmed => "confirmed",
        /// A sync shows that it is not done.
        Contradicted => "contradicted",
        /// Whoever was to do it decided against it.
        Declined => "declined",
        /// It could not be done.
        Failed => "failed",
        /// It was called off.
        Cancelled => "cancelled",
    }
}

vocabulary! {
    /// What a job changes.
    pub enum Effect: "an effect of a provision job" {
        /// The account gets the entitlement.
        Grant => "grant",
        /// The account loses the entitlement.
        Revoke => "revoke",
        /// The account gets the entitlement in the place of another of its exclusive set.
        Swap => "swap",
        /// There is an account.
        CreateAccount => "create_account",
        /// There is no account.
        DeleteAccount => "delete_account",
        /// The account cannot be used.
        DisableAccount => "disable_account",
    }
}

impl Effect {
    /// Whether somebody loses something by it (R-B-1).
    #[must_use]
    pub const fn is_destructive(self) -> bool {
        matches!(self, Self::Revoke | Self::DeleteAccount | Self::DisableAccount)
    }

    /// Where it stands among the jobs of one account that wait at the same time (R-V-4).
    #[must_use]
    pub const fn rank(self) -> i64 {
        match self {
            Self::CreateAccount => 0,
            Self::Grant | Self::Swap => 1,
            Self::Revoke => 2,
            Self::DisableAccount | Self::DeleteAccount => 3,
        }
    }
}

vocabulary! {
    /// What made a job necessary.
    pub enum Cause: "a cause of a provision job" {
        /// A request was approved.
        Request => "request",
        /// A review item was denied.
        Review => "review",
        /// Its time was over.
        Expiry => "expiry",
        /// Its holder gave it back.
        Return => "return",
        /// Its holder left.
        Leaver => "leaver",
        /// A rule wanted it.
        Rule => "rule",
        /// The end of a write that was no longer wanted when its report came (T-J18).
        Undo => "undo",
    }
}

vocabulary! {
    /// Who gives and takes an entitlement.
    pub enum Method: "a way to give and take an entitlement" {
        /// The connector.
        Connector => "connector",
        /// People, by hand.
        Manual => "manual",
    }
}

/// How long an app may take to show a change, after it was reported (R-V-1).
pub const SETTLE: SignedDuration = SignedDuration::from_secs(10);
/// When the proof of a reported change is overdue (R-V-3).
pub const PROOF_OVERDUE: SignedDuration = SignedDuration::from_hours(24);

/// What happens to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-J3: something keeps it from being offered.
    Blocked,
    /// T-J3: nothing does any more.
    Released,
    /// T-J4: a connector took it.
    Leased,
    /// T-J5: the connector vanished, or T-J7: it failed in a way that passes.
    OfferedAgain,
    /// T-J6, T-J13: it is said to be done.
    Reported,
    /// T-J8: it cannot be done.
    Failed,
    /// T-J9, T-J13: somebody decided against it.
    Declined,
    /// T-J10: the app waits for the person.
    WaitsForPerson,
    /// T-J11: a sync that counts shows it.
    Confirmed,
    /// T-J12: a sync that counts shows the contrary.
    Contradicted,
    /// T-J14, T-J17: called off.
    Cancelled,
    /// The connector cannot do it after all, so a person has to (R-V-7, T-C9).
    GivenToPerson,
    /// T-J18: its cause was called off, and a connector works on it; what it does will be undone.
    Unwanted,
    /// A later job undid it before a sync could show it; that job's proof counts.
    Superseded,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 14] = [
        Self::Blocked,
        Self::Released,
        Self::Leased,
        Self::OfferedAgain,
        Self::Reported,
        Self::Failed,
        Self::Declined,
        Self::WaitsForPerson,
        Self::Confirmed,
        Self::Contradicted,
        Self::Cancelled,
        Self::GivenToPerson,
        Self::Unwanted,
        Self::Superseded,
    ];

    /// The audit action, where it has one.
    #[must_use]
    pub const fn audit_action(self) -> Option<&'static str> {
        Some(match self {
            Self::Leased => return None,
            Self::Blocked => "job.blocked",
            Self::Released => "job.released",
            Self::OfferedAgain => "job.retry",
            Self::Reported => "job.reported",
            Self::Failed => "job.failed",
            Self::Declined => "job.declined",
            Self::WaitsForPerson => "job.waiting",
            Self::Confirmed => "job.confirmed",
            Self::Contradicted => "job.contradicted",
            Self::Cancelled => "job.cancelled",
            Self::GivenToPerson => "job.manual",
            Self::Unwanted | Self::Superseded => "job.superseded",
        })
    }
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provision job is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-J fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        use State as S;
        use Step as T;
        Ok(match (self, step) {
            (S::Queued | S::Blocked, T::Blocked) => S::Blocked,
            (S::Queued | S::Blocked, T::Released) | (S::Leased, T::OfferedAgain) => S::Queued,
            (S::Queued, T::Leased) | (S::Leased, T::Unwanted) => S::Leased,
            (S::Leased | S::Manual, T::Reported) => S::Reported,
            (S::Leased, T::Failed) => S::Failed,
            (S::Leased | S::Manual, T::Declined) => S::Declined,
            (S::Leased, T::WaitsForPerson) => S::WaitingPerson,
            (S::Reported | S::WaitingPerson, T::Confirmed) => S::Confirmed,
            (S::Reported, T::Contradicted) => S::Contradicted,
            (S::Queued | S::Blocked | S::Manual | S::WaitingPerson, T::Cancelled)
            | (S::Reported | S::WaitingPerson, T::Superseded) => S::Cancelled,
            (S::Queued | S::Blocked | S::Leased, T::GivenToPerson) => S::Manual,
            (state, _) => return Err(Refused { state }),
        })
    }

    /// Whether the change is still to be made: jobs of the same account that came later wait for it (T-J4).
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Queued | Self::Blocked | Self::Leased | Self::Manual)
    }

    /// Whether somebody tried it, in whatever way it ended.
    #[must_use]
    pub const fn is_tried(self) -> bool {
        matches!(self, Self::Reported | Self::Confirmed | Self::Contradicted | Self::Declined | Self::Failed)
    }

    /// Whether a sync is still to show whether it is so.
    #[must_use]
    pub const fn awaits_proof(self) -> bool {
        matches!(self, Self::Reported | Self::WaitingPerson)
    }
}

#[cfg(test)]
mod tests;
