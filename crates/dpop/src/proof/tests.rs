use std::sync::LazyLock;

use super::*;
use crate::key::Thumbprint;
use crate::nonce::Nonces;
use ids::SeededRng;
use proptest::prelude::*;
use serde_json::{Value, json};

const URL: &str = "https://podium.example/c1.connectorapi.baton.v1.BatonService/GetTask";
const TOKEN: &str = "header.claims.signature";

fn key() -> SigningKey {
    SigningKey::generate(&SeededRng::new(1)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

static NONCES: LazyLock<Nonces> = LazyLock::new(|| Nonces::new(&[9; 32], &[]));

fn made(request: Request<'_>) -> String {
    create(&key(), request, at(0), &SeededRng::new(2)).unwrap()
}

fn call() -> Request<'static> {
    Request { method: "POST", url: URL, nonce: None, access_token: Some(TOKEN) }
}

/// What the server expects of [`call`], changed by `change`.
fn refusal<'a>(proof: &str, change: impl FnOnce(&mut Expected<'a>)) -> Option<String> {
    let mut expected = Expected {
        method: "POST",
        url: URL,
        access_token: Some(TOKEN),
        bound_to: Some(key().public().thumbprint()),
        nonce: Nonce::Optional(&NONCES),
        now: at(0),
    };
    change(&mut expected);
    verify(proof, &expected).err().map(|error| error.to_string())
}

#[test]
fn the_proofs_of_rfc_9449_hold() {
    let head = concat!(
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo",
        "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
    );
    let token_request = concat!(
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijox",
        "NTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
    );
    let resource_request = concat!(
        "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNv",
        "dXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrt",
        "NP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
    );
    let bound_to: Thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".parse().unwrap();
    let mut expected = Expected {
        method: "POST",
        url: "https://server.example.com/token",
        access_token: None,
        bound_to: None,
        nonce: Nonce::Optional(&NONCES),
        now: Timestamp::from_second(1_562_262_616).unwrap(),
    };
    assert_eq!(verify(&format!("{head}{token_request}"), &expected).unwrap().key, bound_to);
    expected.method = "GET";
    expected.url = "https://resource.example.org/protectedresource";
    expected.access_token = Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    expected.bound_to = Some(bound_to);
    assert_eq!(verify(&format!("{head}{resource_request}"), &expected).unwrap().key, bound_to);
}

#[test]
fn a_made_proof_says_what_the_rfc_asks_for() {
    let nonce = NONCES.issue(at(0));
    let proof = made(Request { nonce: Some(&nonce), url: "HTTPS://u:p@Podium.Example:443/a?q#f", ..call() });
    let parts = crate::jws::Unverified::parse(&proof).unwrap();
    let header: Value = parts.header().unwrap();
    let jwk: Value = serde_json::from_str(&key().public().to_jwk()).unwrap();
    assert_eq!(header, json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}));
    let claims: Value = parts.unverified_claims().unwrap();
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(jti.len(), 32);
    assert_eq!(
        claims,
        json!({"jti": jti, "htm": "POST", "htu": "https://podium.example/a", "iat": 1_700_000_000,
            "nonce": nonce, "ath": "11x9Wr_DtA_-EKb4jpRN9mxXsZ3ckZwe5JkRvqtZaQw"})
    );
    for url in ["", "podium.example", "ftp://podium.example/", "mailto:a@b.c"] {
        assert!(create(&key(), Request { url, ..call() }, at(0), &SeededRng::new(1)).is_err(), "{url}");
    }
}

#[test]
fn a_proof_belongs_to_one_request() {
    let proof = made(call());
    assert_eq!(refusal(&proof, |_| ()), None);
    let text = |change: fn(&mut Expected<'_>)| refusal(&proof, change).unwrap_or_default();
    assert!(text(|expected| expected.method = "GET").contains("`htm`"));
    assert!(text(|expected| expected.method = "post").contains("`htm`"));
    assert!(text(|expected| expected.access_token = None).contains("`ath`"));
    assert!(text(|expected| expected.access_token = Some("another")).contains("`ath`"));
    let other = SigningKey::generate(&SeededRng::new(3)).unwrap().public().thumbprint();
    assert!(refusal(&proof, |expected| expected.bound_to = Some(other)).unwrap().contains("another key"));
    assert_eq!(refusal(&proof, |expected| expected.bound_to = None), None);
    let without = made(Request { access_token: None, ..call() });
    assert!(refusal(&without, |_| ()).unwrap().contains("`ath`"));
    assert_eq!(refusal(&without, |expected| expected.access_token = None), None);
}

#[test]
fn urls_are_compared_by_what_they_mean() {
    let proof = made(call());
    for (url, good) in [
        (URL.to_owned(), true),
        (URL.replace("https://podium.example", "HTTPS://PODIUM.example:443"), true),
        (format!("{URL}?a=b#c"), true),
        (URL.replace("/c1.", "/x/../c1."), true),
        (URL.replace("https", "http"), false),
        (URL.replace("example/", "example:8443/"), false),
        (URL.replace("example/", "example.org/"), false),
        (URL.replace("GetTask", "gettask"), false),
        (format!("{URL}/"), false),
        ("not a url".to_owned(), false),
    ] {
        assert_eq!(refusal(&proof, |expected| expected.url = &url).is_none(), good, "{url}");
    }
}

#[test]
fn a_proof_is_good_around_its_time() {
    for (seconds, text) in [
        (0, None),
        (150, None),
        (-120, None),
        (151, Some("made 151 seconds ago")),
        (-121, Some("made 121 seconds in the future")),
        (86_400, Some("made 86400 seconds ago")),
    ] {
        let got = refusal(&made(call()), |expected| expected.now = at(seconds));
        assert_eq!(got.is_none(), text.is_none(), "{seconds}: {got:?}");
        assert!(got.unwrap_or_default().contains(text.unwrap_or_default()), "{seconds}");
    }
}

#[test]
fn nonces_are_asked_for_and_checked() {
    let foreign = Nonces::new(&[8; 32], &[]);
    let with = |nonce: Option<&str>| made(Request { nonce, ..call() });
    let asked = |proof: &str, since: i64| {
        refusal(proof, |expected| expected.nonce = Nonce::Since(&NONCES, at(since)))
            .is_some_and(|text| text.contains("DPoP-Nonce"))
    };
    assert!(asked(&with(None), -1000));
    assert!(!asked(&with(Some(&NONCES.issue(at(-10)))), -10));
    assert!(asked(&with(Some(&NONCES.issue(at(-11)))), -10), "made before the instant");
    for nonce in [foreign.issue(at(0)), NONCES.issue(at(-301)), "x".to_owned(), String::new()] {
        assert!(asked(&with(Some(&nonce)), -1000), "{nonce}");
        let error = refusal(&with(Some(&nonce)), |_| ());
        assert!(error.is_some(), "a nonce that is there must be good: {nonce}");
    }
}

/// A proof with these changes to its header and claims; `null` takes one away.
fn with(header: &Value, claims: &Value) -> String {
    let jwk: Value = serde_json::from_str(&key().public().to_jwk()).unwrap();
    let mut parts = [
        json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}),
        json!({"jti": "j", "htm": "POST", "htu": URL, "iat": 1_700_000_000, "ath": token_hash(TOKEN)}),
    ];
    for (part, changes) in parts.iter_mut().zip([header, claims]) {
        for (name, value) in changes.as_object().unwrap() {
            part[name] = value.clone();
        }
        part.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    jws::sign(&key(), &parts[0], &parts[1]).unwrap()
}

#[test]
fn every_part_is_checked() {
    let none = json!({});
    let jwk: Value = serde_json::from_str(&key().public().to_jwk()).unwrap();
    let mut private = jwk.clone();
    private["d"] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into();
    let other: Value =
        serde_json::from_str(&SigningKey::generate(&SeededRng::new(4)).unwrap().public().to_jwk()).unwrap();
    for (header, claims, good) in [
        (&none, &none, true),
        (&json!({"kid": "k"}), &json!({"exp": 1, "more": [1]}), true),
        (&json!({"typ": "JWT"}), &none, false),
        (&json!({"typ": null}), &none, false),
        (&json!({"alg": "ES256"}), &none, false),
        (&json!({"alg": "none"}), &none, false),
        (&json!({"crit": ["x"]}), &none, false),
        (&json!({"jwk": private}), &none, false),
        (&json!({"jwk": other}), &none, false),
        (&json!({"jwk": {"kty": "oct", "k": "AAAA"}}), &none, false),
        (&json!({"jwk": null, "kid": "k"}), &none, false),
        (&none, &json!({"jti": ""}), false),
        (&none, &json!({"jti": null}), false),
        (&none, &json!({"jti": "j".repeat(257)}), false),
        (&none, &json!({"htm": null}), false),
        (&none, &json!({"htu": null}), false),
        (&none, &json!({"htu": "/GetTask"}), false),
        (&none, &json!({"iat": null}), false),
        (&none, &json!({"iat": "1700000000"}), false),
        (&none, &json!({"ath": ""}), false),
        (&none, &json!({"ath": null}), false),
    ] {
        let got = refusal(&with(header, claims), |_| ());
        assert_eq!(got.is_none(), good, "{header} {claims}: {got:?}");
    }
}

#[test]
fn what_must_be_remembered_is_the_id_under_its_key() {
    let remembered = |proof: &str| {
        let expected = Expected {
            method: "POST",
            url: URL,
            access_token: Some(TOKEN),
            bound_to: None,
            nonce: Nonce::Optional(&NONCES),
            now: at(0),
        };
        verify(proof, &expected).unwrap().replay
    };
    let same = |iat: i64| remembered(&with(&json!({}), &json!({"iat": 1_700_000_000 + iat})));
    assert_eq!(same(0).key, same(-1).key);
    assert_eq!(same(0).expires_at, at(151));
    assert_ne!(same(0).key, remembered(&made(call())).key);
}

proptest! {
    #[test]
    fn any_changed_letter_is_refused(index in 0usize..10_000, letter in "[A-Za-z0-9_.=-]") {
        let good = made(call());
        let index = index % good.len();
        let mut wrong = good.clone();
        wrong.replace_range(index..=index, &letter);
        prop_assert!(wrong == good || refusal(&wrong, |_| ()).is_some(), "{}", wrong);
    }

    #[test]
    fn any_cut_or_grown_proof_is_refused(index in 0usize..10_000, more in "[A-Za-z0-9_-]{1,8}") {
        let good = made(call());
        let index = index % good.len();
        prop_assert!(refusal(&good[..index], |_| ()).is_some());
        let mut grown = good.clone();
        grown.insert_str(index, &more);
        prop_assert!(refusal(&grown, |_| ()).is_some());
    }

    #[test]
    fn no_text_breaks_it(text in ".{0,200}") {
        prop_assert!(refusal(&text, |_| ()).is_some());
    }
}
