//! The connector's own key, which opens the passwords that the server sends.
//!
//! Start at [`ClientKey`]. It is the private key of the client secret, used as the SSH key of the same numbers.

use std::fmt;

use age::ssh::Identity;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::c1::connector::v2::EncryptedData;
use zeroize::Zeroizing;

use super::jwk::{self, ssh_string};
use crate::error::{Code, Error, Result};

/// The longest secret that is opened: a password needs far less.
const MAX_BYTES: usize = 64 * 1024;

/// The private key of a client secret.
pub struct ClientKey {
    key_id: String,
    identity: Identity,
}

impl ClientKey {
    /// The Ed25519 key with this seed and public point (members `d` and `x` of the JWK).
    ///
    /// `key_id` is the `kid` of the JWK; without one, the key goes by its hexadecimal SHA-256 thumbprint.
    ///
    /// # Errors
    /// `InvalidArgument` when the numbers are no key.
    pub fn new(seed: &[u8; 32], point: &[u8; 32], key_id: Option<&str>) -> Result<Self> {
        let file = openssh_file(seed, point);
        let identity = Identity::from_buffer(file.as_bytes(), None)
            .ok()
            .filter(|identity| matches!(identity, Identity::Unencrypted(_)))
            .ok_or_else(|| Error::invalid_argument("the client secret holds no usable key"))?;
        let key_id = key_id.filter(|id| !id.is_empty());
        Ok(Self { key_id: key_id.map_or_else(|| jwk::ed25519_thumbprint(point), str::to_owned), identity })
    }

    /// By which id senders name this key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The text that was sealed for this key.
    ///
    /// # Errors
    /// `Internal` when it was not, or is no text; nothing of the input is told.
    pub(super) fn open(&self, sealed: &EncryptedData) -> Result<String> {
        let failed = |why: &str| Error::new(Code::Internal, format!("error decrypting password: {why}"));
        if sealed.encrypted_bytes.len() > MAX_BYTES {
            return Err(failed("jwk: it is too long"));
        }
        let file = STANDARD
            .decode(&sealed.encrypted_bytes)
            .map_err(|_| failed("jwk: failed to decode encrypted bytes: it is not base64"))?;
        let plain = age::decrypt(&self.identity, &file).map_err(|_| failed("jwk-ed25519: age: failed to decrypt"))?;
        String::from_utf8(plain).map_err(|_| failed("it is not UTF-8"))
    }
}

impl fmt::Debug for ClientKey {
    /// Prints the id and nothing of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The key as the file that OpenSSH keeps it in, without a passphrase: the one form that can be read from outside.
///
/// Source: PROTOCOL.key of OpenSSH.
fn openssh_file(seed: &[u8; 32], point: &[u8; 32]) -> Zeroizing<String> {
    const NONE: &[u8] = b"none";
    const COUNT: [u8; 4] = 1_u32.to_be_bytes();
    // Twice the same four bytes tell a reader that no passphrase is missing.
    const CHECK: [u8; 8] = [0; 8];
    const BLOCK: usize = 8;
    const LINE: usize = 70;

    let pair = Zeroizing::new([&seed[..], point].concat());
    let parts = [ssh_string(b"ssh-ed25519"), ssh_string(point), ssh_string(&pair), ssh_string(b"")].map(Zeroizing::new);
    let mut private = Zeroizing::new(CHECK.to_vec());
    for part in &parts {
        private.extend_from_slice(part);
    }
    let padding = private.len().next_multiple_of(BLOCK) - private.len();
    private.extend((1..).take(padding));
    let public = jwk::ed25519_blob(point);
    let head = [b"openssh-key-v1\0", &ssh_string(NONE)[..], &ssh_string(NONE), &ssh_string(b""), &COUNT].concat();
    let private = Zeroizing::new(ssh_string(&private));
    let whole = Zeroizing::new([&head[..], &ssh_string(&public), &private].concat());
    let text = Zeroizing::new(STANDARD.encode(&whole));
    let mut file = Zeroizing::new("-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        file.push_str(line);
        file.push('\n');
        rest = more;
    }
    file.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    file
}
