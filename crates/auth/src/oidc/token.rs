//! Whether an ID token proves who somebody is.
//!
//! Source: OpenID Connect Core 1.0 §3.1.3.7.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::{Error, Registration};

/// How far the clocks may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// A token that was made longer ago belongs to no sign-in that goes on now.
const OLDEST: SignedDuration = SignedDuration::from_hours(1);

/// What a token says about its signature.
#[derive(Debug)]
pub(super) struct Header {
    key_id: Option<String>,
    algorithm: Algorithm,
}

/// The header of a token, which is believed only as far as it chooses among the provider's keys.
pub(super) fn header(token: &str) -> Result<Header, Error> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Error::Token("it is no signed token"))?;
    Ok(Header { key_id: header.kid, algorithm: header.alg })
}

impl Header {
    /// The one key that this can be signed with. Without the name of a key there must be one that fits.
    pub(super) fn choose(&self, keys: &[Jwk]) -> Option<Jwk> {
        let mut fitting = keys.iter().filter(|key| fits(key, self.algorithm)).filter(|key| match &self.key_id {
            Some(id) => key.common.key_id.as_ref() == Some(id),
            None => true,
        });
        let key = fitting.next()?;
        (self.key_id.is_some() || fitting.next().is_none()).then(|| key.clone())
    }
}

/// Whether a key of a provider can have made a signature of this kind. Secrets shared with the provider cannot.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm as A;
    let of_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            matches!(algorithm, A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512)
        }
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => algorithm == A::ES256,
            EllipticCurve::P384 => algorithm == A::ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(_) => algorithm == A::EdDSA,
        _ => false,
    };
    let said = key.common.key_algorithm;
    let signs = key.common.public_key_use.as_ref().is_none_or(|kind| *kind == PublicKeyUse::Signature);
    of_kind && signs && said.is_none_or(|said| algorithm_of(said) == Some(algorithm))
}

fn algorithm_of(said: KeyAlgorithm) -> Option<Algorithm> {
    said.to_string().parse().ok()
}

/// The claims of the token, if it was made by this provider, for Podium, in this sign-in, and is not over.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &Jwk,
    at: &Registration,
    nonce: &str,
    now: Timestamp,
) -> Result<Value, Error> {
    let mut validation = Validation::new(header.algorithm);
    validation.set_issuer(&[&at.issuer]);
    validation.set_audience(&[&at.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The time is compared below, by the clock that Podium is given.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let key = DecodingKey::from_jwk(key).map_err(|_| Error::Token("the provider's key cannot be used"))?;
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(|error| {
        use jsonwebtoken::errors::ErrorKind as K;
        Error::Token(match error.kind() {
            K::InvalidSignature => "its signature is wrong",
            K::InvalidIssuer => "another issuer made it",
            K::InvalidAudience => "it was made for somebody else",
            K::MissingRequiredClaim(_) => "it lacks a claim that it needs",
            _ => "it cannot be read",
        })
    })?;
    let claims = decoded.claims;
    let instant = |name: &str| claims.get(name).and_then(seconds);
    let expires = instant("exp").ok_or(Error::Token("it does not say when it ends"))?;
    if expires.checked_add(SKEW).is_ok_and(|end| end <= now) {
        return Err(Error::Token("it is over; compare the clocks of both sides"));
    }
    let made = instant("iat").ok_or(Error::Token("it does not say when it was made"))?;
    let age = now.duration_since(made);
    if age < -SKEW || age > OLDEST {
        return Err(Error::Token("it was not made now; compare the clocks of both sides"));
    }
    if instant("nbf").is_some_and(|start| now.duration_since(start) < -SKEW) {
        return Err(Error::Token("it does not count yet; compare the clocks of both sides"));
    }
    let party = claims.get("azp").and_then(Value::as_str);
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|audience| audience.len() > 1);
    if party.is_some_and(|party| party != at.client_id) || (several && party.is_none()) {
        return Err(Error::Token("it was made for somebody else"));
    }
    let same = |said: &str| crate::secret::same(said, nonce);
    if !claims.get("nonce").and_then(Value::as_str).is_some_and(same) {
        return Err(Error::Token("it belongs to another sign-in"));
    }
    Ok(claims)
}

/// A time of a token: seconds, some providers give them with a fraction.
fn seconds(value: &Value) -> Option<Timestamp> {
    let whole = value.as_i64().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "a time beyond what fits is out of range below")]
        value.as_f64().map(|seconds| seconds as i64)
    })?;
    Timestamp::from_second(whole).ok()
}

#[cfg(test)]
mod tests;
