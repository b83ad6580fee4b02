//! Secrets that leave the connector and passwords that come in, against keys and files of a Go connector.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use connector_sdk::error::Code;
use connector_sdk::service::encryption::{ClientKey, Recipients, local_options};
use proto::c1::connector::v2::credential_options::{EncryptedPassword, NoPassword, Options, RandomPassword, Sso};
use proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config, JwkPublicKeyConfig};
use proto::c1::connector::v2::{
    CredentialOptions, EncryptedData, EncryptionConfig, LocalCredentialOptions, PlaintextData, local_credential_options,
};
use serde_json::Value;

const SECRET: &str = "correct horse battery staple é";

/// A key pair, its id, and `SECRET` sealed for it, all made by a Go connector's SDK.
#[derive(serde::Deserialize)]
struct Key {
    private: Value,
    public: Value,
    #[serde(default)]
    pem: String,
    #[serde(rename = "key_id")]
    id: String,
    provider: String,
    sealed: String,
}

fn keys() -> BTreeMap<String, Key> {
    serde_json::from_str(include_str!("../../fixtures/encryption/keys.json")).unwrap()
}

fn jwk(json: &Value) -> EncryptionConfig {
    let config = JwkPublicKeyConfig { pub_key: json.to_string().into_bytes() };
    EncryptionConfig { config: Some(Config::JwkPublicKeyConfig(config)), ..EncryptionConfig::default() }
}

fn age_recipient(text: &str) -> EncryptionConfig {
    let config = AgeRecipientConfig { recipient: text.to_owned() };
    EncryptionConfig { config: Some(Config::AgeRecipientConfig(config)), ..EncryptionConfig::default() }
}

impl Key {
    fn config(&self) -> EncryptionConfig {
        self.public.as_str().map_or_else(|| jwk(&self.public), age_recipient)
    }

    fn number(&self, member: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.private[member].as_str().unwrap()).unwrap()
    }

    fn client_key(&self, key_id: Option<&str>) -> ClientKey {
        let [seed, point] = ["d", "x"].map(|member| self.number(member).try_into().unwrap());
        ClientKey::new(&seed, &point, key_id).unwrap()
    }
}

fn secret(name: &str) -> PlaintextData {
    PlaintextData {
        name: name.to_owned(),
        description: "of the account".to_owned(),
        schema: "text".to_owned(),
        bytes: SECRET.into(),
    }
}

/// What is inside, read with the private key.
fn opened(name: &str, key: &Key, sealed: &[u8]) -> Vec<u8> {
    let raw = || STANDARD.decode(sealed).unwrap();
    match name {
        "age" => {
            let identity: age::x25519::Identity = key.private.as_str().unwrap().parse().unwrap();
            age::decrypt(&identity, sealed).unwrap()
        }
        "rsa" => {
            let identity = age::ssh::Identity::from_buffer(key.pem.as_bytes(), None).unwrap();
            age::decrypt(&identity, &raw()).unwrap()
        }
        "ed25519" => {
            let data = EncryptedData { encrypted_bytes: sealed.to_vec(), ..sealed_password(key) };
            password(&data, &key.client_key(None)).unwrap().into_bytes()
        }
        _ => opened_jwe(key, &raw()),
    }
}

fn opened_jwe(key: &Key, compact: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(compact).unwrap();
    let parts: Vec<&str> = text.split('.').collect();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    assert_eq!((&header["alg"], &header["enc"]), (&"ECDH-ES".into(), &"A256GCM".into()));
    assert_eq!(header["epk"]["crv"], key.public["crv"]);
    assert_eq!(parts[1], "");

    let algorithm = match key.public["crv"].as_str().unwrap() {
        "P-256" => &agreement::ECDH_P256,
        "P-384" => &agreement::ECDH_P384,
        _ => &agreement::ECDH_P521,
    };
    let mut point = vec![4];
    for member in ["x", "y"] {
        point.extend(decode(header["epk"][member].as_str().unwrap()));
    }
    let private = PrivateKey::from_private_key(algorithm, &key.number("d")).unwrap();
    let content_key = agreement::agree(&private, UnparsedPublicKey::new(algorithm, &point), Unspecified, |shared| {
        let info = [&[0, 0, 0, 1], shared, &[0, 0, 0, 7], b"A256GCM", &[0; 8], &[0, 0, 1, 0]].concat();
        Ok(digest::digest(&digest::SHA256, &info))
    });
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key.unwrap().as_ref()).unwrap());
    let mut text = [decode(parts[3]), decode(parts[4])].concat();
    let nonce = Nonce::try_assume_unique_for_key(&decode(parts[2])).unwrap();
    cipher.open_in_place(nonce, Aad::from(parts[0].as_bytes()), &mut text).unwrap().to_vec()
}

fn sealed_password(key: &Key) -> EncryptedData {
    EncryptedData {
        key_ids: vec![key.id.clone()],
        encrypted_bytes: key.sealed.clone().into_bytes(),
        ..EncryptedData::default()
    }
}

fn wish(options: Options) -> CredentialOptions {
    CredentialOptions { options: Some(options), force_change_at_next_login: true }
}

fn sealed_wish(encrypted_passwords: Vec<EncryptedData>) -> CredentialOptions {
    wish(Options::EncryptedPassword(EncryptedPassword { encrypted_passwords }))
}

/// The password that the connector gets.
fn password(sealed: &EncryptedData, key: &ClientKey) -> Result<String, (Code, String)> {
    let options = local_options(Some(&sealed_wish(vec![sealed.clone()])), &[], Some(key))
        .map_err(|error| (error.code(), error.message().to_owned()))?;
    match options.options {
        Some(local_credential_options::Options::PlaintextPassword(given)) => Ok(given.plaintext_password),
        _ => panic!("no password came out"),
    }
}

#[test]
fn each_recipient_opens_its_own_copy_of_each_secret() {
    let keys = keys();
    let configs: Vec<EncryptionConfig> = keys.values().map(Key::config).collect();
    let sealed = Recipients::new(&configs).unwrap().seal(&[secret("password"), secret("key")]).unwrap();
    assert_eq!(sealed.len(), 2 * keys.len());
    for (position, data) in sealed.iter().enumerate() {
        let (name, key) = keys.iter().nth(position % keys.len()).unwrap();
        assert_eq!(data.name, if position < keys.len() { "password" } else { "key" });
        assert_eq!((data.description.as_str(), data.schema.as_str()), ("of the account", "text"));
        assert_eq!(data.provider, key.provider, "{name}");
        assert_eq!(data.key_ids, std::slice::from_ref(&key.id), "{name}");
        // The deprecated field is only filled for JWKs.
        assert_eq!(data.key_id, if data.provider == "baton/age/v1" { "" } else { key.id.as_str() });
        if name == "hybrid" {
            // Nothing here reads it; the unit tests do.
            assert!(data.encrypted_bytes.starts_with(b"age-encryption.org/v1\n-> mlkem768x25519 "));
            continue;
        }
        assert_eq!(opened(name, key, &data.encrypted_bytes), SECRET.as_bytes(), "{name}");
        if name != "age" {
            assert_eq!(opened(name, key, key.sealed.as_bytes()), SECRET.as_bytes(), "{name} by the Go SDK");
        }
    }
}

#[test]
fn without_recipients_secrets_are_dropped() {
    assert_eq!(Recipients::new(&[]).unwrap().seal(&[secret("password")]).unwrap(), []);
}

#[test]
fn a_private_key_names_its_public_half() {
    let keys = keys();
    for name in ["ed25519", "p256", "p521"] {
        let sealed = Recipients::new(&[jwk(&keys[name].private)]).unwrap().seal(&[secret("password")]).unwrap();
        assert_eq!(sealed[0].key_ids, [keys[name].id.clone()]);
        assert_eq!(opened(name, &keys[name], &sealed[0].encrypted_bytes), SECRET.as_bytes());
    }
}

#[test]
fn a_provider_is_named_or_follows_from_the_key() {
    let keys = keys();
    let (jwk, age) = (keys["p256"].config(), keys["age"].config());
    for (provider, config, good) in [
        ("", &jwk, true),
        ("baton/jwk/v1", &jwk, true),
        (" Baton/JWK/v1 ", &jwk, true),
        ("baton/jwk/v1/private", &jwk, true),
        ("baton/age/v1", &jwk, false),
        ("baton/pgp/v1", &jwk, false),
        ("", &age, true),
        ("baton/age/v1", &age, true),
        ("baton/jwk/v1", &age, false),
        ("", &EncryptionConfig::default(), false),
        ("baton/jwk/v1", &EncryptionConfig::default(), false),
    ] {
        let config = EncryptionConfig { provider: provider.to_owned(), ..config.clone() };
        let found = Recipients::new(&[age.clone(), config]);
        assert_eq!(found.is_ok(), good, "{provider}");
        if let Err(error) = found {
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().starts_with("invalid encryption config 1: "), "{error}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let zeros = |count: usize| URL_SAFE_NO_PAD.encode(vec![0; count]);
    let ones = |count: usize| URL_SAFE_NO_PAD.encode(vec![255; count]);
    for json in [
        "null".to_owned(),
        "not json".to_owned(),
        "{}".to_owned(),
        r#"{"kty":"oct","k":"AAAA"}"#.to_owned(),
        format!(r#"{{"kty":"OKP","crv":"X25519","x":"{}"}}"#, zeros(32)),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, zeros(31)),
        r#"{"kty":"OKP","crv":"Ed25519"}"#.to_owned(),
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, zeros(32), zeros(32)),
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, ones(32), ones(32)),
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, ones(31), ones(33)),
        format!(r#"{{"kty":"EC","crv":"secp256k1","x":"{}","y":"{}"}}"#, ones(32), ones(32)),
        r#"{"kty":"EC","crv":"P-256","x":"***","y":"***"}"#.to_owned(),
        format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, ones(128)),
        format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, ones(1024)),
        r#"{"kty":"RSA","n":"","e":""}"#.to_owned(),
        format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, ones(100_000)),
    ] {
        let config = JwkPublicKeyConfig { pub_key: json.clone().into_bytes() };
        let config = EncryptionConfig { config: Some(Config::JwkPublicKeyConfig(config)), ..Default::default() };
        assert_eq!(Recipients::new(&[config]).unwrap_err().code(), Code::InvalidArgument, "{json:.80}");
    }
    let good = keys()["age"].public.as_str().unwrap().to_owned();
    for text in ["", "# comment", "age1", &format!("{good}\n{good}"), &format!(" {good}"), "ssh-ed25519 AAAA"] {
        assert_eq!(Recipients::new(&[age_recipient(text)]).unwrap_err().code(), Code::InvalidArgument, "{text}");
    }
}

#[test]
fn a_password_for_this_connector_is_opened() {
    let key = &keys()["ed25519"];
    assert_eq!(key.client_key(None).key_id(), key.id);
    assert_eq!(key.client_key(Some("")).key_id(), key.id);
    assert_eq!(password(&sealed_password(key), &key.client_key(None)).unwrap(), SECRET);

    // A key with a name goes by the name.
    let named = EncryptedData { key_ids: vec!["other".to_owned(), "mine".to_owned()], ..sealed_password(key) };
    assert_eq!(password(&named, &key.client_key(Some("mine"))).unwrap(), SECRET);
    assert_eq!(password(&sealed_password(key), &key.client_key(Some("mine"))).unwrap_err().0, Code::InvalidArgument);

    let foreign = EncryptedData { key_ids: vec!["other".to_owned()], encrypted_bytes: b"?".to_vec(), ..named };
    let both = sealed_wish(vec![foreign, sealed_password(key)]);
    let options = local_options(Some(&both), &[], Some(&key.client_key(None))).unwrap();
    assert!(options.force_change_at_next_login);
    let plain = local_credential_options::PlaintextPassword { plaintext_password: SECRET.to_owned() };
    assert_eq!(options.options, Some(local_credential_options::Options::PlaintextPassword(plain)));
}

#[test]
fn a_password_that_is_not_for_this_connector_is_refused() {
    let keys = keys();
    let key = &keys["ed25519"];
    let client = key.client_key(None);
    let mine = sealed_password(key);
    let unmatched = format!("no encrypted password matched client secret key id \"{}\"", key.id);
    let undecryptable = |bytes: &[u8]| EncryptedData { encrypted_bytes: bytes.to_vec(), ..mine.clone() };
    for (data, code, text) in [
        (EncryptedData { key_ids: Vec::new(), ..mine.clone() }, Code::InvalidArgument, unmatched.as_str()),
        (EncryptedData { key_ids: vec!["x".to_owned()], ..mine.clone() }, Code::InvalidArgument, &unmatched),
        (undecryptable(b"***"), Code::Internal, "failed to decode encrypted bytes"),
        (undecryptable(b"AAAA"), Code::Internal, "failed to decrypt"),
        (undecryptable(keys["rsa"].sealed.as_bytes()), Code::Internal, "failed to decrypt"),
        (undecryptable(&vec![b'A'; 100_000]), Code::Internal, "too long"),
    ] {
        let (found, message) = password(&data, &client).unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(text), "{message}");
    }

    let sealed = sealed_wish(vec![mine]);
    let refused = |configs: &[EncryptionConfig], key: Option<&ClientKey>| {
        let error = local_options(Some(&sealed), configs, key).unwrap_err();
        (error.code(), error.message().to_owned())
    };
    let with_configs = "encryption configs should never be supplied for encrypted passwords".to_owned();
    assert_eq!(refused(&[keys["age"].config()], Some(&client)), (Code::InvalidArgument, with_configs));
    assert_eq!(refused(&[], None), (Code::InvalidArgument, "client-secret is required".to_owned()));
}

#[test]
fn other_wishes_are_passed_on() {
    use local_credential_options::{NoPassword as LocalNoPassword, Options as Local};
    assert_eq!(local_options(None, &[], None).unwrap(), LocalCredentialOptions::default());
    assert_eq!(
        local_options(Some(&CredentialOptions::default()), &[], None).unwrap_err().message(),
        "invalid credential options"
    );
    let random = RandomPassword { length: 20, ..RandomPassword::default() };
    for (wished, expect) in [
        (Options::NoPassword(NoPassword {}), Local::NoPassword(LocalNoPassword {})),
        (
            Options::Sso(Sso { sso_provider: "p".to_owned() }),
            Local::Sso(local_credential_options::Sso { sso_provider: "p".to_owned() }),
        ),
        (
            Options::RandomPassword(random),
            Local::RandomPassword(local_credential_options::RandomPassword { length: 20, ..Default::default() }),
        ),
    ] {
        let options = local_options(Some(&wish(wished)), &[keys()["age"].config()], None).unwrap();
        assert_eq!((options.force_change_at_next_login, options.options), (true, Some(expect)));
    }
}

#[test]
fn a_client_key_does_not_show_itself() {
    let keys = keys();
    let shown = format!("{:?}", keys["ed25519"].client_key(None));
    assert_eq!(shown, format!("ClientKey {{ key_id: {:?}, .. }}", keys["ed25519"].id));
}
