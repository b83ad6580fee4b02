//! Sealing for a key on a NIST curve: a compact JWE with ECDH-ES and A256GCM.
//!
//! Start at [`Recipient`]. There is no opening: such keys belong to others.
//!
//! Source: RFC 7516 §3.1, RFC 7518 §4.6 (ECDH-ES), §5.3 (A256GCM).

use aws_lc_rs::aead::{self, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, Algorithm, EphemeralPrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Code, Error, Result};

/// The content encryption, which is also the algorithm id of the key derivation.
const ENCRYPTION: &str = "A256GCM";
const KEY_BITS: u32 = 256;

/// A public key on a curve.
#[derive(Debug)]
pub(super) struct Recipient {
    curve: &'static str,
    algorithm: &'static Algorithm,
    /// The uncompressed point: 4, x, y.
    point: Vec<u8>,
}

impl Recipient {
    /// The key with these coordinates on the curve of this JWK name.
    ///
    /// # Errors
    /// What is wrong, without any of the input.
    pub(super) fn new(curve: &str, x: &[u8], y: &[u8]) -> Result<Self, String> {
        let (curve, algorithm, size) = match curve {
            "P-256" => ("P-256", &agreement::ECDH_P256, 32),
            "P-384" => ("P-384", &agreement::ECDH_P384, 48),
            "P-521" => ("P-521", &agreement::ECDH_P521, 66),
            _ => return Err("jwk: unsupported elliptic curve".to_owned()),
        };
        if x.len() != size || y.len() != size {
            return Err(format!("jwk: x and y of a {curve} key have {size} bytes each"));
        }
        let recipient = Self { curve, algorithm, point: [&[4], x, y].concat() };
        // An agreement is the check that the point is on the curve.
        recipient.agree().map_err(|_| format!("jwk: x and y are no point of {curve}"))?;
        Ok(recipient)
    }

    /// The secret as a compact JWE.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness.
    pub(super) fn seal(&self, secret: &[u8]) -> Result<String> {
        self.try_seal(secret).map_err(|_| Error::new(Code::Internal, "jwk-ecdsa: failed to encrypt"))
    }

    fn try_seal(&self, secret: &[u8]) -> Result<String, Unspecified> {
        let (key, ephemeral) = self.agree()?;
        let (x, y) = ephemeral.split_at_checked(ephemeral.len() / 2).ok_or(Unspecified)?;
        let header = format!(
            r#"{{"alg":"ECDH-ES","enc":"{ENCRYPTION}","epk":{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}}}"#,
            self.curve,
            URL_SAFE_NO_PAD.encode(x),
            URL_SAFE_NO_PAD.encode(y)
        );
        let header = URL_SAFE_NO_PAD.encode(header);

        let mut iv = [0; aead::NONCE_LEN];
        rand::fill(&mut iv)?;
        let mut text = secret.to_vec();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key)?);
        let nonce = Nonce::assume_unique_for_key(iv);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut text)?;
        let [iv, text, tag] = [&iv[..], &text, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
        // The second part, the encrypted key, is empty: the agreed key is used as it is.
        Ok(format!("{header}..{iv}.{text}.{tag}"))
    }

    /// A fresh content key, and the point (x, y) that lets the recipient find it.
    fn agree(&self) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
        let private = EphemeralPrivateKey::generate(self.algorithm, &rand::SystemRandom::new())?;
        let public = private.compute_public_key()?;
        let ephemeral = public.as_ref().get(1..).ok_or(Unspecified)?.to_vec();
        let peer = UnparsedPublicKey::new(self.algorithm, &self.point);
        let key = agreement::agree_ephemeral(private, peer, Unspecified, |shared| Ok(content_key(shared)))?;
        Ok((key, ephemeral))
    }
}

/// The one round of the Concat KDF that 256 bits need, without party information.
fn content_key(shared: &[u8]) -> Vec<u8> {
    let id_length = u32::try_from(ENCRYPTION.len()).unwrap_or_default();
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in [
        &1_u32.to_be_bytes()[..],
        shared,
        &id_length.to_be_bytes(),
        ENCRYPTION.as_bytes(),
        &0_u32.to_be_bytes(),
        &0_u32.to_be_bytes(),
        &KEY_BITS.to_be_bytes(),
    ] {
        hash.update(part);
    }
    hash.finish().as_ref().to_vec()
}
