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
