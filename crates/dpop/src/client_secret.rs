//! The client secret of service mode: a private key in a text that secret scanners know.
//!
//! `WORD:WORD:v1:KEY`, where `KEY` is base64url without padding of a private Ed25519 JWK. Ours begin with
//! `secret-token:podium:v1:`.
//!
//! Source: baton-service-mode §2, §15 D1; RFC 8959 (`secret-token`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::key::{KeyError, MAX_JWK_BYTES, SigningKey};

/// What every secret that we make begins with.
pub const PREFIX: &str = "secret-token:podium:v1:";

/// The longest client secret that is read.
pub const MAX_BYTES: usize = 2 * MAX_JWK_BYTES;

/// A text that is not a client secret. Says nothing about the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid client secret")]
pub struct InvalidClientSecret(Fault);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Form,
    Version,
    Encoding,
    Key(KeyError),
}

impl InvalidClientSecret {
    /// What is wrong with it, for a `hint:` line; nothing of the secret is in it.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.0 {
            Fault::Form => "a client secret has four parts joined by `:`; copy all of it".to_owned(),
            Fault::Version => "the third part of a client secret must be `v1`".to_owned(),
            Fault::Encoding => "the fourth part of a client secret must be base64url without padding".to_owned(),
            Fault::Key(error) => format!("the fourth part of a client secret must hold a private Ed25519 key: {error}"),
        }
    }
}

/// The key inside a client secret.
///
/// # Errors
/// When it has not four parts, its third is not `v1`, or its fourth is not a private Ed25519 JWK.
pub fn parse(text: &SecretString) -> Result<SigningKey, InvalidClientSecret> {
    let wrong = InvalidClientSecret;
    let text = text.expose_secret();
    if text.len() > MAX_BYTES {
        return Err(wrong(Fault::Form));
    }
    let mut parts = text.splitn(4, ':').skip(2);
    let (Some(version), Some(key)) = (parts.next(), parts.next()) else { return Err(wrong(Fault::Form)) };
    if version != "v1" {
        return Err(wrong(Fault::Version));
    }
    let jwk = URL_SAFE_NO_PAD.decode(key).map_err(|_| wrong(Fault::Encoding))?;
    SigningKey::from_jwk(&Zeroizing::new(jwk)).map_err(|error| wrong(Fault::Key(error)))
}

/// The client secret that holds this key, to be shown once.
#[must_use]
pub fn format(key: &SigningKey) -> SecretString {
    let jwk = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.to_jwk().expose_secret()));
    SecretString::from(format!("{PREFIX}{}", *jwk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    fn read(text: String) -> Result<SigningKey, InvalidClientSecret> {
        parse(&SecretString::from(text))
    }

    #[test]
    fn a_made_secret_is_read_back() {
        for seed in 0..20 {
            let key = SigningKey::generate(&SeededRng::new(seed)).unwrap();
            let secret = format(&key);
            assert!(secret.expose_secret().starts_with(PREFIX) && !secret.expose_secret().contains('='));
            assert_eq!(parse(&secret).unwrap().public(), key.public());
        }
    }

    #[test]
    fn secrets_are_accepted_and_refused_as_upstream_does() {
        let key = URL_SAFE_NO_PAD.encode([7; 32]);
        // `x` is not the public half of `d`; upstream does not look.
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{key}","d":"{key}","kid":"1"}}"#);
        let encoded = URL_SAFE_NO_PAD.encode(&jwk);
        let with = |jwk: String| format!("a:b:v1:{}", URL_SAFE_NO_PAD.encode(jwk));
        for (text, hint) in [
            (format!("secret-token:example.com:v1:{encoded}"), None),
            (format!("::v1:{encoded}"), None),
            (with(jwk.replace(r#","kid":"1""#, r#","alg":"EdDSA","use":"sig""#)), None),
            (format!("a:v1:{encoded}"), Some("four parts")),
            (encoded.clone(), Some("four parts")),
            (String::new(), Some("four parts")),
            (format!("a:b:v2:{encoded}"), Some("`v1`")),
            (format!("a:b:c:v1:{encoded}"), Some("`v1`")),
            (format!("a:b:v1:c:{encoded}"), Some("base64url")),
            (format!("a:b:v1:{encoded}="), Some("base64url")),
            (with(jwk.replace("OKP", "EC")), Some("`kty`")),
            (with(jwk.replace("Ed25519", "X25519")), Some("`crv`")),
            (with(jwk.replace("\"d\"", "\"e\"")), Some("JSON Web Key")),
            (with(jwk.replace("\"kty\"", "\"KTY\"")), Some("JSON Web Key")),
            (with(jwk.replace('{', r#"{"d":"","#)), Some("JSON Web Key")),
            (with(jwk.replace(&key, "AAAA")), Some("`x`")),
            (with("not json".to_owned()), Some("JSON Web Key")),
            (with(format!(r#"{{"kid":"{}"}}"#, "k".repeat(MAX_JWK_BYTES))), Some("JSON Web Key")),
            ("a:b:v1:".to_owned() + &"A".repeat(MAX_BYTES), Some("four parts")),
        ] {
            let got = read(text.clone());
            assert_eq!(got.is_ok(), hint.is_none(), "{text}");
            if let (Err(error), Some(hint)) = (got, hint) {
                assert_eq!(error.to_string(), "invalid client secret");
                assert!(error.hint().contains(hint), "{text}: {}", error.hint());
            }
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let key = SigningKey::generate(&SeededRng::new(3)).unwrap();
        let jwk = key.to_jwk();
        let jwk: serde_json::Value = serde_json::from_str(jwk.expose_secret()).unwrap();
        let secret = format(&key);
        for text in [format!("{key:?}"), format!("{secret:?}")] {
            assert!(!text.contains(jwk["d"].as_str().unwrap()), "{text}");
        }
    }
}
