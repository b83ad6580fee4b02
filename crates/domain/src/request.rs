//! A request for access, from the wish to the access (T-Q).
//!
//! Start at [`State::after`], which knows every transition and refuses all others.
//!
//! Source: governance §1.12, §2.4.

use jiff::SignedDuration;

use crate::vocabulary;

vocabulary! {
    /// How far a request has come.
    pub enum State: "a state of a request" {
        /// Somebody has to decide.
        Open => "open",
        /// Everybody agreed; the access is on its way.
        Approved => "approved",
        /// What was asked for is so.
        Fulfilled => "fulfilled",
        /// Somebody said no.
        Denied => "denied",
        /// It was called off.
        Cancelled => "cancelled",
        /// Nobody decided in time, or the access was not started in time.
        Expired => "expired",
        /// It was agreed to, and could not be done.
        Failed => "failed",
    }
}

vocabulary! {
    /// What is asked for.
    pub enum Kind: "a kind of request" {
        /// To hold an entitlement.
        Grant => "grant",
        /// To hold it longer.
        Extend => "extend",
        /// That somebody holds it no longer.
        Revoke => "revoke",
        /// To have an account.
        Account => "account",
        /// To hold one entitlement of an exclusive set in the place of another.
        Swap => "swap",
    }
}

vocabulary! {
    /// Where a request came from.
    pub enum Origin: "an origin of a request" {
        /// The console.
        Web => "web",
        /// REST.
        Api => "api",
        /// A command line.
        Cli => "cli",
        /// A chat.
        Chat => "chat",
        /// A denied review item.
        Review => "review",
        /// A timer.
        Timer => "timer",
        /// Somebody left.
        Leaver => "leaver",
        /// A rule.
        Rule => "rule",
    }
}

vocabulary! {
    /// When access begins that was agreed to (R-D-9).
    pub enum Start: "a start of access" {
        /// As soon as it is agreed to.
        AtOnce => "at_once",
        /// When its holder says so.
        OnUse => "on_use",
    }
}

/// How long the holder may wait before they start what starts on use, when nothing else is set (R-D-9).
pub const CLAIM_BY: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-Q2: a step of its policy was passed, and there are more.
    Advanced,
    /// T-Q3: the last step was passed, or a rule decided.
    Approved,
    /// T-Q4: an approver, or a rule, said no.
    Denied,
    /// T-Q5, T-Q12, T-Q15: called off.
    Cancelled,
    /// T-Q6, T-Q16: time ran out.
    Expired,
    /// T-Q7: it became urgent, under another policy.
    Emergency,
    /// T-Q8, T-Q14: what was asked for is so.
    Fulfilled,
    /// T-Q9: it cannot be done.
    Failed,
    /// T-Q10: it is tried once more.
    Retried,
    /// T-Q11: its steps begin anew.
    Restarted,
    /// T-Q13: an approver gave another duration.
    DurationChanged,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 11] = [
        Self::Advanced,
        Self::Approved,
        Self::Denied,
        Self::Cancelled,
        Self::Expired,
        Self::Emergency,
        Self::Fulfilled,
        Self::Failed,
        Self::Retried,
        Self::Restarted,
        Self::DurationChanged,
    ];

    /// The audit action.
    #[must_use]
    pub const fn audit_action(self) -> &'static str {
        match self {
            Self::Advanced => "request.step_approved",
            Self::Approved => "request.approved",
            Self::Denied => "request.denied",
            Self::Cancelled => "request.cancelled",
            Self::Expired => "request.expired",
            Self::Emergency => "request.escalated_to_emergency",
            Self::Fulfilled => "request.fulfilled",
            Self::Failed => "request.failed",
            Self::Retried => "request.retried",
            Self::Restarted => "request.restarted",
            Self::DurationChanged => "request.duration_changed",
        }
    }
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-Q fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        use State as S;
        use Step as T;
        Ok(match (self, step) {
            (S::Open, T::Advanced | T::Emergency | T::Restarted | T::DurationChanged) => S::Open,
            (S::Open, T::Approved) | (S::Failed, T::Retried) => S::Approved,
            (S::Open, T::Denied) => S::Denied,
            (S::Open | S::Approved | S::Failed, T::Cancelled) => S::Cancelled,
            (S::Open | S::Approved, T::Expired) => S::Expired,
            (S::Approved | S::Failed, T::Fulfilled) => S::Fulfilled,
            (S::Approved, T::Failed) => S::Failed,
            (state, _) => return Err(Refused { state }),
        })
    }

    /// Whether a second request for the same is this one (R-Q-3).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Approved)
    }

    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Fulfilled | Self::Denied | Self::Cancelled | Self::Expired)
    }
}

#[cfg(test)]
mod tests;
