//! A grant: one uninterrupted period in which an account holds, or is about to hold, an entitlement (T-G).
//!
//! Start at [`State::after`], which knows every transition and refuses all others.
//!
//! Source: governance §1.9, §2.6.

pub mod time;

use crate::vocabulary;

vocabulary! {
    /// How far a grant has come.
    pub enum State: "a state of a grant" {
        /// Asked for.
        Requested => "requested",
        /// Agreed to.
        Approved => "approved",
        /// On its way into the app.
        Provisioning => "provisioning",
        /// Held.
        Active => "active",
        /// Its time is over; it is being taken away.
        Expiring => "expiring",
        /// It is being taken away for another reason.
        Ending => "ending",
        /// It could not be taken away.
        Stuck => "stuck",
        /// It could not be given.
        Failed => "failed",
        /// Over.
        Ended => "ended",
    }
}

vocabulary! {
    /// How a grant came to be.
    pub enum Origin: "an origin of a grant" {
        /// Somebody asked for it.
        Request => "request",
        /// A rule gave it.
        Rule => "rule",
        /// It appeared without Podium.
        Outside => "outside",
        /// It was there at the first sync.
        Initial => "initial",
        /// It took the place of another of its exclusive set.
        Swap => "swap",
    }
}

vocabulary! {
    /// Why a grant is over.
    pub enum EndReason: "a reason for the end of a grant" {
        /// Its time was over.
        Expired => "expired",
        /// Somebody asked for its end.
        RevokedRequest => "revoked_request",
        /// A reviewer denied it.
        RevokedReview => "revoked_review",
        /// Its holder gave it back.
        Returned => "returned",
        /// Another of its exclusive set took its place.
        Replaced => "replaced",
        /// Its holder left.
        Leaver => "leaver",
        /// It disappeared without Podium.
        Outside => "outside",
        /// Its account disappeared.
        AccountGone => "account_gone",
        /// It broke a rule of separation.
        Conflict => "conflict",
        /// It was never given.
        Never => "never",
    }
}

/// What happens to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-G1: its request was approved.
    Approved,
    /// T-G2: a connector works on it.
    Offered,
    /// T-G3: the connector says that it is held.
    Given,
    /// T-G4: it cannot be given.
    NotGiven,
    /// T-G6: a sync that counts shows it.
    Proved,
    /// T-G7: its time is over.
    TimeOver,
    /// T-G8, T-G9: it is held longer.
    Extended,
    /// T-G11, T-G12: it is to be taken away, for this reason.
    End,
    /// T-G10, T-G11, T-G12, T-G21: the connector says that it is taken away, or a sync no longer shows it.
    Taken,
    /// T-G13: another of its exclusive set took its place.
    Replaced,
    /// T-G14: it disappeared without Podium.
    Disappeared,
    /// T-G16: it cannot be taken away.
    NotTaken,
    /// T-G17: its account disappeared.
    AccountGone,
    /// T-G19, T-G20: it will not be given.
    CalledOff,
    /// What was to take it away was called off before the app was asked.
    Kept,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 15] = [
        Self::Approved,
        Self::Offered,
        Self::Given,
        Self::NotGiven,
        Self::Proved,
        Self::TimeOver,
        Self::Extended,
        Self::End,
        Self::Taken,
        Self::Replaced,
        Self::Disappeared,
        Self::NotTaken,
        Self::AccountGone,
        Self::CalledOff,
        Self::Kept,
    ];
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the grant is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-G fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        use State as S;
        use Step as T;
        Ok(match (self, step) {
            (S::Requested, T::Approved) => S::Approved,
            (S::Approved | S::Provisioning, T::Offered) => S::Provisioning,
            // A person who gives it by hand is offered nothing.
            (S::Approved | S::Provisioning, T::Given)
            | (S::Active, T::Proved)
            | (S::Active | S::Expiring, T::Extended)
            | (S::Expiring | S::Ending, T::Kept) => S::Active,
            (S::Approved | S::Provisioning, T::NotGiven) => S::Failed,
            (S::Active, T::TimeOver) => S::Expiring,
            (S::Active | S::Expiring | S::Stuck, T::End) => S::Ending,
            (S::Expiring | S::Ending | S::Stuck, T::Taken)
            | (S::Active | S::Expiring | S::Ending | S::Stuck, T::Replaced | T::AccountGone | T::Disappeared)
            | (S::Requested | S::Approved | S::Provisioning, T::AccountGone | T::CalledOff) => S::Ended,
            (S::Expiring | S::Ending | S::Stuck, T::NotTaken) => S::Stuck,
            (state, _) => return Err(Refused { state }),
        })
    }

    /// Whether its account has the access, as far as is known.
    #[must_use]
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Active | Self::Expiring | Self::Ending | Self::Stuck)
    }

    /// Whether nothing happens to this period any more; a retry opens a new one.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Ended)
    }
}

#[cfg(test)]
mod tests;
