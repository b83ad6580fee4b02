//! When a connector syncs next.
//!
//! Source: governance §1.4, T-C6, §3.12.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The shortest time between two scheduled syncs.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(15);
/// The longest.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// By how much of itself an interval is shortened or lengthened at random, so that connectors spread.
pub const JITTER: f64 = 0.1;

/// How often a connector syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// The minutes between two syncs: 15 to 10080.
    pub interval_minutes: i64,
}

/// An interval that is too short or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} minutes lie outside 15 minutes to 7 days (10080)")]
pub struct OutOfRange(i64);

impl Default for Schedule {
    fn default() -> Self {
        Self { interval_minutes: 60 }
    }
}

impl Schedule {
    /// The schedule, if it is one.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn checked(self) -> Result<Self, OutOfRange> {
        let fits = (SHORTEST.as_mins()..=LONGEST.as_mins()).contains(&self.interval_minutes);
        if fits { Ok(self) } else { Err(OutOfRange(self.interval_minutes)) }
    }

    /// The next instant after `now`. `chance` is between 0 and 1 and decides the jitter.
    #[must_use]
    pub fn next(self, now: Timestamp, chance: f64) -> Timestamp {
        let interval = SignedDuration::from_mins(self.interval_minutes);
        let factor = 1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
        let span = SignedDuration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval);
        now.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// The next instant after the sync failed for the `failures`-th time in a row: after 1, 5, 15, 60 minutes, then by
    /// the schedule; never later than by the schedule.
    #[must_use]
    pub fn next_after_failure(self, now: Timestamp, failures: i64, chance: f64) -> Timestamp {
        let scheduled = self.next(now, chance);
        let minutes = match failures {
            ..=1 => 1,
            2 => 5,
            3 => 15,
            4 => 60,
            _ => return scheduled,
        };
        now.checked_add(SignedDuration::from_mins(minutes)).map_or(scheduled, |soon| soon.min(scheduled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_bounds() {
        for (minutes, fits) in [(14, false), (15, true), (10_080, true), (10_081, false), (-1, false)] {
            assert_eq!(Schedule { interval_minutes: minutes }.checked().is_ok(), fits, "{minutes}");
        }
    }

    #[test]
    fn jitter_is_a_tenth() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let next = |chance| Schedule::default().next(now, chance).duration_since(now).as_secs();
        assert_eq!((next(0.0), next(0.5), next(1.0), next(7.0)), (3240, 3600, 3960, 3960));
    }

    #[test]
    fn t_c6_failures_are_tried_again_after_1_5_15_60_minutes() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let daily = Schedule { interval_minutes: 1440 };
        let after = |n| daily.next_after_failure(now, n, 0.5).duration_since(now).as_mins();
        assert_eq!([1, 2, 3, 4, 5].map(after), [1, 5, 15, 60, 1440]);
        let short = Schedule { interval_minutes: 15 };
        assert_eq!(short.next_after_failure(now, 4, 0.5).duration_since(now).as_mins(), 15);
    }
}
