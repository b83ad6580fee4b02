//! Seals what must not stand in the database in clear: signing keys, settings of connectors.
//!
//! AES-256-GCM-SIV under a key that is outside of the database: the database alone gives nothing away. What is sealed is
//! bound to its place (table, row, column), so that nobody can move it to where more people may read it. The newest key
//! seals, every key opens, and each sealed value names its key.
//!
//! Start at [`Sealer`]. Source: RFC 8452.

mod key_file;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::Rng;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::hex::hex;

pub use key_file::{KeyFileError, add_key, open_or_create};

/// The first byte of everything sealed: the form of the rest.
const VERSION: u8 = 1;
/// How many bytes name a key.
const KEY_ID_BYTES: usize = 8;
/// How many bytes the nonce has.
const NONCE_BYTES: usize = 12;
/// The most that is sealed at once.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Why something cannot be sealed or opened. Never says what is inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no key at all.
    #[error("there is no key to seal with; hint: give at least one")]
    NoKey,
    /// A text that is no key.
    #[error("a key for sealing is not 32 bytes in base64url; hint: make one with `openssl rand -base64 32`")]
    NotKey,
    /// Sealed with a key that this process does not have.
    #[error(
        "{place} is sealed with the key {key}, which this server does not have; \
         hint: every server of one database needs the same keys"
    )]
    UnknownKey {
        /// Where it stands.
        place: String,
        /// The name of the key.
        key: String,
    },
    /// Changed, cut off, or moved from somewhere else.
    #[error("{place} was changed, or was sealed for another place")]
    Broken {
        /// Where it stands.
        place: String,
    },
    /// More than [`MAX_BYTES`].
    #[error("{bytes} bytes are more than the {MAX_BYTES} that can be sealed")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
}

/// Where a sealed value stands. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The key of the row.
    pub row: &'a str,
    /// The column.
    pub column: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of {} `{}`", self.column, self.table, self.row)
    }
}

/// 32 secret bytes to seal with. Its text form is base64, of either alphabet, padded or not.
#[derive(Clone)]
pub struct SealKey(Zeroizing<[u8; 32]>);

impl SealKey {
    /// A new key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill(&mut *bytes);
        Self(bytes)
    }

    /// The text that [`SealKey::from_str`] reads back.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        SecretString::from(URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// The name of the key, which tells nothing about it.
    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = digest::digest(&digest::SHA256, &[b"podium seal key id".as_slice(), &*self.0].concat());
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl FromStr for SealKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let text = Zeroizing::new(text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"));
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_| SealError::NotKey)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| SealError::NotKey)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", hex(&self.id()))
    }
}

struct Loaded {
    id: [u8; KEY_ID_BYTES],
    key: LessSafeKey,
    bytes: SealKey,
}

/// Seals with the newest key and opens with any. Clones share the keys.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<[Loaded]>,
}

impl Sealer {
    /// A sealer with these keys, the newest first.
    ///
    /// # Errors
    /// [`SealError::NoKey`] when there is none.
    pub fn new(keys: &[SealKey]) -> Result<Self, SealError> {
        let load = |key: &SealKey| {
            let unbound = UnboundKey::new(&AES_256_GCM_SIV, &*key.0).map_err(|_| SealError::NotKey)?;
            Ok(Loaded { id: key.id(), key: LessSafeKey::new(unbound), bytes: key.clone() })
        };
        let keys = keys.iter().map(load).collect::<Result<Arc<[_]>, _>>()?;
        if keys.is_empty() { Err(SealError::NoKey) } else { Ok(Self { keys }) }
    }

    /// Seals these bytes for this place.
    ///
    /// # Errors
    /// [`SealError::TooLong`].
    pub fn seal(&self, place: Place<'_>, secret: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, SealError> {
        if secret.len() > MAX_BYTES {
            return Err(SealError::TooLong { bytes: secret.len() });
        }
        let loaded = self.keys.first().ok_or(SealError::NoKey)?;
        let mut nonce = [0; NONCE_BYTES];
        rng.fill(&mut nonce);
        let mut body = secret.to_vec();
        loaded
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(place, &loaded.id), &mut body)
            .map_err(|_| SealError::Broken { place: place.to_string() })?;
        Ok([&[VERSION], loaded.id.as_slice(), &nonce, &body].concat())
    }

    /// What was sealed for this place.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`], [`SealError::Broken`].
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let broken = || SealError::Broken { place: place.to_string() };
        let (&id, rest) = key_id(sealed).ok_or_else(broken)?;
        let loaded = self
            .keys
            .iter()
            .find(|loaded| loaded.id == id)
            .ok_or_else(|| SealError::UnknownKey { place: place.to_string(), key: hex(&id) })?;
        let (&nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = loaded
            .key
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad(place, &id), &mut body)
            .map_err(|_| broken())?
            .len();
        body.truncate(plain);
        Ok(body)
    }

    /// As [`Sealer::open`], for a text.
    ///
    /// # Errors
    /// As there; also [`SealError::Broken`] when it is no text.
    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretString, SealError> {
        let bytes = self.open(place, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SealError::Broken { place: place.to_string() })?;
        Ok(SecretString::from(text))
    }

    /// Whether it is sealed with another key than the newest.
    #[must_use]
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        key_id(sealed).map(|(id, _)| id) != self.keys.first().map(|loaded| &loaded.id)
    }

    /// For each key, the newest first, 32 bytes for another purpose, from which nobody learns the key.
    ///
    /// They are the same in every server that has the same keys.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<Zeroizing<[u8; 32]>> {
        let derived = |loaded: &Loaded| {
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*loaded.bytes.0), purpose.as_bytes());
            Zeroizing::new(mac.as_ref().first_chunk().copied().unwrap_or_default())
        };
        self.keys.iter().map(derived).collect()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|loaded| hex(&loaded.id))).finish()
    }
}

/// The name of the key in something sealed, and what follows it.
fn key_id(sealed: &[u8]) -> Option<(&[u8; KEY_ID_BYTES], &[u8])> {
    let (version, rest) = sealed.split_first()?;
    (*version == VERSION).then(|| rest.split_first_chunk())?
}

/// What the seal covers beside the secret: form, key and place, each with its length.
fn aad(place: Place<'_>, key_id: &[u8]) -> Aad<Vec<u8>> {
    let mut bytes = vec![VERSION];
    for part in [key_id, place.table.as_bytes(), place.row.as_bytes(), place.column.as_bytes()] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    Aad::from(bytes)
}

/// The keys that a text holds, one a line, the newest first; lines that begin with `#` are remarks.
///
/// # Errors
/// [`SealError::NotKey`] for a line that is none, [`SealError::NoKey`] when there is none.
pub fn parse_keys(text: &SecretString) -> Result<Vec<SealKey>, SealError> {
    let lines = text.expose_secret().lines().map(str::trim);
    let keys: Vec<SealKey> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(SealError::NoKey) } else { Ok(keys) }
}

#[cfg(test)]
mod tests;
