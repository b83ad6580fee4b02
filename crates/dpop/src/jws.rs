//! JSON Web Signatures in their compact form: `header.payload.signature`.
//!
//! The algorithm follows from the key that the caller brings, never from the token; the token's own word for it must
//! merely agree. No other form of JWS is read, and no header extension (`crit`) is understood.
//!
//! Source: RFC 7515 §§3.1, 4.1.11, 7.1; RFC 8725 §3.1.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::key::{PublicKey, SigningKey};

/// The longest text that is read as a JWS. Ours are below 2 KiB.
pub const MAX_BYTES: usize = 8 * 1024;

/// Why a text is not a JWS that this key signed.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`MAX_BYTES`].
    #[error("it has {0} bytes, more than the {MAX_BYTES} allowed")]
    TooLong(usize),
    /// Not `header.payload.signature` in base64url without padding.
    #[error("it is not three parts of base64url without padding, joined by dots")]
    Form,
    /// The header is not the JSON that is expected here.
    #[error("its header can't be read")]
    Header(#[source] serde_json::Error),
    /// The payload is not the JSON that is expected here.
    #[error("its claims can't be read")]
    Claims(#[source] serde_json::Error),
    /// The header demands extensions.
    #[error("its header has `crit`, but no extension is understood")]
    Critical,
    /// The header names another algorithm than the key's.
    #[error("its header says another algorithm than {expected}, which its key has")]
    Algorithm {
        /// The algorithm of the key.
        expected: &'static str,
    },
    /// The signature is not this key's over these parts.
    #[error("its signature is not made by this key")]
    Signature,
}

/// Something could not be written as JSON, so it could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("write what is to be signed as JSON")]
pub struct SignError(#[from] serde_json::Error);

/// Returns the signed text of this header and these claims.
///
/// The header must name the key's algorithm, `EdDSA`.
///
/// # Errors
/// When one of them has no JSON form.
pub fn sign(key: &SigningKey, header: &impl Serialize, claims: &impl Serialize) -> Result<String, SignError> {
    let part = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let input = format!("{}.{}", part(serde_json::to_vec(header)?), part(serde_json::to_vec(claims)?));
    let signature = URL_SAFE_NO_PAD.encode(key.sign_bytes(input.as_bytes()));
    Ok(format!("{input}.{signature}"))
}

/// A JWS taken apart, not yet verified.
pub struct Unverified<'a> {
    input: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What every header must agree on, whatever it is for.
#[derive(serde::Deserialize)]
struct Common {
    alg: String,
    crit: Option<IgnoredAny>,
}

impl<'a> Unverified<'a> {
    /// Takes the text apart.
    ///
    /// # Errors
    /// [`JwsError::TooLong`] and [`JwsError::Form`].
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > MAX_BYTES {
            return Err(JwsError::TooLong(text.len()));
        }
        let (input, signature) = text.rsplit_once('.').ok_or(JwsError::Form)?;
        let (header, payload) = input.split_once('.').ok_or(JwsError::Form)?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsError::Form);
        Ok(Self { input, header: part(header)?, payload: part(payload)?, signature: part(signature)? })
    }

    /// The header, whose word counts for nothing before [`Self::verify`].
    ///
    /// # Errors
    /// [`JwsError::Header`] when it is not of this form.
    pub fn header<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        serde_json::from_slice(&self.header).map_err(JwsError::Header)
    }

    /// The claims, whose word counts for nothing: for finding the key to verify with.
    ///
    /// # Errors
    /// [`JwsError::Claims`] when they are not of this form.
    pub fn unverified_claims<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        serde_json::from_slice(&self.payload).map_err(JwsError::Claims)
    }

    /// The claims, signed by this key.
    ///
    /// # Errors
    /// When the header demands an extension or names another algorithm than the key's, when the signature is wrong, and
    /// when the claims are not of this form.
    pub fn verify<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, JwsError> {
        let Common { alg, crit } = self.header()?;
        if crit.is_some() {
            return Err(JwsError::Critical);
        }
        if alg != key.algorithm() {
            return Err(JwsError::Algorithm { expected: key.algorithm() });
        }
        if !key.verifies(self.input.as_bytes(), &self.signature) {
            return Err(JwsError::Signature);
        }
        self.unverified_claims()
    }

    /// The bytes of the signature.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl std::fmt::Debug for Unverified<'_> {
    /// Says nothing of the text: whoever holds it could use it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unverified").finish_non_exhaustive()
    }
}
