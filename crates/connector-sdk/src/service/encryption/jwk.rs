//! Public keys as JSON Web Keys: Ed25519, RSA, and the NIST curves.
//!
//! Start at [`PublicKey::from_json`]. The first two seal into an age file for the SSH key of the same numbers, the
//! third into a compact JWE ([`super::jwe`]); the result is base64 text.
//!
//! Source: RFC 7517, RFC 7518 §6, RFC 7638 (thumbprint), RFC 4253 §6.6 (SSH keys).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{hex, jwe};
use crate::error::{Code, Error, Result};

/// The longest JWK that is read: an RSA key of 16384 bits with certificates fits.
const MAX_BYTES: usize = 64 * 1024;

/// A public key that secrets can be sealed for.
#[derive(Debug)]
pub(super) struct PublicKey {
    thumbprint: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Ssh(age::ssh::Recipient),
    Curve(jwe::Recipient),
}

/// The members of a JWK that make up a public key.
#[derive(Deserialize)]
struct Members {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublicKey {
    /// The public key in this JSON; of a private key, its public half.
    ///
    /// # Errors
    /// What is wrong, without any of the input.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, String> {
        if json.len() > MAX_BYTES {
            return Err(format!("jwk: longer than {MAX_BYTES} bytes"));
        }
        let members: Members =
            serde_json::from_slice(json).map_err(|_| "jwk: failed to unmarshal jwk: it is not a JWK".to_owned())?;
        let number = |name: &str, value: &Option<String>| {
            let text = value.as_deref().ok_or_else(|| format!("jwk: member {name} is missing"))?;
            URL_SAFE_NO_PAD
                .decode(text.trim_end_matches('='))
                .map_err(|_| format!("jwk: member {name} is not base64url"))
        };
        match (members.kty.as_str(), members.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                let x = number("x", &members.x)?;
                let point: [u8; 32] = x.try_into().map_err(|_| "jwk: x has not 32 bytes".to_owned())?;
                let kind = Kind::Ssh(ssh_recipient("ssh-ed25519", &ed25519_blob(&point))?);
                Ok(Self { thumbprint: ed25519_thumbprint(&point), kind })
            }
            ("RSA", _) => {
                let (n, e) = (unsigned(number("n", &members.n)?), unsigned(number("e", &members.e)?));
                let blob = [ssh_string(b"ssh-rsa"), positive(&e), positive(&n)].concat();
                let canonical = format!(
                    r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                    URL_SAFE_NO_PAD.encode(e),
                    URL_SAFE_NO_PAD.encode(n)
                );
                let kind = Kind::Ssh(ssh_recipient("ssh-rsa", &blob)?);
                Ok(Self { thumbprint: hex(&sha256(canonical.as_bytes())), kind })
            }
            ("EC", Some(curve)) => {
                let (x, y) = (number("x", &members.x)?, number("y", &members.y)?);
                let recipient = jwe::Recipient::new(curve, &x, &y)?;
                let canonical = format!(
                    r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#,
                    URL_SAFE_NO_PAD.encode(x),
                    URL_SAFE_NO_PAD.encode(y)
                );
                Ok(Self { thumbprint: hex(&sha256(canonical.as_bytes())), kind: Kind::Curve(recipient) })
            }
            _ => Err("jwk: unsupported key type".to_owned()),
        }
    }

    /// The hexadecimal SHA-256 thumbprint of the key.
    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The secret, sealed, as base64 text.
    ///
    /// # Errors
    /// `Internal` when the key turns out to be unusable.
    pub(super) fn seal(&self, secret: &[u8]) -> Result<Vec<u8>> {
        let sealed = match &self.kind {
            Kind::Ssh(recipient) => age::encrypt(recipient, secret)
                .map_err(|_| Error::new(Code::Internal, "jwk: failed to encrypt for an SSH key"))?,
            Kind::Curve(recipient) => recipient.seal(secret)?.into_bytes(),
        };
        Ok(STANDARD.encode(sealed).into_bytes())
    }
}

/// The hexadecimal SHA-256 thumbprint of an Ed25519 key.
pub(super) fn ed25519_thumbprint(point: &[u8; 32]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(point));
    hex(&sha256(canonical.as_bytes()))
}

/// The SSH encoding of an Ed25519 public key.
pub(super) fn ed25519_blob(point: &[u8; 32]) -> Vec<u8> {
    [ssh_string(b"ssh-ed25519"), ssh_string(point)].concat()
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn ssh_recipient(kind: &str, blob: &[u8]) -> Result<age::ssh::Recipient, String> {
    use age::ssh::ParseRecipientKeyError as Fault;
    format!("{kind} {}", STANDARD.encode(blob)).parse().map_err(|fault| match fault {
        Fault::RsaModulusTooSmall => "jwk: an RSA key needs at least 2048 bits".to_owned(),
        Fault::RsaModulusTooLarge => "jwk: an RSA key may have at most 4096 bits".to_owned(),
        _ => "jwk: the numbers are no key".to_owned(),
    })
}

/// The number without leading zero bytes.
fn unsigned(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

/// An SSH `string`: length, bytes. Keys are bounded far below 4 GiB.
pub(super) fn ssh_string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// An SSH `mpint` of a positive number without leading zero bytes.
fn positive(number: &[u8]) -> Vec<u8> {
    match number.first() {
        Some(0x80..) => ssh_string(&[&[0], number].concat()),
        _ => ssh_string(number),
    }
}
