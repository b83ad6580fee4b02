//! How long access lasts, when its holder is told, how far it may be extended.
//!
//! Source: governance §3.4 (R-D).

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Grants shorter than this are not told of days ahead.
const SHORT: SignedDuration = SignedDuration::from_hours(6 * 24);
/// How long before the end the holder of a short grant is told at least.
const LEAST_NOTICE: SignedDuration = SignedDuration::from_mins(15);
/// How many working days before the end others are told.
const NOTICE_WORKING_DAYS: u32 = 3;
/// How many times its cap a grant may last in all, when nothing else is set (R-D-4).
const MAX_TOTAL_CAPS: i32 = 3;

/// The durations that are offered, the shortest first (R-D-2).
pub const CHOICES: [SignedDuration; 7] = [
    HOUR,
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(8),
    DAY,
    SignedDuration::from_hours(7 * 24),
    SignedDuration::from_hours(30 * 24),
    SignedDuration::from_hours(90 * 24),
];

/// The durations that are offered under this cap (R-D-2).
pub fn choices(cap: Option<SignedDuration>) -> impl Iterator<Item = SignedDuration> {
    CHOICES.into_iter().filter(move |choice| cap.is_none_or(|cap| *choice <= cap))
}

/// A duration that the cap does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLong {
    /// It is over the cap.
    #[error("at most {0:#} may be asked for")]
    Cap(SignedDuration),
    /// It has no end, and there is a cap.
    #[error("access without an end may not be asked for; at most {0:#} may")]
    Permanent(SignedDuration),
    /// An extension would make it last longer than it may in all.
    #[error("it may last {0:#} in all; afterwards it has to be requested anew")]
    Total(SignedDuration),
}

/// Checks what is asked for against the cap; `None` is for ever.
///
/// # Errors
/// When it is longer.
pub fn check(asked: Option<SignedDuration>, cap: Option<SignedDuration>) -> Result<(), TooLong> {
    match (asked, cap) {
        (None, Some(cap)) => Err(TooLong::Permanent(cap)),
        (Some(asked), Some(cap)) if asked > cap => Err(TooLong::Cap(cap)),
        _ => Ok(()),
    }
}

/// The end of a grant that is extended: from its old end, not from now (R-D-4).
///
/// # Errors
/// When it would last longer in all than three times its cap.
pub fn extended(
    starts_at: Timestamp,
    expires_at: Timestamp,
    more: SignedDuration,
    cap: Option<SignedDuration>,
) -> Result<Timestamp, TooLong> {
    let end = expires_at.checked_add(more).unwrap_or(Timestamp::MAX);
    let total = cap.map(|cap| cap.checked_mul(MAX_TOTAL_CAPS).unwrap_or(SignedDuration::MAX));
    match total {
        Some(total) if end.duration_since(starts_at) > total => Err(TooLong::Total(total)),
        _ => Ok(end),
    }
}

/// When the holder is told that a grant ends; none for the shortest (R-D-3).
#[must_use]
pub fn notice_at(
    starts_at: Timestamp,
    expires_at: Timestamp,
    working_days: &[Weekday],
    zone: &TimeZone,
) -> Option<Timestamp> {
    let length = expires_at.duration_since(starts_at);
    if length < HOUR {
        return None;
    }
    let at = if length < SHORT {
        let quarter = SignedDuration::from_secs(length.as_secs() / 4).max(LEAST_NOTICE);
        expires_at.checked_sub(quarter).ok()?
    } else {
        working_days_before(expires_at, NOTICE_WORKING_DAYS, working_days, zone)?
    };
    Some(at.max(starts_at))
}

/// So many working days before this instant, at the same time of day.
fn working_days_before(at: Timestamp, days: u32, working: &[Weekday], zone: &TimeZone) -> Option<Timestamp> {
    let local = at.to_zoned(zone.clone());
    let (mut date, mut left) = (local.date(), days);
    // Without working days there is nothing to count; a week holds all of them otherwise.
    let is_working = |day: Weekday| working.is_empty() || working.contains(&day);
    while left > 0 {
        date = date.yesterday().ok()?;
        left -= u32::from(is_working(date.weekday()));
    }
    date.to_datetime(local.time()).to_zoned(zone.clone()).ok().map(|then| then.timestamp())
}

#[cfg(test)]
mod tests;
