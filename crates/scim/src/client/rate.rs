//! What a service says of its rate limit in headers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A rate limit as the headers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in the window.
    pub limit: i64,
    /// Requests left in the window.
    pub remaining: i64,
    /// When the window starts anew.
    pub reset_at: Option<Timestamp>,
}

/// The longest and the shortest time that a service can make a client wait.
const LONGEST: Duration = Duration::from_mins(5);
const SHORTEST: Duration = Duration::from_secs(1);

/// Numbers above this many seconds are instants, not durations.
const THIRTY_YEARS_S: i64 = 30 * 365 * 24 * 3600;

const LIMIT: [&str; 4] = ["x-ratelimit-limit", "ratelimit-limit", "x-ratelimit-requests-limit", "x-rate-limit-limit"];
const REMAINING: [&str; 4] =
    ["x-ratelimit-remaining", "ratelimit-remaining", "x-ratelimit-requests-remaining", "x-rate-limit-remaining"];
const RESET: [&str; 5] =
    ["x-ratelimit-reset", "ratelimit-reset", "x-ratelimit-requests-reset", "x-rate-limit-reset", "retry-after"];

impl RateLimit {
    /// Reads the headers of an answer; `None` when they say nothing and the status is not 429.
    ///
    /// A 429 without headers means a limit of one and a minute's wait.
    ///
    /// Source: connector-cli §10, which lists the headers in the order of their precedence.
    pub(super) fn read(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let limit = first(headers, &LIMIT, leading_number);
        let remaining = first(headers, &REMAINING, leading_number);
        let reset_at = first(headers, &RESET, |text| instant(text, now));
        if limit.is_none() && remaining.is_none() && reset_at.is_none() && status != 429 {
            return None;
        }
        let in_a_minute = || now.checked_add(SignedDuration::from_mins(1)).ok().filter(|_| status == 429);
        Some(Self {
            limit: limit.unwrap_or(1),
            remaining: if status == 429 { 0 } else { remaining.unwrap_or(1) },
            reset_at: reset_at.or_else(in_a_minute),
        })
    }
}

/// The first of these headers that can be read.
fn first<T>(headers: &HeaderMap, names: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
    names.iter().filter_map(|name| headers.get(*name)?.to_str().ok()).find_map(read)
}

/// Returns how long a 429 or 503 asks to wait: at least a second, at most five minutes.
///
/// `None` when the header is missing or is neither a number of seconds nor a date.
///
/// Source: RFC 9110 §10.2.3.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let wait = instant(text, now)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default().clamp(SHORTEST, LONGEST))
}

/// The instant that a reset value means: seconds from now, seconds or milliseconds of the epoch, or a date.
fn instant(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(number) = leading_number(text) {
        return match number {
            ..=THIRTY_YEARS_S => now.checked_add(SignedDuration::from_secs(number)).ok(),
            _ if number > THIRTY_YEARS_S * 1000 => Timestamp::from_millisecond(number).ok(),
            _ => Timestamp::from_second(number).ok(),
        };
    }
    if let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text) {
        return Some(date);
    }
    if let Ok(date) = text.parse::<Timestamp>() {
        return Some(date);
    }
    // RFC 850, for example `Sunday, 06-Nov-94 08:49:37 GMT`.
    let rest = text.split_once(", ")?.1;
    jiff::civil::DateTime::strptime("%d-%b-%y %H:%M:%S GMT", rest)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|date| date.timestamp())
}

/// The number before anything else: `500, 500;w=1` is 500. Text that starts otherwise is none; dates start otherwise.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if rest.starts_with('-') {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        // Not a moment less than what is asked for.
        let late: Timestamp = "2026-11-23T10:00:00.9Z".parse().unwrap();
        assert_eq!(retry_after(&headers(&[("retry-after", "2")]), late), Some(Duration::from_secs(2)));
        for (text, seconds) in [
            ("2", Some(2)),
            ("0", Some(1)),
            ("9999", Some(300)),
            ("Mon, 23 Nov 2026 10:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", Some(1)),
            ("Monday, 23-Nov-26 10:00:40 GMT", Some(40)),
            ("2026-11-23T10:00:20Z", Some(20)),
            ("soon", None),
        ] {
            let wait = retry_after(&headers(&[("retry-after", text)]), now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn headers_describe_the_limit() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(now.as_second() + second).ok();
        for (status, pairs, expected) in [
            (200, vec![], None),
            (429, vec![], Some((1, 0, at(60)))),
            (429, vec![("retry-after", "7")], Some((1, 0, at(7)))),
            (200, vec![("ratelimit-limit", "500, 500;w=1"), ("ratelimit-remaining", "3")], Some((500, 3, None))),
            (200, vec![("x-ratelimit-reset", "1795428060")], Some((1, 1, Timestamp::from_second(1_795_428_060).ok()))),
            (200, vec![("x-ratelimit-reset", "nonsense"), ("retry-after", "5")], Some((1, 1, at(5)))),
        ] {
            let read = RateLimit::read(status, &headers(&pairs), now);
            assert_eq!(read.map(|read| (read.limit, read.remaining, read.reset_at)), expected, "{status} {pairs:?}");
        }
    }
}
