//! Nonces that a server gives out without remembering them.
//!
//! A nonce is the instant it was made, and a MAC over it: every server process that has the key accepts the nonces of
//! the others, and knows how old they are.
//!
//! Source: RFC 9449 §8.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

/// How long a nonce is accepted.
pub const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// How far the clocks of two server processes may be apart.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);

/// Domain separation: the key may serve for nothing else, but should it, this MAC is of no use there.
const LABEL: &[u8] = b"podium dpop nonce v1";

/// How many bytes of the MAC are in the nonce.
const MAC_BYTES: usize = 16;

/// The maker and checker of nonces.
pub struct Nonces {
    newest: hmac::Key,
    older: Vec<hmac::Key>,
}

impl Nonces {
    /// Nonces under these keys, shared by all server processes: the newest makes them, every one is accepted.
    ///
    /// To change keys, give the new one to every process as an older one first, then as the newest, and take the former
    /// one away [`LIFE`] later.
    #[must_use]
    pub fn new(newest: &[u8; 32], older: &[[u8; 32]]) -> Self {
        let key = |bytes: &[u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Self { newest: key(newest), older: older.iter().map(key).collect() }
    }

    /// A nonce of this instant, at the millisecond.
    #[must_use]
    pub fn issue(&self, now: Timestamp) -> String {
        let made = now.as_millisecond().to_be_bytes();
        let mac = hmac::sign(&self.newest, &message(made));
        let bytes: Vec<u8> = made.iter().chain(mac.as_ref().iter().take(MAC_BYTES)).copied().collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// When the nonce was made; `None` when it is not one of ours, or older than [`LIFE`].
    #[must_use]
    pub fn check(&self, nonce: &str, now: Timestamp) -> Option<Timestamp> {
        // 8 + 16 bytes are exactly 32 letters, without bits left over: a nonce has one spelling.
        let bytes = (nonce.len() == 32).then(|| URL_SAFE_NO_PAD.decode(nonce).ok())??;
        let (made, mac) = bytes.split_first_chunk::<8>()?;
        let genuine = std::iter::once(&self.newest).chain(&self.older).any(|key| {
            let full = hmac::sign(key, &message(*made));
            let full = full.as_ref().get(..MAC_BYTES).unwrap_or_default();
            aws_lc_rs::constant_time::verify_slices_are_equal(full, mac).is_ok()
        });
        let made = genuine.then(|| Timestamp::from_millisecond(i64::from_be_bytes(*made)).ok())??;
        let age = now.duration_since(made);
        (age <= LIFE && age >= -AHEAD).then_some(made)
    }
}

fn message(made: [u8; 8]) -> Vec<u8> {
    [LABEL, &made].concat()
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").field("older_keys", &self.older.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_nonce_lives_five_minutes_in_every_process_with_the_key() {
        let (one, two) = (Nonces::new(&[1; 32], &[]), Nonces::new(&[1; 32], &[]));
        let nonce = one.issue(at(0));
        assert_eq!(nonce.len(), 32);
        for (seconds, good) in [(0, true), (300, true), (301, false), (-30, true), (-31, false)] {
            assert_eq!(two.check(&nonce, at(seconds)).is_some(), good, "{seconds}");
        }
        assert_eq!(two.check(&nonce, at(1)), Some(at(0)));
    }

    #[test]
    fn keys_change_without_a_gap() {
        let (old, new) = (Nonces::new(&[1; 32], &[[2; 32]]), Nonces::new(&[2; 32], &[[1; 32]]));
        assert!(new.check(&old.issue(at(0)), at(1)).is_some());
        assert!(old.check(&new.issue(at(0)), at(1)).is_some());
        assert!(Nonces::new(&[2; 32], &[]).check(&old.issue(at(0)), at(1)).is_none());
    }

    #[test]
    fn what_was_not_issued_is_refused() {
        let nonces = Nonces::new(&[1; 32], &[]);
        let nonce = nonces.issue(at(0));
        for index in 0..nonce.len() {
            for letter in ["A", "Q", "_", "=", "é"] {
                let mut wrong = nonce.clone();
                wrong.replace_range(index..=index, letter);
                assert!(wrong == nonce || nonces.check(&wrong, at(0)).is_none(), "{wrong}");
            }
        }
        for wrong in ["", "x", &nonce[1..], &format!("{nonce}A"), &"é".repeat(16)] {
            assert!(nonces.check(wrong, at(0)).is_none(), "{wrong}");
        }
    }
}
