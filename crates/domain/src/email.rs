//! Addresses as they are compared.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The text as it is compared: without spaces around it, in Unicode NFKC, in lower case.
///
/// Source: governance R-I-1.
#[must_use]
pub fn fold(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_i_1_fold() {
        for (text, folded) in [
            (" Anna.Smith@Example.COM ", "anna.smith@example.com"),
            ("a+tag@example.com", "a+tag@example.com"),
            ("ＡＮＮＡ@example.com", "anna@example.com"),
            ("Zoe\u{308}@example.com", "zoë@example.com"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
