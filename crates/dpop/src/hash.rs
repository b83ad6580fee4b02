//! What a verifier must remember, and the hashes in claims.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// Something that must be seen only once: remember `key` until `expires_at`, and refuse what brings it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Replay {
    /// A digest; nobody learns anything from it.
    pub key: [u8; 32],
    /// After this instant the thing itself is too old to be accepted, so the key may be forgotten.
    pub expires_at: Timestamp,
}

/// SHA-256 over the parts, each with its length before it, so that no two lists of parts collide.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    finish(context)
}

/// SHA-256 of the text.
pub(crate) fn sha256(text: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(text);
    finish(context)
}

/// The claim `ath`: base64url of the SHA-256 of the token's text.
///
/// Source: RFC 9449 §4.2.
pub(crate) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()))
}

fn finish(context: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}
