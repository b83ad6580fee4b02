use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{EncodingKey, encode};
use serde_json::json;

use super::*;

const NOW: i64 = 1_795_000_000;

fn at() -> Registration {
    Registration {
        issuer: "https://id.example".to_owned(),
        client_id: "podium".to_owned(),
        client_secret: None,
        redirect_uri: String::new(),
        scopes: Vec::new(),
    }
}

/// A key that signs, and its public half under this name.
fn key(name: &str) -> (EncodingKey, Jwk) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = json!({"kty": "EC", "crv": "P-256", "kid": name, "use": "sig", "x": text(&point[1..33]), "y": text(&point[33..])});
    let document = pair.to_pkcs8v1().unwrap();
    (EncodingKey::from_ec_der(document.as_ref()), serde_json::from_value(public).unwrap())
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "podium", "sub": "ada", "exp": NOW + 300, "iat": NOW, "nonce": "once"})
}

fn sign(key: &EncodingKey, name: Option<&str>, claims: &Value) -> String {
    let mut header = jsonwebtoken::Header::new(Algorithm::ES256);
    header.kid = name.map(ToOwned::to_owned);
    encode(&header, claims, key).unwrap()
}

fn check(token: &str, keys: &[Jwk]) -> Result<Value, String> {
    let header = header(token).map_err(|error| error.to_string())?;
    let key = header.choose(keys).ok_or("no key")?;
    let now = Timestamp::from_second(NOW).unwrap();
    verify(token, &header, &key, &at(), "once", now).map_err(|error| error.to_string())
}

#[test]
fn a_token_proves_who_somebody_is_only_when_every_claim_is_right() {
    let (signs, public) = key("a");
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let right = [
        claims(),
        with("aud", json!(["podium"])),
        with("azp", json!("podium")),
        with("iat", json!(1_794_999_999.5)),
        with("exp", json!(NOW - 59)),
    ];
    for claims in right {
        check(&sign(&signs, Some("a"), &claims), std::slice::from_ref(&public)).unwrap();
    }
    let wrong = [
        (with("iss", json!("https://other.example")), "another issuer"),
        (with("aud", json!("other")), "somebody else"),
        (with("aud", json!(["podium", "other"])), "somebody else"),
        (with("azp", json!("other")), "somebody else"),
        (with("sub", json!(null)), "lacks a claim"),
        (with("exp", json!(NOW - 61)), "it is over"),
        (with("exp", json!("soon")), "lacks a claim"),
        (with("iat", json!(NOW + 120)), "not made now"),
        (with("iat", json!(NOW - 7_200)), "not made now"),
        (with("iat", json!(null)), "when it was made"),
        (with("nbf", json!(NOW + 120)), "does not count yet"),
        (with("nonce", json!("twice")), "another sign-in"),
        (with("nonce", json!(null)), "another sign-in"),
    ];
    for (claims, words) in wrong {
        let error = check(&sign(&signs, Some("a"), &claims), std::slice::from_ref(&public)).unwrap_err();
        assert!(error.contains(words), "{claims}: {error}");
    }
}

#[test]
fn only_the_providers_own_keys_sign() {
    let (signs, public) = key("a");
    let (_, other) = key("b");
    let (thief, _) = key("a");
    let both = [public.clone(), other.clone()];
    check(&sign(&signs, Some("a"), &claims()), &both).unwrap();
    assert!(check(&sign(&thief, Some("a"), &claims()), &both).unwrap_err().contains("signature"));
    assert_eq!(check(&sign(&signs, Some("c"), &claims()), &both).unwrap_err(), "no key");
    // Without a name it must be clear which key is meant.
    check(&sign(&signs, None, &claims()), &[public]).unwrap();
    assert_eq!(check(&sign(&signs, None, &claims()), &both).unwrap_err(), "no key");
    // A public key taken for a shared secret, and no signature at all.
    let header = jsonwebtoken::Header::new(Algorithm::HS256);
    let forged = encode(&header, &claims(), &EncodingKey::from_secret(b"podium")).unwrap();
    assert_eq!(check(&forged, &both).unwrap_err(), "no key");
    let shared: JwkSet = serde_json::from_value(json!({"keys": [{"kty": "oct", "k": "cG9kaXVt"}]})).unwrap();
    assert_eq!(check(&forged, &shared.keys).unwrap_err(), "no key");
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", sign(&signs, None, &claims()).split('.').nth(1).unwrap());
    assert!(check(&unsigned, &both).is_err());
}

#[test]
fn damaged_tokens_are_errors() {
    let (signs, public) = key("a");
    let token = sign(&signs, Some("a"), &claims());
    for end in 0..token.len() {
        check(&token[..end], std::slice::from_ref(&public)).unwrap_err();
    }
}
