//! Secrets on the wire: sealed for whoever asked for them, opened when they are meant for this connector.
//!
//! Start at [`Recipients`], which seals what a connector made, and at [`local_options`], which opens what a task
//! brings. Both speak the two forms of the ecosystem: `baton/jwk/v1` (a JWK; see `jwk`) and `baton/age/v1`.
//! Nothing here logs or keeps a secret.
//!
//! Source: baton-service-mode §9, encryption.

mod client_key;
mod hybrid;
mod jwe;
mod jwk;
mod options;

use std::fmt::{self, Write as _};

use age::x25519;
use proto::c1::connector::v2::{EncryptedData, EncryptionConfig, PlaintextData, encryption_config};

pub use client_key::ClientKey;
pub use options::local_options;

use crate::error::{Code, Error, Result};

/// The form in which a JWK says who may read.
const JWK: &str = "baton/jwk/v1";
/// The same form, under the name that requests for private keys use.
const JWK_PRIVATE: &str = "baton/jwk/v1/private";
/// The form in which an age recipient says who may read.
const AGE: &str = "baton/age/v1";

/// Who may read the secrets of one answer.
pub struct Recipients(Vec<Recipient>);

enum Recipient {
    Age { key_id: String, recipient: x25519::Recipient },
    Hybrid { key_id: String, recipient: Box<hybrid::Recipient> },
    Jwk { key_id: String, key: jwk::PublicKey },
}

impl Recipients {
    /// The recipients that these configurations name; without any, secrets are dropped.
    ///
    /// # Errors
    /// `InvalidArgument` with the position of the first configuration that names nobody.
    pub fn new(configs: &[EncryptionConfig]) -> Result<Self> {
        let recipients = configs.iter().enumerate().map(|(position, config)| {
            Recipient::new(config)
                .map_err(|why| Error::invalid_argument(format!("invalid encryption config {position}: {why}")))
        });
        Ok(Self(recipients.collect::<Result<_>>()?))
    }

    /// Every secret, sealed once for each recipient; secrets in order, and for each the recipients in order.
    ///
    /// # Errors
    /// `Internal` when a key turns out to be unusable.
    pub fn seal(&self, secrets: &[PlaintextData]) -> Result<Vec<EncryptedData>> {
        let pairs = secrets.iter().flat_map(|secret| self.0.iter().map(move |recipient| (secret, recipient)));
        pairs.map(|(secret, recipient)| recipient.seal(secret)).collect()
    }
}

impl Recipient {
    fn new(config: &EncryptionConfig) -> Result<Self, String> {
        use encryption_config::Config;
        let provider = config.provider.trim().to_ascii_lowercase();
        let provider = match (provider.as_str(), &config.config) {
            ("", Some(Config::AgeRecipientConfig(_))) => AGE,
            ("", Some(Config::JwkPublicKeyConfig(_))) => JWK,
            (named, _) => named,
        };
        match (provider, &config.config) {
            (AGE, Some(Config::AgeRecipientConfig(config))) => Self::age(&config.recipient),
            (AGE, _) => Err("age: age recipient config is required".to_owned()),
            (JWK | JWK_PRIVATE, Some(Config::JwkPublicKeyConfig(config))) => {
                let key = jwk::PublicKey::from_json(&config.pub_key)?;
                Ok(Self::Jwk { key_id: key.thumbprint().to_owned(), key })
            }
            (JWK | JWK_PRIVATE, _) => Err("jwk: public key configuration is required".to_owned()),
            (unknown, _) => Err(format!("crypto/providers: encryption provider not registered ({unknown})")),
        }
    }

    fn age(text: &str) -> Result<Self, String> {
        let key_id = hex(&jwk::sha256(text.as_bytes()));
        if let Some(recipient) = hybrid::Recipient::from_text(text) {
            return Ok(Self::Hybrid { key_id, recipient: Box::new(recipient) });
        }
        let recipient = text.parse().map_err(|_| "age: invalid recipient".to_owned())?;
        Ok(Self::Age { key_id, recipient })
    }

    fn seal(&self, secret: &PlaintextData) -> Result<EncryptedData> {
        let failed = |_| Error::new(Code::Internal, "a secret could not be encrypted for its recipient");
        let (provider, old_key_id, key_id, encrypted_bytes) = match self {
            Self::Age { key_id, recipient } => {
                (AGE, String::new(), key_id, age::encrypt(recipient, &secret.bytes).map_err(failed)?)
            }
            Self::Hybrid { key_id, recipient } => {
                (AGE, String::new(), key_id, age::encrypt(recipient.as_ref(), &secret.bytes).map_err(failed)?)
            }
            // Only this form fills the deprecated field as well.
            Self::Jwk { key_id, key } => (JWK, key_id.clone(), key_id, key.seal(&secret.bytes)?),
        };
        Ok(EncryptedData {
            provider: provider.to_owned(),
            key_id: old_key_id,
            key_ids: vec![key_id.clone()],
            name: secret.name.clone(),
            description: secret.description.clone(),
            schema: secret.schema.clone(),
            encrypted_bytes,
        })
    }
}

impl fmt::Debug for Recipients {
    /// Prints how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipients({})", self.0.len())
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
