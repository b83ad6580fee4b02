//! Instants as SCIM writes them (`xsd:dateTime`, RFC 7643 §2.3.5).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Returns the instant of a date *and* time with any offset and any fraction; without an offset it
/// is taken as UTC. None for other text.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    if !text.contains(['T', 't']) {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().ok()?;
        Offset::UTC.to_timestamp(local).ok()
    })
}

/// Returns the text of an instant: UTC, with exactly three digits of fraction, cut not rounded.
#[must_use]
pub fn text(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_are_the_same_instant() {
        let expected = parse("2026-01-05T09:00:00Z").unwrap();
        for text in [
            "2026-01-05T09:00:00.000Z",
            "2026-01-05T10:00:00+01:00",
            "2026-01-05T03:30:00.000000000-05:30",
            "2026-01-05T09:00:00",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["", "2026-01-05", "T", "yesterday", "09:00:00Z", "2026-13-05T09:00:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn text_has_three_digits() {
        for (given, expected) in [
            ("2026-01-05T09:00:00Z", "2026-01-05T09:00:00.000Z"),
            ("2026-01-05T09:00:00.1239Z", "2026-01-05T09:00:00.123Z"),
        ] {
            assert_eq!(text(parse(given).unwrap()), expected);
        }
    }
}
