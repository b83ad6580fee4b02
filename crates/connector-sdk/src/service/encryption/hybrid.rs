//! Age recipients that begin with `age1pq1`: safe against a quantum computer, and the standard of newer senders.
//!
//! Start at [`Recipient`]. It wraps the file key by HPKE with the KEM MLKEM768-X25519, HKDF-SHA256 and
//! ChaCha20-Poly1305. There is no opening: such keys belong to others.
//!
//! Source: the age specification (mlkem768x25519 stanza), RFC 9180, draft-ietf-hpke-pq, draft-connolly-cfrg-xwing-kem.

use std::collections::HashSet;
use std::io;

use age::EncryptError;
use age::secrecy::ExposeSecret as _;
use age_core::format::{FileKey, Stanza};
use age_core::primitives::bech32_decode;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// How the text of a recipient begins.
const PREFIX: &str = "age1pq";
/// How long the two halves of a recipient are: an ML-KEM-768 key and an X25519 point.
const LATTICE_BYTES: usize = 1184;
const CURVE_BYTES: usize = 32;
/// The number of the KEM in HPKE.
const KEM: u16 = 0x647a;
/// What the KEM mixes into its secret, and what HPKE mixes into its keys.
const KEM_LABEL: &[u8] = br"\.//^\";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";

/// A recipient of both kinds.
pub(super) struct Recipient {
    lattice: EncapsulationKey<aws_lc_rs::kem::AlgorithmId>,
    curve: [u8; CURVE_BYTES],
}

impl Recipient {
    /// The recipient that this text (`age1pq1…`) names; `None` when it names none.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let prefix = |found: &str| (found == PREFIX).then_some(()).ok_or(());
        let bytes = bech32_decode(text, |_| (), |hrp| prefix(hrp.as_str()), |_, bytes| Ok(bytes.collect::<Vec<u8>>()));
        Self::from_bytes(&bytes.ok()?)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (lattice, curve) = bytes.split_at_checked(LATTICE_BYTES)?;
        let lattice = EncapsulationKey::new(&ML_KEM_768, lattice).ok()?;
        let recipient = Self { lattice, curve: curve.try_into().ok()? };
        // An agreement is the check that both halves are keys.
        recipient.agree().ok()?;
        Some(recipient)
    }

    /// A fresh secret, and what lets the recipient find it.
    fn agree(&self) -> Result<(digest::Digest, Vec<u8>), Unspecified> {
        let (capsule, lattice_secret) = self.lattice.encapsulate()?;
        let private = EphemeralPrivateKey::generate(&X25519, &rand::SystemRandom::new())?;
        let point = private.compute_public_key()?;
        let peer = UnparsedPublicKey::new(&X25519, &self.curve);
        let secret = agreement::agree_ephemeral(private, peer, Unspecified, |curve_secret| {
            Ok(combined(lattice_secret.as_ref(), curve_secret, point.as_ref(), &self.curve))
        })?;
        Ok((secret, [capsule.as_ref(), point.as_ref()].concat()))
    }

    fn wrap(&self, file_key: &FileKey) -> Result<Stanza, Unspecified> {
        let (secret, encapsulated) = self.agree()?;
        let (key, nonce) = key_and_nonce(KEM, secret.as_ref(), INFO);
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_ref())?);
        let mut body = file_key.expose_secret().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut body)?;
        Ok(Stanza { tag: "mlkem768x25519".to_owned(), args: vec![STANDARD_NO_PAD.encode(encapsulated)], body })
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = self.wrap(file_key).map_err(|_| EncryptError::Io(io::Error::other("no key agreement")))?;
        Ok((vec![stanza], ["postquantum".to_owned()].into()))
    }
}

/// The secret of both halves together.
fn combined(lattice_secret: &[u8], curve_secret: &[u8], ephemeral: &[u8], curve: &[u8]) -> digest::Digest {
    let mut hash = digest::Context::new(&digest::SHA3_256);
    for part in [lattice_secret, curve_secret, ephemeral, curve, KEM_LABEL] {
        hash.update(part);
    }
    hash.finish()
}

/// Key and first nonce of HPKE in base mode.
///
/// Source: RFC 9180 §5.1, with KDF 1 (HKDF-SHA256) and AEAD 3 (ChaCha20-Poly1305).
fn key_and_nonce(kem: u16, secret: &[u8], info: &[u8]) -> (hmac::Tag, [u8; NONCE_LEN]) {
    const MODE_BASE: &[u8] = &[0];
    const KEY_LENGTH: u8 = 32;
    const NONCE_LENGTH: u8 = 12;
    let suite = [b"HPKE", &kem.to_be_bytes()[..], &[0, 1], &[0, 3]].concat();
    let extract = |salt: &[u8], label: &[u8], input: &[u8]| mac(salt, &[b"HPKE-v1", &suite, label, input]);
    let context =
        [MODE_BASE, extract(b"", b"psk_id_hash", b"").as_ref(), extract(b"", b"info_hash", info).as_ref()].concat();
    let secret = extract(secret, b"secret", b"");
    // One block of the expansion is enough for both.
    let expand =
        |length: u8, label: &[u8]| mac(secret.as_ref(), &[&[0, length], b"HPKE-v1", &suite, label, &context, &[1]]);
    let mut nonce = [0; NONCE_LEN];
    nonce.iter_mut().zip(expand(NONCE_LENGTH, b"base_nonce").as_ref()).for_each(|(to, from)| *to = *from);
    (expand(KEY_LENGTH, b"key"), nonce)
}

/// HMAC-SHA256 of the parts, which stand for one text.
fn mac(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let text = Zeroizing::new(parts.concat());
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &text)
}

#[cfg(test)]
mod tests;
