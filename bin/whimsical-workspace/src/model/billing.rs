//! Seats and what they cost.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::model::id::UserId;
use crate::model::settings::{Period, Settings};

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A seat was taken: the rest of the period is charged.
    Charge,
    /// A seat was given up: the rest of the period is credited.
    Credit,
}

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Whose seat.
    pub user: UserId,
    /// The address of that user at the time.
    pub email: Box<str>,
    /// Charge or credit.
    pub kind: LineKind,
    /// The amount, never negative; `kind` says which way.
    pub cents: u32,
}

/// Returns the start and the end of the billing period that holds `now`.
///
/// Periods are calendar months or years in UTC, counted from the anchor.
#[must_use]
pub fn period(settings: &Settings, now: Timestamp) -> (Timestamp, Timestamp) {
    let anchor = settings.period_anchor.to_zoned(TimeZone::UTC);
    let start_of = |count: i32| {
        let span = match settings.period {
            Period::Month => count.months(),
            Period::Year => count.years(),
        };
        anchor.checked_add(span).map_or(settings.period_anchor, |zoned| zoned.timestamp())
    };
    let days = now.duration_since(settings.period_anchor).as_hours() / 24;
    let days_per_period = if settings.period == Period::Month { 31 } else { 366 };
    let mut count = i32::try_from(days / days_per_period).unwrap_or(0) - 1;
    while count < 12_000 && start_of(count + 1) <= now {
        count += 1;
    }
    (start_of(count), start_of(count + 1))
}

/// Returns the price of the rest of the period in cents, rounded half up.
#[must_use]
pub fn pro_rata_cents(settings: &Settings, now: Timestamp) -> u32 {
    let (start, end) = period(settings, now);
    let whole = i128::from(end.duration_since(start).as_secs()).max(1);
    let rest = i128::from(end.duration_since(now).as_secs()).clamp(0, whole);
    let cents = (i128::from(settings.price_cents) * rest * 2 + whole) / (whole * 2);
    u32::try_from(cents).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &Settings, now: &str, bounds: (&str, &str), cents: u32) {
        let now = now.parse().unwrap();
        let (start, end) = period(settings, now);
        assert_eq!((start.to_string(), end.to_string()), (bounds.0.to_owned(), bounds.1.to_owned()));
        assert_eq!(pro_rata_cents(settings, now), cents, "at {now}");
    }

    #[test]
    fn the_rest_of_the_period_is_charged() {
        let mut settings = Settings::new("2026-01-01T00:00:00Z".parse().unwrap());
        let year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check(&settings, "2026-07-02T12:00:00Z", year, 6_000);
        check(&settings, "2026-01-01T00:00:00Z", year, 12_000);
        check(&settings, "2026-12-31T23:59:59Z", year, 0);
        check(&settings, "2024-02-29T00:00:00Z", ("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"), 10_066);
        settings.period = Period::Month;
        settings.price_cents = 1_000;
        settings.period_anchor = "2026-01-31T00:00:00Z".parse().unwrap();
        check(&settings, "2026-03-15T00:00:00Z", ("2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"), 516);
        check(&settings, "2029-11-30T12:00:00Z", ("2029-11-30T00:00:00Z", "2029-12-31T00:00:00Z"), 984);
    }
}
