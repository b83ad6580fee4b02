//! The client assertion of service mode: how a client says who it is when it asks for an access token.
//!
//! Source: baton-service-mode §3; RFC 7523 §3.

use ids::Rng;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client_id::{ClientId, without_port};
use crate::date::{Date, shift};
use crate::hash::{Replay, digest};
use crate::jws::{self, JwsError, SignError, Unverified};
use crate::key::{PublicKey, SigningKey};

/// The form field `client_assertion_type` that goes with it.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far the clocks of client and server may be apart, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 120;

/// How long an assertion may be under way, in seconds, on top of the clocks' difference.
const TRAVEL_SECONDS: i64 = 5;

/// The longest life of an assertion, in seconds, counted from this server's present.
pub const MAX_LIFE_SECONDS: i64 = 300;

/// What the header's `typ` may be, if there is one: what RFC 7523 leaves open, and what its successor asks for.
const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];

/// How long an assertion of ours lives, in seconds, and how long before its making it is valid already.
const LIFE_SECONDS: i64 = 120;

#[derive(Serialize)]
struct OwnHeader<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    nonce: String,
}

#[derive(Serialize)]
struct OwnClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: Date,
    nbf: Date,
    iat: Date,
}

/// Makes the assertion of this client for the server that its id names: valid for two minutes, and for two minutes
/// before now.
///
/// # Errors
/// None in practice: everything in it has a JSON form.
pub fn create(key: &SigningKey, client: &ClientId, now: Timestamp, rng: &dyn Rng) -> Result<String, SignError> {
    let nonce = format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64());
    let header = OwnHeader { alg: key.public().algorithm(), kid: key.kid(), nonce };
    let now = Date::second_of(now);
    let claims = OwnClaims {
        iss: client.as_str(),
        sub: client.as_str(),
        aud: client.audience(),
        exp: now.plus_seconds(LIFE_SECONDS),
        nbf: now.plus_seconds(-LIFE_SECONDS),
        iat: now,
    };
    jws::sign(key, &header, &claims)
}

#[derive(Deserialize)]
struct Header {
    typ: Option<String>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Date,
    nbf: Option<Date>,
    iat: Option<Date>,
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// Why an assertion is refused. The texts may be told to the client: they speak of what it sent and of the clocks.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// Not signed by the client's key, or not readable.
    #[error("the client assertion is not accepted: {0}")]
    Jws(#[from] JwsError),
    /// `typ` is something else than a JWT.
    #[error("the client assertion says that it is something else than a JWT")]
    Type,
    /// `iss`, `sub` and the client id are not the same.
    #[error("`{0}` of the client assertion is not the client id")]
    Client(&'static str),
    /// Meant for another server.
    #[error("the client assertion is for another server: its `aud` must be the host of the client id without port")]
    Audience,
    /// The clocks of client and server are too far apart.
    #[error(
        "the clock of the connector is {seconds} seconds {direction} this server's; \
         at most {MAX_SKEW_SECONDS} are allowed: set the clock of the machine that the connector runs on",
        seconds = .ahead_seconds.unsigned_abs(),
        direction = if *.ahead_seconds < 0 { "behind" } else { "ahead of" },
    )]
    Clock {
        /// By how much the client is ahead; negative when it is behind.
        ahead_seconds: i64,
    },
    /// Over, or not yet valid, or valid for too long.
    #[error("the client assertion {0}")]
    Time(&'static str),
}

/// An assertion that holds.
#[derive(Debug)]
pub struct Verified {
    /// To be remembered by the server: a second assertion with it is a replay.
    pub replay: Replay,
}

/// The client id that an assertion claims, unverified, to look up its key with.
///
/// # Errors
/// When the text is not a JWS with an `iss`.
pub fn claimed_client(assertion: &str) -> Result<String, JwsError> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    Unverified::parse(assertion)?.unverified_claims().map(|Issuer { iss }| iss)
}

/// Checks an assertion of `client_id`, whose public key is `key`, meant for one of `hosts` (their ports don't count).
///
/// # Errors
/// See [`AssertionError`].
pub fn verify(
    assertion: &str,
    key: &PublicKey,
    client_id: &str,
    hosts: &[&str],
    now: Timestamp,
) -> Result<Verified, AssertionError> {
    let parts = Unverified::parse(assertion)?;
    let claims: Claims = parts.verify(key)?;
    let header: Header = parts.header()?;
    if header.typ.is_some_and(|typ| !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known))) {
        return Err(AssertionError::Type);
    }
    for (name, value) in [("iss", &claims.iss), ("sub", &claims.sub)] {
        if value != client_id {
            return Err(AssertionError::Client(name));
        }
    }
    let ours = |name: &String| hosts.iter().any(|host| without_port(name).eq_ignore_ascii_case(without_port(host)));
    if !claims.aud.names().iter().any(ours) {
        return Err(AssertionError::Audience);
    }
    check_times(&claims, now)?;
    let once = match (&header.nonce, &claims.jti) {
        (Some(nonce), _) => digest(&[b"assertion nonce", client_id.as_bytes(), nonce.as_bytes()]),
        (None, Some(jti)) => digest(&[b"assertion jti", client_id.as_bytes(), jti.as_bytes()]),
        (None, None) => digest(&[b"assertion signature", client_id.as_bytes(), parts.signature()]),
    };
    Ok(Verified { replay: Replay { key: once, expires_at: shift(claims.exp.0, MAX_SKEW_SECONDS) } })
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), AssertionError> {
    if let Some(iat) = claims.iat {
        let ahead_seconds = iat.0.as_second().saturating_sub(now.as_second());
        if !(-MAX_SKEW_SECONDS - TRAVEL_SECONDS..=MAX_SKEW_SECONDS).contains(&ahead_seconds) {
            return Err(AssertionError::Clock { ahead_seconds });
        }
    }
    if now > shift(claims.exp.0, MAX_SKEW_SECONDS) {
        return Err(AssertionError::Time("is over: send a new one with each request"));
    }
    if claims.nbf.is_some_and(|nbf| now < shift(nbf.0, -MAX_SKEW_SECONDS)) {
        return Err(AssertionError::Time("is not valid yet: compare the clocks of client and server"));
    }
    if claims.exp.0 > shift(now, MAX_LIFE_SECONDS + MAX_SKEW_SECONDS) {
        return Err(AssertionError::Time("is valid for more than 5 minutes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
