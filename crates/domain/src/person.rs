//! What a person can be: their status, and how it changes.
//!
//! Source: governance §1.2.

use crate::vocabulary;

vocabulary! {
    /// Where a person is in their time with the organisation.
    pub enum Status: "a status of a person" {
        /// Known, and not yet here.
        Invited => "invited",
        /// Here.
        Active => "active",
        /// Away for a while: keeps access, may neither sign in nor request.
        Suspended => "suspended",
        /// Gone.
        Left => "left",
        /// Gone, and what was personal is blanked.
        Erased => "erased",
    }
}

vocabulary! {
    /// What becomes of an account in an app when its person leaves (R-L-3).
    pub enum LeaverRule: "a leaver rule" {
        /// It is deleted.
        DeleteAccount => "delete_account",
        /// It can no longer be used.
        DisableAccount => "disable_account",
        /// It stays, and loses what can be taken from it.
        RevokeAll => "revoke_all",
        /// An owner of the app decides, and removes it by hand.
        NotifyOwner => "notify_owner",
    }
}

impl LeaverRule {
    /// The rule of an app for which nobody chose one: with a connector of this catalog entry.
    ///
    /// Source: R-L-3 (Whimsical); whatever else there is, a person decides.
    #[must_use]
    pub fn default_for(catalog_id: &str) -> Self {
        if catalog_id == "whimsical" { Self::DeleteAccount } else { Self::NotifyOwner }
    }
}

/// What happens to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// They go away for a while (R-L-1).
    Suspend,
    /// They leave (R-L-2).
    Leave,
    /// They are back, or begin (R-L-7).
    Return,
}

impl Status {
    /// The status after this step; the same when it changes nothing.
    ///
    /// # Errors
    /// The status, when it does not allow the step.
    pub const fn after(self, step: Step) -> Result<Self, Self> {
        match (self, step) {
            (Self::Erased, _) | (Self::Left | Self::Invited, Step::Suspend) => Err(self),
            (_, Step::Suspend) => Ok(Self::Suspended),
            (_, Step::Leave) => Ok(Self::Left),
            (_, Step::Return) => Ok(Self::Active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_l_the_life_of_a_person() {
        use Status as S;
        for (status, suspend, leave, back) in [
            (S::Invited, Err(S::Invited), Ok(S::Left), Ok(S::Active)),
            (S::Active, Ok(S::Suspended), Ok(S::Left), Ok(S::Active)),
            (S::Suspended, Ok(S::Suspended), Ok(S::Left), Ok(S::Active)),
            (S::Left, Err(S::Left), Ok(S::Left), Ok(S::Active)),
            (S::Erased, Err(S::Erased), Err(S::Erased), Err(S::Erased)),
        ] {
            assert_eq!(status.after(Step::Suspend), suspend, "{status}");
            assert_eq!(status.after(Step::Leave), leave, "{status}");
            assert_eq!(status.after(Step::Return), back, "{status}");
        }
    }
}
