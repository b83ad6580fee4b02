//! Durations and sizes as people write them.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

/// A duration, written `15m`, `24h`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// The duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX);
        write!(f, "{signed:#}")
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let signed: SignedDuration =
            text.parse().map_err(|_| de::Error::custom(format!("`{text}` is no duration, such as \"15m\"")))?;
        let span = Duration::try_from(signed)
            .map_err(|_| de::Error::custom(format!("`{text}` is negative; a duration here is not")))?;
        Ok(Self(span))
    }
}

/// A size, written `64MiB`, `4GiB`, `512KiB` or in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = UNITS.iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes));
        let (unit, bytes) = fitting.unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = UNITS.iter().find_map(|(unit, bytes)| {
            let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
            number.checked_mul(*bytes)
        });
        found
            .or_else(|| text.trim().parse().ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is no size, such as \"64MiB\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        let read = |text: &str| serde_json::from_value::<Span>(text.into()).map(Span::get);
        assert_eq!(read("15m").unwrap(), Duration::from_mins(15));
        assert_eq!(read("1h 30m").unwrap(), Duration::from_mins(90));
        for wrong in ["15", "", "-5m", "soon"] {
            assert!(read(wrong).unwrap_err().to_string().contains(&format!("`{wrong}`")), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        let read = |text: &str| serde_json::from_value::<ByteSize>(text.into());
        for (text, bytes, written) in
            [("64MiB", 64 << 20, "64MiB"), ("4 GiB", 4 << 30, "4GiB"), ("1024", 1024, "1KiB"), ("7B", 7, "7B")]
        {
            let size = read(text).unwrap();
            assert_eq!((size.bytes(), size.to_string()), (bytes, written.to_owned()));
        }
        for wrong in ["", "64MB", "-1", "99999999999GiB"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
