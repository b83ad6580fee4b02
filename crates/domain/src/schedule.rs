//! When a connector syncs next.
//!
//! Source: governance §1.4, T-C6, §3.12.

mod cron;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use cron::{CronError, time_zone};

/// The shortest time between two scheduled syncs.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(15);
/// The longest.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// By how much of itself an interval is shortened or lengthened at random, so that connectors spread.
pub const JITTER: f64 = 0.1;

/// How often a connector syncs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Schedule {
    /// Again and again.
    Every {
        /// The minutes between two syncs: 15 to 10080.
        interval_minutes: i64,
    },
    /// At these times.
    Cron {
        /// A cron expression of five fields.
        cron: String,
        /// The time zone that it is about, by its IANA name.
        time_zone: String,
    },
}

/// Why a schedule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// An interval that is too short or too long.
    #[error("{0} minutes lie outside 15 minutes to 7 days (10080)")]
    OutOfRange(i64),
    /// A cron expression or its time zone.
    #[error(transparent)]
    Cron(#[from] CronError),
}

impl Default for Schedule {
    fn default() -> Self {
        Self::every(60)
    }
}

impl Schedule {
    /// A sync every so many minutes.
    #[must_use]
    pub const fn every(interval_minutes: i64) -> Self {
        Self::Every { interval_minutes }
    }

    /// The schedule, if it is one.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub fn checked(self) -> Result<Self, ScheduleError> {
        match &self {
            Self::Every { interval_minutes } => {
                let fits = (SHORTEST.as_mins()..=LONGEST.as_mins()).contains(interval_minutes);
                if fits { Ok(self) } else { Err(ScheduleError::OutOfRange(*interval_minutes)) }
            }
            Self::Cron { cron, time_zone } => {
                cron::check(cron)?;
                cron::time_zone(time_zone)?;
                Ok(self)
            }
        }
    }

    /// The next instant after `now`. `chance` is between 0 and 1 and decides the jitter of an interval; a cron expression has
    /// none.
    #[must_use]
    pub fn next(&self, now: Timestamp, chance: f64) -> Timestamp {
        let minutes = match self {
            Self::Every { interval_minutes } => *interval_minutes,
            Self::Cron { cron, time_zone } => match cron::next(cron, time_zone, now) {
                Some(next) => return next,
                // Written by a version that knew more: better too early than never.
                None => 60,
            },
        };
        let interval = SignedDuration::from_mins(minutes);
        let factor = 1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
        let span = SignedDuration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval);
        now.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// The next instant after the sync failed for the `failures`-th time in a row: after 1, 5, 15, 60 minutes, then by
    /// the schedule; never later than by the schedule.
    #[must_use]
    pub fn next_after_failure(&self, now: Timestamp, failures: i64, chance: f64) -> Timestamp {
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
            assert_eq!(Schedule::every(minutes).checked().is_ok(), fits, "{minutes}");
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
        let daily = Schedule::every(1440);
        let after = |n| daily.next_after_failure(now, n, 0.5).duration_since(now).as_mins();
        assert_eq!([1, 2, 3, 4, 5].map(after), [1, 5, 15, 60, 1440]);
        let short = Schedule::every(15);
        assert_eq!(short.next_after_failure(now, 4, 0.5).duration_since(now).as_mins(), 15);
    }

    #[test]
    fn a_failed_sync_is_tried_again_before_the_next_time_of_a_cron_expression() {
        let schedule = Schedule::Cron { cron: "0 6 * * *".to_owned(), time_zone: "Europe/Zurich".to_owned() };
        let schedule = schedule.checked().unwrap();
        let now: Timestamp = "2026-11-23T04:50:00Z".parse().unwrap();
        let after = |failures| schedule.next_after_failure(now, failures, 0.5).to_string();
        assert_eq!(
            [1, 2, 3, 9].map(after),
            ["04:51", "04:55", "05:00", "05:00"].map(|time| format!("2026-11-23T{time}:00Z"))
        );
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(text, r#"{"cron":"0 6 * * *","timeZone":"Europe/Zurich"}"#);
        assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
        assert_eq!(serde_json::from_str::<Schedule>(r#"{"intervalMinutes":60}"#).unwrap(), Schedule::default());
    }
}
