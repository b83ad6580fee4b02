//! How long a step may take, and what happens then.
//!
//! Source: governance §1.13, T-A9, R-P-7.

use ids::{PersonId, PolicyId};
use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The shortest time that a step may be given.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
/// The longest.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest comment, in letters.
pub const LONGEST_COMMENT: usize = 500;
/// The days on which people work.
const WORKING_DAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
/// When they begin to work.
const MORNING: Time = time(9, 0, 0, 0);
/// When they stop.
const EVENING: Time = time(17, 0, 0, 0);

/// How long a step may take, and what happens then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sla {
    /// After this time, counted from when the step opened: [`SHORTEST`] to [`LONGEST`].
    pub after: SignedDuration,
    /// What happens then.
    pub then: Overdue,
    /// What stands in the audit log then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether only working hours count: Monday to Friday, 9:00 to 17:00 in the time zone of the tenant.
    #[serde(default)]
    pub working_hours: bool,
}

/// What happens to a step that took too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Overdue {
    /// Somebody else is asked.
    EscalateTo {
        /// Who; the managers of those who did not answer when nobody is named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<PersonId>,
    },
    /// The approval begins anew under another policy.
    UsePolicy {
        /// Which.
        policy_id: PolicyId,
    },
    /// The step is passed without an answer.
    Skip,
    /// The request is called off.
    Cancel,
}

impl Sla {
    /// When a step that opened at this instant takes too long.
    #[must_use]
    pub fn due(&self, opened_at: Timestamp, zone: &TimeZone) -> Timestamp {
        self.passed(opened_at, self.after, zone)
    }

    /// When those who have not answered are reminded: when half of the time is over.
    #[must_use]
    pub fn reminder(&self, opened_at: Timestamp, zone: &TimeZone) -> Timestamp {
        self.passed(opened_at, self.after / 2, zone)
    }

    fn passed(&self, from: Timestamp, span: SignedDuration, zone: &TimeZone) -> Timestamp {
        let plain = from.checked_add(span).unwrap_or(Timestamp::MAX);
        if self.working_hours { working(from, span, zone).unwrap_or(plain) } else { plain }
    }
}

/// When so many working hours are over; none at the end of time.
fn working(from: Timestamp, span: SignedDuration, zone: &TimeZone) -> Option<Timestamp> {
    let (mut day, mut left) = (from.to_zoned(zone.clone()).date(), span);
    loop {
        if WORKING_DAYS.contains(&day.weekday()) {
            let at = |time: Time| Some(day.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
            let (begin, end) = (at(MORNING)?.max(from), at(EVENING)?);
            let here = end.duration_since(begin);
            if left <= here {
                return begin.checked_add(left).ok();
            }
            left -= here.max(SignedDuration::ZERO);
        }
        day = day.tomorrow().ok()?;
    }
}

#[cfg(test)]
mod tests;
