//! Times and durations as they are printed.

use jiff::{SignedDuration, Timestamp};

/// Returns RFC 3339 in UTC, without a fraction of the second.
pub(crate) fn to_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns the time as the message that stands for it.
pub(crate) fn to_proto(time: Timestamp) -> proto::Timestamp {
    // The nanoseconds of a message count upwards, also before 1970.
    let nanos = time.as_nanosecond();
    proto::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default(),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default(),
    }
}

/// Returns the duration rounded to seconds (halves away from zero) in the form that Go prints: `51s`, `1m3s`, `2h0m0s`.
pub(crate) fn to_go(duration: SignedDuration) -> String {
    let millis = duration.as_millis();
    let sign = if millis < 0 { "-" } else { "" };
    let total = (millis.unsigned_abs() + 500) / 1000;
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    match (hours, minutes, seconds) {
        (0, 0, 0) => "0s".to_owned(),
        (0, 0, _) => format!("{sign}{seconds}s"),
        (0, ..) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_as_go_does() {
        for (millis, expect) in [
            (0, "0s"),
            (136, "0s"),
            (499, "0s"),
            (500, "1s"),
            (51_000, "51s"),
            (63_400, "1m3s"),
            (120_000, "2m0s"),
            (3_600_000, "1h0m0s"),
            (90_061_000, "25h1m1s"),
            (-1_600, "-2s"),
            (-400, "0s"),
        ] {
            assert_eq!(to_go(SignedDuration::from_millis(millis)), expect, "{millis}");
        }
    }

    #[test]
    fn times_keep_their_nanoseconds() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2026-11-23T02:28:22.763305243Z", 1_795_400_902, 763_305_243),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(to_proto(time), proto::Timestamp { seconds, nanos });
        }
        assert_eq!(to_seconds("2026-11-23T02:28:22.763305243Z".parse().unwrap()), "2026-11-23T02:28:22Z");
    }
}
