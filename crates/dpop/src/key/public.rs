//! Public keys and their names.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{KeyError, MAX_JWK_BYTES, bytes_32};
use crate::hash::sha256;

/// A key to verify with. Written and read as a JWK.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// Ed25519, algorithm `EdDSA`.
    Ed25519([u8; 32]),
    /// A point on P-256, uncompressed (4, x, y); algorithm `ES256`.
    P256([u8; 65]),
}

/// The members of a JWK that we look at. A member that stands there twice is an error.
#[derive(Deserialize)]
struct RawJwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    intent: Option<String>,
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
}

impl PublicKey {
    /// Reads a public JWK.
    ///
    /// # Errors
    /// When it is not an Ed25519 or P-256 key for signatures, or when it holds a private part.
    pub fn from_jwk(json: &[u8]) -> Result<Self, KeyError> {
        if json.len() > MAX_JWK_BYTES {
            return Err(KeyError::NotJwk);
        }
        Self::try_from(serde_json::from_slice::<RawJwk>(json).map_err(|_| KeyError::NotJwk)?)
    }

    /// The JWK: exactly the members that its thumbprint is made of, in that order.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        match self {
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x)),
            Self::P256([_, point @ ..]) => {
                let (x, y) = point.split_at(32);
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
        }
    }

    /// The name of the one algorithm that this key is for.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    /// The SHA-256 of the key's required members.
    ///
    /// Source: RFC 7638 §3.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint(sha256(self.to_jwk().as_bytes()))
    }

    /// Whether this key made the signature over the message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let (algorithm, bytes) = self.parts();
        UnparsedPublicKey::new(algorithm, bytes).verify(message, signature).is_ok()
    }

    fn parts(&self) -> (&'static dyn VerificationAlgorithm, &[u8]) {
        match self {
            Self::Ed25519(bytes) => (&ED25519, bytes),
            Self::P256(bytes) => (&ECDSA_P256_SHA256_FIXED, bytes),
        }
    }

    fn checked(self) -> Result<Self, KeyError> {
        let (algorithm, bytes) = self.parts();
        ParsedPublicKey::new(algorithm, bytes).map_err(|_| KeyError::Rejected)?;
        Ok(self)
    }
}

impl TryFrom<RawJwk> for PublicKey {
    type Error = KeyError;

    fn try_from(jwk: RawJwk) -> Result<Self, KeyError> {
        let private = [("d", jwk.d), ("k", jwk.k), ("p", jwk.p)];
        if let Some((name, _)) = private.into_iter().find(|(_, member)| member.is_some()) {
            return Err(KeyError::Private(name));
        }
        let member = |name, text: Option<&String>| text.and_then(|text| bytes_32(text)).ok_or(KeyError::Member(name));
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Self::Ed25519(member("x", jwk.x.as_ref())?),
            ("EC", Some("P-256")) => {
                let (x, y) = (member("x", jwk.x.as_ref())?, member("y", jwk.y.as_ref())?);
                let mut point = [4; 65];
                point.iter_mut().skip(1).zip(x.iter().chain(&y)).for_each(|(to, from)| *to = *from);
                Self::P256(point)
            }
            ("OKP" | "EC", _) => return Err(KeyError::Unsupported("crv")),
            _ => return Err(KeyError::Unsupported("kty")),
        };
        if jwk.alg.is_some_and(|alg| alg != key.algorithm()) {
            return Err(KeyError::Unsupported("alg"));
        }
        if jwk.intent.is_some_and(|intent| intent != "sig") {
            return Err(KeyError::Unsupported("use"));
        }
        key.checked()
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(RawJwk::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let jwk: serde_json::Value = serde_json::from_str(&self.to_jwk()).map_err(serde::ser::Error::custom)?;
        jwk.serialize(serializer)
    }
}

/// The name of a public key: `jkt` in claims. Its text form is base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a thumbprint: 32 bytes in base64url")]
pub struct NotThumbprint;

impl FromStr for Thumbprint {
    type Err = NotThumbprint;

    fn from_str(text: &str) -> Result<Self, NotThumbprint> {
        bytes_32(text).map(Self).ok_or(NotThumbprint)
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thumbprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
