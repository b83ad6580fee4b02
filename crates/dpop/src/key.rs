//! The private key of a client, and the public keys of others.
//!
//! We sign with Ed25519 alone; ES256 is verified too, because other clients have such keys.
//!
//! Source: RFC 7517, RFC 7638 (thumbprints), RFC 8037 (Ed25519).

mod public;

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::Rng;
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

pub use public::{PublicKey, Thumbprint};

/// The longest text that is read as a JWK.
pub const MAX_JWK_BYTES: usize = 4 * 1024;

/// Why a text is not a key that can be used here. Never says what the text was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JSON object with the members of a JWK, each once; or too long.
    #[error("it is not a JSON Web Key")]
    NotJwk,
    /// A key type, curve or use that is not supported.
    #[error("its `{0}` is not one that is supported")]
    Unsupported(&'static str),
    /// A member has the wrong form or length.
    #[error("its `{0}` is missing or not of the right length in base64url")]
    Member(&'static str),
    /// A private key where a public one belongs.
    #[error("it holds a private part (`{0}`) where only the public key belongs")]
    Private(&'static str),
    /// The point is not on the curve, or the library refuses the key for another reason.
    #[error("it is not a valid key")]
    Rejected,
}

/// A private Ed25519 key. Its debug output shows the thumbprint of the public half alone.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
    kid: Option<String>,
}

/// A JWK that holds a private Ed25519 key. `x` is not compared with `d`, as upstream does not; the public half is
/// always derived.
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    crv: String,
    x: String,
    d: String,
    kid: Option<String>,
}

impl SigningKey {
    /// Makes a key from 32 bytes that `rng` gives.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the library refuses them; none of 32 bytes is known that it would refuse.
    pub fn generate(rng: &dyn Rng) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill(&mut *seed);
        Self::from_seed(seed, None)
    }

    /// Reads a private JWK: `kty` `OKP`, `crv` `Ed25519`, `x`, `d`, and perhaps `kid`.
    ///
    /// # Errors
    /// When it is not one, or is longer than [`MAX_JWK_BYTES`].
    pub fn from_jwk(json: &[u8]) -> Result<Self, KeyError> {
        if json.len() > MAX_JWK_BYTES {
            return Err(KeyError::NotJwk);
        }
        let jwk: PrivateJwk = serde_json::from_slice(json).map_err(|_| KeyError::NotJwk)?;
        let d = Zeroizing::new(jwk.d);
        if jwk.kty != "OKP" {
            return Err(KeyError::Unsupported("kty"));
        }
        if jwk.crv != "Ed25519" {
            return Err(KeyError::Unsupported("crv"));
        }
        bytes_32(&jwk.x).ok_or(KeyError::Member("x"))?;
        let seed = Zeroizing::new(bytes_32(&d).ok_or(KeyError::Member("d"))?);
        Self::from_seed(seed, jwk.kid)
    }

    /// The private JWK, which [`Self::from_jwk`] reads back.
    #[must_use]
    pub fn to_jwk(&self) -> SecretString {
        let d = Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.seed));
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        let kid = match &self.kid {
            Some(kid) => format!(r#","kid":{}"#, serde_json::Value::from(kid.as_str())),
            None => String::new(),
        };
        SecretString::from(format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{}"{kid}}}"#, *d))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The `kid` that the JWK had.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The signature of these bytes.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>, kid: Option<String>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| KeyError::Rejected)?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| KeyError::Rejected)?;
        Ok(Self { pair, seed, public: PublicKey::Ed25519(public), kid })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("thumbprint", &self.public.thumbprint()).finish_non_exhaustive()
    }
}

/// The 32 bytes that this base64url text stands for, padded or not: the Go library pads neither and reads both.
fn bytes_32(text: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?);
    <[u8; 32]>::try_from(bytes.as_slice()).ok()
}

#[cfg(test)]
mod tests;
