//! Cron expressions: five fields, in the civil time of a time zone.
//!
//! A day on which the clock goes forward moves what falls into the gap behind it; one on which it goes back repeats nothing
//! that has a fixed time.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::SHORTEST;

/// The longest expression, in bytes.
const LONGEST_TEXT: usize = 200;
/// How many occurrences are looked at to find two that are too close.
const LOOKED_AT: usize = 400;
/// What the fields are, in their order.
const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];
/// Where looking begins: the first of a leap year, so that every day comes.
const START: DateTime = civil::datetime(2028, 1, 1, 0, 0, 0, 0);

/// Why a cron expression is none that connectors can follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five fields.
    #[error(
        "a cron expression has 5 fields (minute, hour, day of the month, month, day of the week), this one has {0}"
    )]
    Fields(usize),
    /// A field that cannot be what it is.
    #[error("`{value}` at column {column} cannot be the {field}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it says.
        value: String,
        /// Where it begins, counted in letters from 1.
        column: usize,
    },
    /// The fields do not go together.
    #[error("the expression cannot be read as a whole: {0}")]
    Whole(String),
    /// No such day ever comes.
    #[error("the expression never comes true")]
    Never,
    /// Two occurrences are too close.
    #[error("the expression comes true twice within {0} minutes; at least 15 minutes must lie between two syncs")]
    TooOften(i64),
    /// Longer than anybody writes.
    #[error("a cron expression has at most {LONGEST_TEXT} letters")]
    TooLong,
    /// No such time zone.
    #[error("`{0}` is no time zone; give a name like Europe/Zurich or UTC")]
    TimeZone(String),
}

/// The time zone of this name of the IANA database.
///
/// # Errors
/// [`CronError::TimeZone`].
pub fn time_zone(name: &str) -> Result<TimeZone, CronError> {
    TimeZone::get(name).map_err(|_| CronError::TimeZone(name.chars().take(64).collect()))
}

/// Checks an expression.
///
/// # Errors
/// See [`CronError`].
pub(super) fn check(text: &str) -> Result<(), CronError> {
    if text.len() > LONGEST_TEXT {
        return Err(CronError::TooLong);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(CronError::Fields(fields.len()));
    }
    let cron = match parse(text) {
        Ok(cron) => cron,
        Err(error) => return Err(faulty_field(text, &fields).unwrap_or_else(|| CronError::Whole(error.to_string()))),
    };
    let mut last = cron.find_next_occurrence(&START, true).map_err(|_| CronError::Never)?;
    for _ in 0..LOOKED_AT {
        let Ok(next) = cron.find_next_occurrence(&last, false) else { break };
        let between = next.duration_since(last);
        if between < SHORTEST {
            return Err(CronError::TooOften(between.as_mins()));
        }
        last = next;
    }
    Ok(())
}

/// The first occurrence after this instant; none when the expression cannot be read.
pub(super) fn next(text: &str, zone: &str, now: Timestamp) -> Option<Timestamp> {
    let now = now.to_zoned(time_zone(zone).ok()?);
    Some(parse(text).ok()?.find_next_occurrence(&now, false).ok()?.timestamp())
}

fn parse(text: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text)
}

/// The first field that cannot stand among fields that say nothing.
fn faulty_field(text: &str, fields: &[&str]) -> Option<CronError> {
    let (mut from, mut found) = (0, None);
    for (place, (name, value)) in FIELDS.iter().zip(fields).enumerate() {
        let at = from + text.get(from..)?.find(value)?;
        let mut alone = ["*"; 5];
        *alone.get_mut(place)? = value;
        if found.is_none() && parse(&alone.join(" ")).is_err() {
            let column = text.get(..at)?.chars().count() + 1;
            found = Some(CronError::Field { field: name, value: (*value).to_owned(), column });
        }
        from = at + value.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_expression_is_refused_with_its_field_and_column() {
        for (text, words) in [
            ("", "has 5 fields (minute, hour, day of the month, month, day of the week), this one has 0"),
            ("0 6 * *", "this one has 4"),
            ("0 0 6 * * *", "this one has 6"),
            ("61 6 * * *", "`61` at column 1 cannot be the minute"),
            ("0 24 * * *", "`24` at column 3 cannot be the hour"),
            ("0  6 32 * *", "`32` at column 6 cannot be the day of the month"),
            ("0 6 1 FOO *", "`FOO` at column 7 cannot be the month"),
            ("0 6 * * MOO", "`MOO` at column 9 cannot be the day of the week"),
            ("é 6 x * *", "`é` at column 1 cannot be the minute"),
            ("0 6 31 2 *", "never comes true"),
            ("* * * * *", "twice within 1 minutes"),
            ("0,10 6 * * *", "twice within 10 minutes"),
            ("59 23 * * *", ""),
            ("50,5 * 1 1 *", ""),
            ("*/15 * * * *", ""),
            ("0 6 * * MON-FRI", ""),
            ("0 6 29 2 *", ""),
            ("0 6 * * 1#1", ""),
            (&"0 ".repeat(101), "at most 200 letters"),
        ] {
            let checked = check(text);
            let told = checked.as_ref().map_or_else(ToString::to_string, |()| String::new());
            assert!(if words.is_empty() { checked.is_ok() } else { told.contains(words) }, "{text}: {told}");
        }
        assert_eq!(
            time_zone("Mars/Olympus").unwrap_err().to_string().split(';').next(),
            Some("`Mars/Olympus` is no time zone")
        );
    }

    #[test]
    fn the_time_is_that_of_the_zone_also_when_its_clock_changes() {
        let check = |text: &str, zone: &str, now: &str, expect: &str| {
            let next = next(text, zone, now.parse().unwrap()).unwrap();
            assert_eq!(next.to_string(), expect, "{text} {zone} after {now}");
        };
        check("0 6 * * *", "UTC", "2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z");
        check("0 6 * * *", "Europe/Zurich", "2026-11-23T06:00:00Z", "2026-11-24T05:00:00Z");
        check("0 6 * * MON", "America/New_York", "2026-11-23T12:00:00Z", "2026-11-30T11:00:00Z");
        // The clock goes forward at 02:00 on 2027-03-28, and back at 03:00 on 2027-10-31.
        check("0 6 * * *", "Europe/Zurich", "2027-03-27T12:00:00Z", "2027-03-28T04:00:00Z");
        check("30 2 * * *", "Europe/Zurich", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z");
        check("30 2 * * *", "Europe/Zurich", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z");
        check("30 2 * * *", "Europe/Zurich", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z");
    }
}
