//! One step of the approval of a request (T-A).
//!
//! Source: governance §2.5.

use crate::vocabulary;

vocabulary! {
    /// How far a step has come.
    pub enum State: "a state of an approval step" {
        /// Steps before it are not passed.
        Waiting => "waiting",
        /// Its assignees have to decide, or it waits for its condition.
        Open => "open",
        /// Passed.
        Approved => "approved",
        /// Refused, and the request with it.
        Denied => "denied",
        /// Passed without a decision.
        Skipped => "skipped",
        /// The request ended without it.
        Ended => "ended",
    }
}

/// What happens to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-A1: the step before it was passed.
    Opened,
    /// T-A2: nobody could be asked, so somebody else is.
    FellBack,
    /// T-A3, T-A4: an assignee agreed.
    Approved,
    /// T-A5: a rule or a met condition agreed.
    AutoApproved,
    /// T-A5: a rule or a condition refused.
    AutoDenied,
    /// T-A6: an assignee refused.
    Denied,
    /// T-A7: somebody else is asked.
    Reassigned,
    /// T-A8: the delegate is asked.
    Delegated,
    /// R-P-7: half of its time is over, and its assignees are reminded.
    Reminded,
    /// T-A9: it took too long, so somebody else is asked.
    Escalated,
    /// T-A9: it took too long, and the request with it.
    CancelledBySla,
    /// T-A9, T-A10: nobody is asked any more.
    Skipped,
    /// T-A11: the request ended.
    Ended,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 13] = [
        Self::Opened,
        Self::FellBack,
        Self::Approved,
        Self::AutoApproved,
        Self::AutoDenied,
        Self::Denied,
        Self::Reassigned,
        Self::Delegated,
        Self::Reminded,
        Self::Escalated,
        Self::CancelledBySla,
        Self::Skipped,
        Self::Ended,
    ];

    /// The audit action, where it has one.
    #[must_use]
    pub const fn audit_action(self) -> Option<&'static str> {
        Some(match self {
            Self::Opened => "step.opened",
            Self::FellBack => "step.fell_back",
            Self::Approved => "step.approved",
            Self::AutoApproved => "step.auto_approved",
            Self::AutoDenied => "step.auto_denied",
            Self::Denied => "step.denied",
            Self::Reassigned => "step.reassigned",
            Self::Delegated => "step.delegated",
            Self::Reminded => "step.reminded",
            Self::Escalated => "step.escalated",
            Self::CancelledBySla => "step.cancelled_by_sla",
            Self::Skipped => "step.skipped",
            Self::Ended => return None,
        })
    }
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the approval step is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-A fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        use State as S;
        use Step as T;
        Ok(match (self, step) {
            (S::Waiting, T::Opened)
            | (S::Open, T::FellBack | T::Reassigned | T::Delegated | T::Reminded | T::Escalated) => S::Open,
            (S::Open, T::Approved | T::AutoApproved) => S::Approved,
            (S::Open, T::AutoDenied | T::Denied) => S::Denied,
            (S::Open, T::Skipped) => S::Skipped,
            (S::Waiting | S::Open, T::Ended) | (S::Open, T::CancelledBySla) => S::Ended,
            (state, _) => return Err(Refused { state }),
        })
    }

    /// Whether the next step may open.
    #[must_use]
    pub const fn is_passed(self) -> bool {
        matches!(self, Self::Approved | Self::Skipped)
    }
}

#[cfg(test)]
mod tests;
