use super::*;
use ids::SeededRng;
use proptest::prelude::*;
use serde_json::{Value, json};

const ID: &str = "calm-otter-12345@podium.example:8443/connector/7";

fn key() -> SigningKey {
    SigningKey::generate(&SeededRng::new(1)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn made() -> String {
    create(&key(), &ID.parse().unwrap(), at(0), &SeededRng::new(2)).unwrap()
}

/// The message with which the server refuses this assertion at this time; `None` when it accepts.
fn refusal(assertion: &str, now: Timestamp) -> Option<String> {
    verify(assertion, key().public(), ID, &["PODIUM.example:8443"], now).err().map(|error| error.to_string())
}

#[test]
fn the_assertion_is_the_one_of_the_spec() {
    let made = made();
    let parts = Unverified::parse(&made).unwrap();
    let header: Value = parts.header().unwrap();
    assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "nonce"]);
    assert_eq!(header["alg"], "EdDSA");
    let nonce = header["nonce"].as_str().unwrap();
    assert!(nonce.len() == 32 && nonce.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{nonce}");
    assert_eq!(
        parts.unverified_claims::<Value>().unwrap(),
        json!({"iss": ID, "sub": ID, "aud": "podium.example",
            "exp": 1_700_000_120, "nbf": 1_699_999_880, "iat": 1_700_000_000})
    );
    assert_eq!(claimed_client(&made).unwrap(), ID);
}

#[test]
fn a_kid_goes_along_when_the_key_has_one() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"});
    let key = SigningKey::from_jwk(jwk.to_string().as_bytes()).unwrap();
    let made = create(&key, &ID.parse().unwrap(), at(0), &SeededRng::new(2)).unwrap();
    assert_eq!(Unverified::parse(&made).unwrap().header::<Value>().unwrap()["kid"], "k1");
}

#[test]
fn clocks_may_be_two_minutes_apart_and_beyond_it_the_error_says_how_far() {
    for (server, text) in [
        (0, None),
        (120, None),
        (-120, None),
        (125, None),
        (126, Some("the clock of the connector is 126 seconds behind this server's")),
        (-121, Some("the clock of the connector is 121 seconds ahead of this server's")),
        (600, Some("the clock of the connector is 600 seconds behind this server's")),
        (-600, Some("the clock of the connector is 600 seconds ahead of this server's")),
    ] {
        let got = refusal(&made(), at(server));
        assert_eq!(got.is_none(), text.is_none(), "{server}: {got:?}");
        assert!(got.unwrap_or_default().starts_with(text.unwrap_or_default()), "{server}");
    }
}

/// An assertion with these changes to its claims; `null` takes a claim away.
fn with(changes: &Value) -> String {
    let mut claims = json!({"iss": ID, "sub": ID, "aud": "podium.example", "exp": 1_700_000_120});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jws::sign(&key(), &json!({"alg": "EdDSA"}), &claims).unwrap()
}

#[test]
fn claims_are_checked_one_by_one() {
    for (changes, text) in [
        (json!({}), None),
        (json!({"aud": ["x", "Podium.Example"]}), None),
        (json!({"aud": "podium.example:8443"}), None),
        (json!({"exp": 1_700_000_000.5}), None),
        (json!({"iat": 1_700_000_000, "nbf": 1_700_000_000, "jti": "j"}), None),
        (json!({"iss": "other"}), Some("`iss`")),
        (json!({"sub": "other"}), Some("`sub`")),
        (json!({"sub": null}), Some("claims can't be read")),
        (json!({"aud": "elsewhere.example"}), Some("another server")),
        (json!({"aud": []}), Some("another server")),
        (json!({"aud": 7}), Some("claims can't be read")),
        (json!({"exp": null}), Some("claims can't be read")),
        (json!({"exp": "1700000120"}), Some("claims can't be read")),
        (json!({"exp": 1e300}), Some("claims can't be read")),
        (json!({"exp": 1_699_999_879}), Some("is over")),
        (json!({"exp": 1_700_000_421}), Some("more than 5 minutes")),
        (json!({"nbf": 1_700_000_121}), Some("not valid yet")),
        (json!({"iat": 1_700_000_121}), Some("121 seconds ahead")),
    ] {
        let got = refusal(&with(&changes), at(0));
        assert_eq!(got.is_none(), text.is_none(), "{changes}: {got:?}");
        assert!(got.unwrap_or_default().contains(text.unwrap_or_default()), "{changes}");
    }
    for (typ, good) in [("JWT", true), ("client-authentication+jwt", true), ("dpop+jwt", false), ("at+jwt", false)] {
        let claims = json!({"iss": ID, "sub": ID, "aud": "podium.example", "exp": 1_700_000_120});
        let typed = jws::sign(&key(), &json!({"alg": "EdDSA", "typ": typ}), &claims).unwrap();
        assert_eq!(refusal(&typed, at(0)).is_none(), good, "{typ}");
    }
}

#[test]
fn what_must_be_remembered_follows_the_nonce() {
    let remembered = |text: &str| verify(text, key().public(), ID, &["podium.example"], at(0)).unwrap().replay;
    let same_nonce = |exp: i64| {
        let claims = json!({"iss": ID, "sub": ID, "aud": "podium.example", "exp": exp});
        jws::sign(&key(), &json!({"alg": "EdDSA", "nonce": "n"}), &claims).unwrap()
    };
    let (one, two) = (remembered(&same_nonce(1_700_000_100)), remembered(&same_nonce(1_700_000_101)));
    assert_eq!(one.key, two.key);
    assert_eq!(one.expires_at, at(220));
    assert_ne!(remembered(&with(&json!({}))).key, remembered(&with(&json!({"jti": "j"}))).key);
    assert_ne!(remembered(&with(&json!({"exp": 1_700_000_100}))).key, remembered(&with(&json!({}))).key);
    assert_ne!(remembered(&made()).key, one.key);
}

proptest! {
    #[test]
    fn any_changed_letter_is_refused(index in 0usize..10_000, letter in "[A-Za-z0-9_.=-]") {
        let good = made();
        let index = index % good.len();
        let mut wrong = good.clone();
        wrong.replace_range(index..=index, &letter);
        prop_assert!(wrong == good || refusal(&wrong, at(0)).is_some(), "{}", wrong);
    }

    #[test]
    fn no_text_breaks_it(text in ".{0,200}") {
        prop_assert!(refusal(&text, at(0)).is_some());
        prop_assert!(claimed_client(&text).is_err());
    }
}
