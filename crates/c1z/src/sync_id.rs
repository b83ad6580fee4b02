//! The id of a sync.

use std::fmt;

use ids::Rng;
use jiff::Timestamp;
use svix_ksuid::{Ksuid, KsuidLike};

/// The id of a sync: 27 characters of a KSUID when we make it, any text when another writer did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncId(String);

impl SyncId {
    /// Makes a new id: the seconds since 2014-05-13T16:53:20Z (32 bits), then 128 random bits, in base 62.
    pub(crate) fn generate(now: Timestamp, rng: &dyn Rng) -> Self {
        let mut payload = [0; 16];
        rng.fill(&mut payload);
        Self(Ksuid::from_seconds(Some(now.as_second()), Some(&payload)).to_string())
    }

    /// Returns the text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SyncId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SyncId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use ids::SeededRng;

    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let rng = SeededRng::new(1);
        let at = |text: &str| SyncId::generate(text.parse().unwrap(), &rng);
        let (first, second) = (at("2026-11-23T02:28:22Z"), at("2026-11-23T02:28:23Z"));
        assert!(first < second, "{first} < {second}");
        assert_eq!(first.as_str().len(), 27);
        assert!(first.as_str().starts_with("3MUMs"), "the fixture of that second starts so, this is {first}");
        assert_ne!(second, at("2026-11-23T02:28:23Z"));
    }
}
