//! Random bytes: from the system, or the same ones each time.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives random bytes.
pub trait Rng: Debug + Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// Returns a number drawn evenly from the whole range of `u64`.
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl<R: Rng + ?Sized> Rng for Arc<R> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

impl<R: Rng + ?Sized> Rng for &R {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// The random source of the operating system; fit for tokens and keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    /// Fills `bytes` from the operating system.
    ///
    /// # Panics
    /// When the operating system has no random source. Going on would give guessable tokens.
    #[expect(clippy::expect_used, reason = "no caller can do better than stop")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// The same bytes for the same seed; for tests and demos, **never** for secrets.
///
/// One thread always draws the same sequence; threads that share a generator share its sequence.
#[derive(Debug)]
pub struct SeededRng {
    state: AtomicU64,
}

/// How far the state of the generator moves with each draw.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededRng {
    /// Returns a generator whose sequence depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    fn draw(&self) -> u64 {
        let mut word = self.state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.iter_mut().zip(self.draw().to_le_bytes()).for_each(|(to, from)| *to = from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn drawn(rng: &dyn Rng, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        rng.fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_seed_decides_the_sequence() {
        let (one, two, other) = (SeededRng::new(7), SeededRng::new(7), SeededRng::new(8));
        let first = drawn(&one, 33);
        assert_eq!(first, drawn(&two, 33));
        assert_ne!(first, drawn(&other, 33));
        assert_ne!(first, drawn(&one, 33), "the sequence goes on");
    }

    #[test]
    fn the_sequence_stays_as_published() {
        // First outputs of SplitMix64 for the seed 1234567, as in the public test vectors.
        let rng = SeededRng::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn the_system_never_repeats_itself() {
        let seen: HashSet<Vec<u8>> = (0..1000).map(|_| drawn(&SystemRng, 16)).collect();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn every_length_is_filled() {
        for rng in [&SystemRng as &dyn Rng, &SeededRng::new(1)] {
            for length in 0..40 {
                let all: Vec<u8> = (0..20).fold(vec![0; length], |seen, _| {
                    seen.iter().zip(drawn(rng, length)).map(|(seen, new)| seen | new).collect()
                });
                assert!(all.iter().all(|byte| *byte != 0), "a byte of {length} is always zero");
            }
        }
    }
}
