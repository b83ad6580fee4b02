//! Proofs of possession: one per request, signed by the key that the token is bound to.
//!
//! Source: RFC 9449 §§4, 7.

mod target;
mod verify;

use ids::Rng;
use jiff::Timestamp;
use serde::Serialize;

use crate::date::Date;
use crate::hash::token_hash;
use crate::jws::{self, SignError};
use crate::key::{PublicKey, SigningKey};

pub use target::InvalidUrl;
pub use verify::{Expected, Nonce, ProofError, Verified, verify};

/// The header's `typ`.
const TYPE: &str = "dpop+jwt";

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method, in capitals; `POST` for gRPC.
    pub method: &'a str,
    /// The URL; its query and fragment don't count.
    pub url: &'a str,
    /// The nonce that the server gave last, if it gave one.
    pub nonce: Option<&'a str>,
    /// The access token that goes along; none at the token endpoint.
    pub access_token: Option<&'a str>,
}

/// Why a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The URL can't be read.
    #[error("make a proof for a request")]
    Url(#[from] InvalidUrl),
    /// See [`SignError`].
    #[error("sign a proof")]
    Sign(#[from] SignError),
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    jwk: &'a PublicKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: String,
    iat: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

/// The proof for one request, to be sent as the header `DPoP`. Each is good for one request only.
///
/// # Errors
/// When the URL is not one of http or https.
pub fn create(key: &SigningKey, request: Request<'_>, now: Timestamp, rng: &dyn Rng) -> Result<String, CreateError> {
    let header = Header { typ: TYPE, alg: key.public().algorithm(), jwk: key.public() };
    let claims = Claims {
        jti: format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64()),
        htm: request.method,
        htu: target::normal(request.url)?,
        iat: Date::second_of(now),
        nonce: request.nonce,
        ath: request.access_token.map(token_hash),
    };
    Ok(jws::sign(key, &header, &claims)?)
}

#[cfg(test)]
mod tests;
