//! Instants in claims: seconds since the epoch.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A `NumericDate`: written as whole seconds, read with or without a fraction.
///
/// Source: RFC 7519 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date(pub(crate) Timestamp);

impl Date {
    /// The whole second of the instant.
    pub(crate) fn second_of(instant: Timestamp) -> Self {
        Self(Timestamp::from_second(instant.as_second()).unwrap_or(instant))
    }

    /// This much later, or earlier.
    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self(shift(self.0, seconds))
    }
}

/// The instant this many seconds later (or earlier), within what a timestamp can hold.
pub(crate) fn shift(instant: Timestamp, seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    instant.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(end)
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_second())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("seconds since the epoch expected");
        let number = serde_json::Number::deserialize(deserializer)?;
        if let Some(seconds) = number.as_i64() {
            return Timestamp::from_second(seconds).map(Self).map_err(|_| wrong());
        }
        let seconds = number.as_f64().ok_or_else(wrong)?;
        let since = SignedDuration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        Timestamp::from_duration(since).map(Self).map_err(|_| wrong())
    }
}
