//! The client id and secret of service mode: whether they can be what they should be.
//!
//! Source: baton-service-mode §2.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The private Ed25519 key inside a client secret.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    d: String,
}

/// Checks that the client id is `name@host/rest`.
///
/// # Errors
/// The message.
pub(super) fn check_client_id(text: &str) -> Result<(), String> {
    let place = text.split_once('@').and_then(|(_, place)| place.split_once('/'));
    place.map(|_| ()).ok_or_else(|| "invalid client id".to_owned())
}

/// Checks that the client secret is `word:word:v1:key`, its key a private Ed25519 JWK in base64url.
///
/// # Errors
/// The message, which says nothing about the secret.
pub(super) fn check_client_secret(secret: &SecretString) -> Result<(), String> {
    holds_key(secret.expose_secret())
        .filter(|holds| *holds)
        .map(|_| ())
        .ok_or_else(|| "invalid client secret".to_owned())
}

fn holds_key(secret: &str) -> Option<bool> {
    let mut parts = secret.splitn(4, ':').skip(2);
    let (version, key) = (parts.next()?, parts.next()?);
    let jwk: Jwk = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
    let is_key = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| bytes.len() == 32);
    Some(version == "v1" && jwk.kty == "OKP" && jwk.crv == "Ed25519" && is_key(&jwk.x) && is_key(&jwk.d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(prefix: &str, jwk: &str) -> bool {
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(jwk));
        check_client_secret(&SecretString::from(text)).is_ok()
    }

    #[test]
    fn ids_and_secrets_are_checked_by_their_form() {
        for (text, good) in [
            ("word-word-1@host/connector/x", true),
            ("@h/", true),
            ("a@b@c/d", true),
            ("a@host", false),
            ("host/a", false),
            ("", false),
        ] {
            assert_eq!(check_client_id(text).is_ok(), good, "{text}");
        }
        let key = URL_SAFE_NO_PAD.encode([7; 32]);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{key}","d":"{key}","kid":"1"}}"#);
        for (prefix, jwk, good) in [
            ("secret-token:example.com:v1:", jwk.clone(), true),
            ("::v1:", jwk.clone(), true),
            ("a:b:v2:", jwk.clone(), false),
            ("a:v1:", jwk.clone(), false),
            ("a:b:v1:", jwk.replace("OKP", "EC"), false),
            ("a:b:v1:", jwk.replace("\"d\"", "\"e\""), false),
            ("a:b:v1:", jwk.replace(&key, "AAAA"), false),
            ("a:b:v1:", "not json".to_owned(), false),
        ] {
            assert_eq!(secret(prefix, &jwk), good, "{prefix} {jwk}");
        }
    }
}
