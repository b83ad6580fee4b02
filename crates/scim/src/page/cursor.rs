//! Cursors: where the next page of a walk begins, in a form that only this provider can make.
//!
//! A cursor holds the place of the last resource of a page, so a walk shows every resource that
//! stays throughout exactly once, whatever comes and goes meanwhile. Start at [`Seal`].
//!
//! What a cursor holds can be read by its client, who has just seen that resource; it cannot be
//! changed, nor used in another scope or for another query: those are covered by the MAC without
//! being part of the text.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ScimType};
use crate::sort::Key;

/// The longest cursor that is read, in characters; sort keys are names, not essays.
const MAX_LENGTH: usize = 8 * 1024;
const TAG_BYTES: usize = 32;

/// Makes and opens cursors.
#[derive(Debug)]
pub struct Seal {
    key: hmac::Key,
    timeout: Duration,
}

/// What a cursor belongs to: nothing in it can be used elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<'b> {
    /// Whose resources are listed, such as the id of a workspace.
    pub scope: &'b str,
    /// The filter and the order; see [`Listing::query`](crate::search::Listing::query).
    pub query: &'b str,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The place of the last resource of the page before.
    #[serde(rename = "k")]
    pub after: Key,
    /// How many resources the pages of this walk have.
    #[serde(rename = "n")]
    pub count: usize,
    /// When the cursor was made, in seconds since 1970.
    #[serde(rename = "t")]
    issued_s: i64,
}

impl Seal {
    /// Returns a seal with a secret key of at least 32 random bytes; cursors can be used for
    /// `timeout` after they were made.
    #[must_use]
    pub fn new(key: &[u8], timeout: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), timeout }
    }

    /// Returns the cursor of the page behind `after`. It has only characters that need no escape in
    /// a URL (RFC 3986 §2.3).
    #[must_use]
    pub fn seal(&self, after: Key, count: usize, binding: Binding<'_>, now: Timestamp) -> String {
        let position = Position { after, count, issued_s: now.as_second() };
        let mut sealed = serde_json::to_vec(&position).unwrap_or_default();
        let tag = hmac::sign(&self.key, &message(binding, &sealed));
        sealed.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Returns the position that a cursor stands for, and checks the `count` that came with it;
    /// a client that sends none keeps that of the walk.
    ///
    /// # Errors
    /// 400 `invalidCursor` if it was not made here, or for something else; 400 `expiredCursor` if it
    /// is too old; 400 `invalidCount` if the walk began with another `count`.
    pub fn open(
        &self,
        cursor: &str,
        count: Option<usize>,
        binding: Binding<'_>,
        now: Timestamp,
    ) -> Result<Position, Error> {
        let position = self.authentic(cursor, binding).ok_or_else(|| {
            Error::of(
                ScimType::InvalidCursor,
                "The cursor is not one of this query; begin again with an empty `cursor`.",
            )
        })?;
        let issued = Timestamp::from_second(position.issued_s).unwrap_or(Timestamp::MIN);
        let age = now.duration_since(issued);
        if age > SignedDuration::try_from(self.timeout).unwrap_or(SignedDuration::MAX) {
            return Err(Error::of(
                ScimType::ExpiredCursor,
                "The cursor is too old; begin again with an empty `cursor`.",
            ));
        }
        if count.is_some_and(|count| count != position.count) {
            return Err(Error::of(
                ScimType::InvalidCount,
                format!("This walk has `count` {}; keep it for all pages.", position.count),
            ));
        }
        Ok(position)
    }

    fn authentic(&self, cursor: &str, binding: Binding<'_>) -> Option<Position> {
        if cursor.len() > MAX_LENGTH {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (content, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        hmac::verify(&self.key, &message(binding, content), tag).ok()?;
        serde_json::from_slice(content).ok()
    }
}

/// Returns what the MAC covers; lengths keep the parts apart.
fn message(binding: Binding<'_>, content: &[u8]) -> Vec<u8> {
    let parts = [binding.scope.as_bytes(), binding.query.as_bytes(), content];
    let mut message = b"scim-cursor-1".to_vec();
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_000_000, 0);
    const BINDING: Binding<'static> = Binding { scope: "w1", query: "active eq true" };

    fn seal() -> Seal {
        Seal::new(&[7; 32], Duration::from_hours(1))
    }

    fn key() -> Key {
        Key::by_creation(NOW, "u1")
    }

    fn refuse(cursor: &str, count: Option<usize>, binding: Binding<'_>, now: Timestamp, scim_type: ScimType) {
        let error = seal().open(cursor, count, binding, now).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_type), "{cursor}");
        assert_eq!(error.status.as_u16(), 400);
    }

    #[test]
    fn a_cursor_opens_for_what_it_was_made() {
        let cursor = seal().seal(key(), 50, BINDING, NOW);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        for count in [None, Some(50)] {
            let position = seal().open(&cursor, count, BINDING, NOW + Duration::from_hours(1)).unwrap();
            assert_eq!((position.after, position.count), (key(), 50));
        }
    }

    #[test]
    fn a_cursor_opens_for_nothing_else() {
        let cursor = seal().seal(key(), 50, BINDING, NOW);
        let other_query = Binding { query: "active eq false", ..BINDING };
        let other_scope = Binding { scope: "w2", ..BINDING };
        let shifted = Binding { scope: "w1a", query: "ctive eq true" };
        for binding in [other_query, other_scope, shifted] {
            refuse(&cursor, None, binding, NOW, ScimType::InvalidCursor);
        }
        let foreign = Seal::new(&[8; 32], Duration::from_hours(1)).seal(key(), 50, BINDING, NOW);
        for cursor in [&foreign, "x", "====", "é", &"A".repeat(10_000), &cursor[1..], &format!("{cursor}A")] {
            refuse(cursor, None, BINDING, NOW, ScimType::InvalidCursor);
        }
        refuse(&cursor, Some(51), BINDING, NOW, ScimType::InvalidCount);
        refuse(&cursor, None, BINDING, NOW + Duration::from_secs(3601), ScimType::ExpiredCursor);
    }

    proptest::proptest! {
        #[test]
        fn no_changed_character_goes_unnoticed(place in 0usize..1000, replacement in "[A-Za-z0-9_-]") {
            let cursor = seal().seal(key(), 50, BINDING, NOW);
            let place = place % cursor.len();
            let mut changed = cursor.clone();
            changed.replace_range(place..=place, &replacement);
            if changed != cursor {
                refuse(&changed, None, BINDING, NOW, ScimType::InvalidCursor);
            }
        }

        #[test]
        fn no_text_panics(cursor in ".{0,100}") {
            let _ = seal().open(&cursor, None, BINDING, NOW);
        }
    }
}
