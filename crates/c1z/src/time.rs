//! The text form of times: `2026-11-23 02:28:22.763305243`, without a zone.
//!
//! Texts of this form sort as the times do, and SQL compares them as texts. We write UTC. Other writers put their local
//! wall clock there, so times read from a file may be off by the offset of the machine that wrote it; nothing in the
//! file tells.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Returns the stored form of `time`: up to nine fraction digits, trailing zeros left out.
pub(crate) fn format(time: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(time);
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if at.subsec_nanosecond() != 0 {
        text.push_str(format!(".{:09}", at.subsec_nanosecond()).trim_end_matches('0'));
    }
    text
}

/// Returns the time that `text` stands for, read as UTC unless it names an offset; none when it is no time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_stored_form() {
        for (time, text) in [
            ("2026-11-23T02:28:22.763305243Z", "2026-11-23 02:28:22.763305243"),
            ("2026-11-23T02:28:22Z", "2026-11-23 02:28:22"),
            ("2026-01-02T03:04:05.6Z", "2026-01-02 03:04:05.6"),
            ("2026-01-02T03:04:05.000000001Z", "2026-01-02 03:04:05.000000001"),
            ("2026-01-02T03:04:05.1200Z", "2026-01-02 03:04:05.12"),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(format(time), text);
            assert_eq!(parse(text), Some(time));
        }
    }

    #[test]
    fn other_writers_times_are_read() {
        let expect = "2026-11-23T02:28:22Z".parse::<Timestamp>().unwrap();
        for text in ["2026-11-23T02:28:22", "2026-11-23 02:28:22", "2026-11-23T02:28:22Z", "2026-11-23 04:28:22+02:00"]
        {
            assert_eq!(parse(text), Some(expect), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01 00:00:00", "12"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
