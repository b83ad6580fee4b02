//! Random texts that open something, and the hashes that they are known by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::Rng;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// How many letters follow the prefix: 32 bytes in base64url.
const LETTERS: usize = 43;

/// A new secret: the prefix, by which people and scanners know what it is, and 256 random bits.
pub(crate) fn generate(prefix: &str, rng: &dyn Rng) -> SecretString {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill(&mut *bytes);
    SecretString::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Whether the text has the form of a secret with this prefix. Keeps other texts from the database.
pub(crate) fn has_form(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == LETTERS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// What the database knows the secret by: SHA-256 in lower-case hex. The secret has 256 random bits, so no slower hash
/// and no salt is needed.
pub(crate) fn hash(text: &str) -> String {
    store::hex(&Sha256::digest(text))
}

/// The last four letters, to tell one from another.
pub(crate) fn last_four(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    text.get(text.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

/// Whether two hashes are the same, in a time that does not depend on where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    #[test]
    fn secrets_have_a_form_of_their_own() {
        let secret = generate("podium_", &SeededRng::new(1));
        let text = secret.expose_secret();
        assert!(has_form("podium_", text) && !has_form("other_", text));
        assert!(text.ends_with(&last_four(&secret)) && last_four(&secret).len() == 4);
        for wrong in ["", "podium_", &text[1..], &text[..text.len() - 1], &format!("{text}A"), &text.replace('_', "é")]
        {
            assert!(!has_form("podium_", wrong), "{wrong}");
        }
        assert!(same(&hash(text), &hash(text)) && !same(&hash(text), &hash("x")) && hash(text).len() == 64);
    }
}
