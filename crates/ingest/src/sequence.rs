//! Ids in the order in which they are made.
//!
//! Rows are written in the order of their keys, and ids that grow along let every index of the database grow at its end.

use ids::Rng;
use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// UUIDs of version 7 of one instant, each larger than the one before. The random part of the first is drawn.
///
/// Source: RFC 9562 §6.2, method 2.
#[derive(Debug)]
pub(crate) struct Sequence {
    millis: u64,
    next: u128,
}

/// The bits of a UUID of version 7 that are neither time nor version: 12 and 62.
const LOW_BITS: u32 = 62;

impl Sequence {
    pub(crate) fn new(now: Timestamp, rng: &dyn Rng) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        // The highest bits stay free, so that counting never overflows.
        let next = (u128::from(rng.next_u64()) << 8) | u128::from(rng.next_u64() & 0xff);
        Self { millis, next }
    }

    pub(crate) fn next(&mut self) -> Uuid {
        let counter = self.next;
        self.next += 1;
        let high = u16::try_from(counter >> LOW_BITS & 0xfff).unwrap_or(0);
        let low = u64::try_from(counter & ((1 << LOW_BITS) - 1)).unwrap_or(0);
        let mut bytes = [0; 10];
        let parts = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        Builder::from_unix_timestamp_millis(self.millis, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use ids::SeededRng;

    use super::*;

    #[test]
    fn ids_grow_and_are_of_version_7() {
        for seed in 0..50 {
            let mut ids = Sequence::new("2026-11-23T08:00:00Z".parse().unwrap(), &SeededRng::new(seed));
            let mut last = ids.next();
            assert_eq!((last.get_version_num(), last.get_variant()), (7, uuid::Variant::RFC4122));
            for _ in 0..1000 {
                let next = ids.next();
                assert!(next > last && next.to_string() > last.to_string());
                last = next;
            }
        }
    }
}
