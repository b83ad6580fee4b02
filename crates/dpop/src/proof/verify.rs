//! The server's side: whether a proof belongs to this request and to this key.

use jiff::Timestamp;
use serde::Deserialize;

use super::TYPE;
use super::target::{self, InvalidUrl};
use crate::assertion::MAX_SKEW_SECONDS;
use crate::date::{Date, shift};
use crate::hash::{Replay, digest, token_hash};
use crate::jws::{JwsError, Unverified};
use crate::key::{PublicKey, Thumbprint};
use crate::nonce::Nonces;

/// How long a proof may be under way, in seconds, on top of the clocks' difference.
const TRAVEL_SECONDS: i64 = 30;

/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// What a server knows about the request that the proof came with.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The HTTP method of the request; `POST` for gRPC.
    pub method: &'a str,
    /// The URL that the client sent the request to, for gRPC `https://AUTHORITY/package.Service/Method`.
    pub url: &'a str,
    /// The access token that came along, which the proof must name; at the token endpoint none, and it must name none.
    pub access_token: Option<&'a str>,
    /// The key that the token is bound to (`cnf.jkt`), or that the client is known by.
    pub bound_to: Option<Thumbprint>,
    /// Which nonces count.
    pub nonce: Nonce<'a>,
    /// The present.
    pub now: Timestamp,
}

/// Which nonces count.
#[derive(Debug, Clone, Copy)]
pub enum Nonce<'a> {
    /// A proof may come without; one that is there must be good.
    Optional(&'a Nonces),
    /// A proof must bring one that was made at this instant or later.
    Since(&'a Nonces, Timestamp),
}

/// Why a proof is refused. The texts may be told to the client.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Not readable, or not signed by the key that it shows.
    #[error("the proof is not accepted: {0}")]
    Jws(#[from] JwsError),
    /// The header's `typ` is not `dpop+jwt`.
    #[error("the proof's `typ` is not `{TYPE}`")]
    Type,
    /// For another method.
    #[error("the proof's `htm` is not the method of the request")]
    Method,
    /// For another URL.
    #[error("the proof's `htu` is not the URL of the request")]
    Target,
    /// The request's own URL, as the server knows it, can't be compared with anything.
    #[error("compare the proof with the URL of the request")]
    OwnUrl(#[source] InvalidUrl),
    /// Made too long ago or in the future.
    #[error(
        "the proof was made {seconds} seconds {direction} by this server's clock; \
         set the clock of the machine that the connector runs on",
        seconds = .ahead_seconds.unsigned_abs(),
        direction = if *.ahead_seconds < 0 { "ago" } else { "in the future" },
    )]
    Clock {
        /// By how much the client is ahead; negative when it is behind.
        ahead_seconds: i64,
    },
    /// `jti` is empty or too long.
    #[error("the proof's `jti` is empty or longer than {MAX_JTI_BYTES} bytes")]
    Id,
    /// `ath` is missing, or is there without a token, or is of another token.
    #[error("the proof's `ath` does not belong to the access token of the request")]
    Token,
    /// Signed by another key than the one the token is bound to.
    #[error("the proof is signed by another key than the one that the access token is bound to")]
    Key,
    /// A good nonce is wanted; the answer carries one. See [`ProofError::wants_nonce`].
    #[error("the proof needs a nonce that this server made: repeat the request with the one in `DPoP-Nonce`")]
    Nonce,
}

impl ProofError {
    /// Whether the client is to repeat the request with the nonce in the answer's `DPoP-Nonce`: `use_dpop_nonce`.
    ///
    /// Source: RFC 9449 §8.
    #[must_use]
    pub const fn wants_nonce(&self) -> bool {
        matches!(self, Self::Nonce)
    }
}

/// A proof that holds, but for having been seen before.
#[derive(Debug, Clone, Copy)]
pub struct Verified {
    /// The key that signed it: `cnf.jkt` of a token that is bound to it.
    pub key: Thumbprint,
    /// To be remembered by the server: a second proof with it is a replay.
    pub replay: Replay,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    jwk: PublicKey,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: Date,
    nonce: Option<String>,
    ath: Option<String>,
}

/// Checks a proof against the request that it came with.
///
/// That exactly one `DPoP` header was sent is the caller's to check, and that the proof was not seen before is the
/// caller's to remember.
///
/// # Errors
/// See [`ProofError`].
///
/// Source: RFC 9449 §4.3.
pub fn verify(proof: &str, expected: &Expected<'_>) -> Result<Verified, ProofError> {
    let parts = Unverified::parse(proof)?;
    let Header { typ, jwk } = parts.header()?;
    if typ != TYPE {
        return Err(ProofError::Type);
    }
    let claims: Claims = parts.verify(&jwk)?;
    let key = jwk.thumbprint();
    if expected.bound_to.is_some_and(|bound| bound != key) {
        return Err(ProofError::Key);
    }
    if claims.htm != expected.method {
        return Err(ProofError::Method);
    }
    let own = target::normal(expected.url).map_err(ProofError::OwnUrl)?;
    if target::normal(&claims.htu).ok() != Some(own) {
        return Err(ProofError::Target);
    }
    if claims.ath != expected.access_token.map(token_hash) {
        return Err(ProofError::Token);
    }
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI_BYTES {
        return Err(ProofError::Id);
    }
    check_nonce(claims.nonce.as_deref(), expected)?;
    let ahead_seconds = claims.iat.0.as_second().saturating_sub(expected.now.as_second());
    if !(-MAX_SKEW_SECONDS - TRAVEL_SECONDS..=MAX_SKEW_SECONDS).contains(&ahead_seconds) {
        return Err(ProofError::Clock { ahead_seconds });
    }
    let replay = Replay {
        key: digest(&[b"proof", key.as_bytes(), claims.jti.as_bytes()]),
        expires_at: shift(claims.iat.0, MAX_SKEW_SECONDS + TRAVEL_SECONDS + 1),
    };
    Ok(Verified { key, replay })
}

fn check_nonce(given: Option<&str>, expected: &Expected<'_>) -> Result<(), ProofError> {
    let (nonces, since) = match expected.nonce {
        Nonce::Optional(_) if given.is_none() => return Ok(()),
        Nonce::Optional(nonces) => (nonces, Timestamp::MIN),
        Nonce::Since(nonces, since) => (nonces, since),
    };
    let made = given.and_then(|nonce| nonces.check(nonce, expected.now)).ok_or(ProofError::Nonce)?;
    if made < since { Err(ProofError::Nonce) } else { Ok(()) }
}
