//! The SHA-256 of a file, which is also its name.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};

use super::error::{Error, Result};
use crate::hex::hex;

/// A SHA-256; its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 in 64 lower-case hexadecimal digits")]
pub struct NotADigest;

impl Digest {
    /// The digest with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = NotADigest;

    fn try_from(bytes: &[u8]) -> Result<Self, NotADigest> {
        bytes.try_into().map(Self).map_err(|_| NotADigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(NotADigest),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(NotADigest) };
        let bytes: Vec<u8> =
            pairs.iter().map(|[high, low]| Ok(digit(*high)? << 4 | digit(*low)?)).collect::<Result<_, NotADigest>>()?;
        Self::try_from(bytes.as_slice())
    }
}

/// Bytes that are gathered before they are hashed away from the async threads.
const BATCH_BYTES: usize = 256 << 10;

/// Hashes what streams by. Bytes are gathered, so that small pieces cost no hand-over each.
#[derive(Default)]
pub(super) struct Hasher {
    context: Option<Context>,
    waiting: BytesMut,
}

impl Hasher {
    pub(super) async fn update(&mut self, piece: Bytes) -> Result<()> {
        if self.waiting.is_empty() && piece.len() >= BATCH_BYTES {
            return self.hash(piece).await;
        }
        self.waiting.extend_from_slice(&piece);
        if self.waiting.len() >= BATCH_BYTES {
            let batch = self.waiting.split().freeze();
            self.hash(batch).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Digest> {
        let rest = self.waiting.split().freeze();
        self.hash(rest).await?;
        let digest = self.context.unwrap_or_else(|| Context::new(&SHA256)).finish();
        Digest::try_from(digest.as_ref()).map_err(|_| Error::Interrupted)
    }

    async fn hash(&mut self, bytes: Bytes) -> Result<()> {
        let mut context = self.context.take().unwrap_or_else(|| Context::new(&SHA256));
        let hashed = tokio::task::spawn_blocking(move || {
            context.update(&bytes);
            context
        });
        self.context = Some(hashed.await.map_err(|_| Error::Interrupted)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
        let wrong = [String::new(), text.to_uppercase(), text.replace('e', "g"), format!("{text}00"), text[2..].into()];
        for wrong in wrong {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }
}
