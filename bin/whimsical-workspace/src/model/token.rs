//! SCIM tokens: made, shown, compared, rotated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::Rng;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What every token starts with, so that scanners recognise a leaked one.
pub const PREFIX: &str = "whscim_";

/// One SCIM token. `Debug` doesn't show it.
#[derive(Debug, Clone)]
pub struct Token {
    secret: SecretString,
    digest: [u8; 32],
}

impl Token {
    /// Returns the token with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { digest: Sha256::digest(text).into(), secret: text.into() }
    }

    /// Draws a token of 32 random bytes.
    #[must_use]
    pub fn draw(rng: &dyn Rng) -> Self {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        Self::new(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Returns the token itself: for the person who pressed "Reveal", and for the store.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns the last four characters, for lists.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = self.reveal();
        let start = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        text.get(start..).unwrap_or_default().to_owned()
    }

    /// Whether `text` is this token; the time does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(text).into();
        aws_lc_rs::constant_time::verify_slices_are_equal(&digest, &self.digest).is_ok()
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

/// The state of SCIM: on or off, the present token, and one that still works for a while.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scim {
    /// Whether SCIM is on.
    pub enabled: bool,
    /// The present token; kept while SCIM is off.
    pub token: Option<Token>,
    /// The token before a rotation and until when it works.
    pub former: Option<(Token, Timestamp)>,
}

impl Scim {
    /// Whether `text` is a token that works at `now`.
    #[must_use]
    pub fn accepts(&self, text: &str, now: Timestamp) -> bool {
        let is_present = self.token.as_ref().is_some_and(|token| token.matches(text));
        let is_former = self.former.as_ref().is_some_and(|(token, until)| now < *until && token.matches(text));
        is_present || is_former
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognisable_and_hidden() {
        let token = Token::draw(&ids::SeededRng::new(1));
        assert!(token.reveal().starts_with(PREFIX));
        assert_eq!(token.reveal().len(), PREFIX.len() + 43);
        assert!(!format!("{token:?}").contains(&token.reveal()[PREFIX.len()..]));
        assert!(token.reveal().ends_with(&token.tail()));
        assert_eq!(token.tail().len(), 4);
        assert!(token.matches(token.reveal()));
        assert!(!token.matches(&token.reveal().to_uppercase()));
    }
}
