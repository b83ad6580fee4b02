//! When too much is taken away at once.
//!
//! Source: governance R-B-1.

use jiff::SignedDuration;

/// The time in which is counted.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// So many are never too many.
pub const ALWAYS: u64 = 10;
/// The share of an app's accounts from which on it is too many, in percent.
const PERCENT: u64 = 10;

/// Whether one more is too many for an app with so many accounts, after so many.
#[must_use]
pub const fn trips(taken: u64, accounts: u64) -> bool {
    let share = accounts.saturating_mul(PERCENT) / 100;
    let most = if share > ALWAYS { share } else { ALWAYS };
    taken >= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_b_1_ten_or_a_tenth_may_go_in_an_hour() {
        for (taken, accounts, expected) in
            [(9, 5, false), (10, 5, true), (10, 109, true), (10, 110, false), (99, 1_000, false), (100, 1_000, true)]
        {
            assert_eq!(trips(taken, accounts), expected, "{taken} of {accounts}");
        }
    }
}
