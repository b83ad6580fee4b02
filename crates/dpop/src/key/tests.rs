use super::*;
use crate::jws::{self, JwsError, Unverified};
use ids::SeededRng;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// RFC 8037 appendix A.
const RFC_8037: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn the_vectors_of_rfc_8037_hold() {
    let key = SigningKey::from_jwk(RFC_8037.as_bytes()).unwrap();
    assert_eq!(key.public().thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let signed = concat!(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    let (input, signature) = signed.rsplit_once('.').unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(key.sign_bytes(input.as_bytes())), signature);
}

#[test]
fn the_thumbprint_of_rfc_9449_holds() {
    let jwk = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;
    let key = PublicKey::from_jwk(jwk.as_bytes()).unwrap();
    assert_eq!(key.thumbprint().to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(PublicKey::from_jwk(key.to_jwk().as_bytes()), Ok(key.clone()));
    assert_eq!(serde_json::from_value::<PublicKey>(serde_json::to_value(&key).unwrap()).unwrap(), key);
}

#[test]
fn public_keys_are_read_strictly() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let good = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k", "use": "sig", "alg": "EdDSA", "other": 1});
    assert!(PublicKey::from_jwk(good.to_string().as_bytes()).is_ok());
    for (member, value, error) in [
        ("d", json!(x), KeyError::Private("d")),
        ("k", json!(""), KeyError::Private("k")),
        ("p", json!([]), KeyError::Private("p")),
        ("kty", json!("RSA"), KeyError::Unsupported("kty")),
        ("kty", json!("EC"), KeyError::Unsupported("crv")),
        ("crv", json!("P-256"), KeyError::Unsupported("crv")),
        ("crv", json!(null), KeyError::Unsupported("crv")),
        ("alg", json!("ES256"), KeyError::Unsupported("alg")),
        ("use", json!("enc"), KeyError::Unsupported("use")),
        ("x", json!("AAAA"), KeyError::Member("x")),
        ("x", json!(null), KeyError::Member("x")),
        ("x", json!(7), KeyError::NotJwk),
    ] {
        let mut jwk = good.clone();
        jwk[member] = value;
        assert_eq!(PublicKey::from_jwk(jwk.to_string().as_bytes()), Err(error), "{jwk}");
    }
    let off_curve = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x});
    assert_eq!(PublicKey::from_jwk(off_curve.to_string().as_bytes()), Err(KeyError::Rejected));
    let twice = good.to_string().replacen('{', r#"{"kty":"OKP","#, 1);
    assert_eq!(PublicKey::from_jwk(twice.as_bytes()), Err(KeyError::NotJwk));
    let long = " ".repeat(MAX_JWK_BYTES) + &good.to_string();
    assert_eq!(PublicKey::from_jwk(long.as_bytes()), Err(KeyError::NotJwk));
}

#[test]
fn a_private_key_is_written_and_read_back() {
    let key = SigningKey::from_jwk(RFC_8037.replacen('{', r#"{"kid":"a\"b","#, 1).as_bytes()).unwrap();
    let again = SigningKey::from_jwk(key.to_jwk().expose_secret().as_bytes()).unwrap();
    assert_eq!((again.public(), again.kid()), (key.public(), Some("a\"b")));
    assert!(!format!("{key:?}").contains("nWGx"), "{key:?}");
}

/// The header and claims as another implementation reads them.
fn read_by_jsonwebtoken(token: &str, key: &PublicKey) -> (Value, Value) {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&key.to_jwk()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let read = jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap();
    (serde_json::to_value(read.header).unwrap(), read.claims)
}

#[test]
fn another_implementation_agrees_in_both_directions() {
    let key = SigningKey::generate(&SeededRng::new(5)).unwrap();
    let claims = json!({"iss": "me", "n": 7});
    let ours = jws::sign(&key, &json!({"alg": "EdDSA", "nonce": "ab"}), &claims).unwrap();
    assert_eq!(read_by_jsonwebtoken(&ours, key.public()), (json!({"alg": "EdDSA", "nonce": "ab"}), claims.clone()));

    let pkcs8 = key.pair.to_pkcs8v1().unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    let theirs =
        jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_ed_der(pkcs8.as_ref())).unwrap();
    assert_eq!(Unverified::parse(&theirs).unwrap().verify::<Value>(key.public()).unwrap(), claims);
}

#[test]
fn a_jws_is_read_strictly() {
    let key = SigningKey::generate(&SeededRng::new(5)).unwrap();
    let other = SigningKey::generate(&SeededRng::new(6)).unwrap();
    let token = |header: Value| jws::sign(&key, &header, &json!({"a": 1})).unwrap();
    let good = token(json!({"alg": "EdDSA"}));
    let fault = |text: &str, key: &SigningKey| {
        let read = Unverified::parse(text).and_then(|parts| parts.verify::<Value>(key.public()));
        read.err().map(|error| error.to_string())
    };
    assert_eq!(fault(&good, &key), None);
    for (text, part) in [
        (format!("{good}="), "three parts"),
        (format!("{good}.AA"), "three parts"),
        (good.replace('.', ""), "three parts"),
        (String::new(), "three parts"),
        ("é.é.é".to_owned(), "three parts"),
        ("a".repeat(jws::MAX_BYTES + 1), "more than the"),
        (token(json!({"alg": "EdDSA", "crit": ["b64"], "b64": false})), "`crit`"),
        (token(json!({"alg": "none"})), "another algorithm"),
        (token(json!({"alg": "HS256"})), "another algorithm"),
        (token(json!({"alg": "ES256"})), "another algorithm"),
        (token(json!({})), "its header can't be read"),
        (token(json!([])), "its header can't be read"),
    ] {
        let error = fault(&text, &key).unwrap_or_default();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(fault(&good, &other), Some(JwsError::Signature.to_string()));
    let signature_less = format!("{}.", good.rsplit_once('.').unwrap().0);
    assert_eq!(fault(&signature_less, &key), Some(JwsError::Signature.to_string()));
}
