//! Unicode simple case folding: how attributes without `caseExact` compare.
//!
//! Simple folding maps one character to one character, so `ß` and `ss` differ and nothing needs a
//! locale. The tables are those of the Unicode project's own library.

use std::cmp::Ordering;

use icu_casemap::CaseMapper;

/// Returns the text with each character folded; what folds alike is the same text for SCIM.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// Says whether two texts are the same without case. Allocates nothing.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    compare(left, right).is_eq()
}

/// Compares two texts without case, by the code points of their folded forms. Allocates nothing.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    left.chars().map(fold).cmp(right.chars().map(fold))
}

/// Says whether `text` contains `part` without case. Allocates nothing.
#[must_use]
pub fn contains(text: &str, part: &str) -> bool {
    text.char_indices().filter_map(|(start, _)| text.get(start..)).any(|rest| starts_with(rest, part))
        || part.is_empty()
}

/// Says whether `text` starts with `part` without case. Allocates nothing.
#[must_use]
pub fn starts_with(text: &str, part: &str) -> bool {
    is_prefix(text.chars(), part.chars())
}

/// Says whether `text` ends with `part` without case. Allocates nothing.
#[must_use]
pub fn ends_with(text: &str, part: &str) -> bool {
    is_prefix(text.chars().rev(), part.chars().rev())
}

fn is_prefix(mut text: impl Iterator<Item = char>, part: impl Iterator<Item = char>) -> bool {
    part.into_iter().all(|wanted| text.next().is_some_and(|found| fold(found) == fold(wanted)))
}

fn fold(character: char) -> char {
    if character.is_ascii() { character.to_ascii_lowercase() } else { CaseMapper::new().simple_fold(character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_simple_and_knows_more_than_ascii() {
        for (left, right, expected) in [
            ("Ada@Example.COM", "ada@example.com", true),
            ("ΣΊΣΥΦΟΣ", "σίσυφος", true),
            ("straße", "STRASSE", false),
            ("\u{212a}elvin", "kelvin", true),
            ("İ", "i", false),
            ("", "", true),
            ("a", "ab", false),
        ] {
            assert_eq!(same(left, right), expected, "{left} {right}");
            assert_eq!(folded(left) == folded(right), expected, "{left} {right}");
        }
    }

    #[test]
    fn parts_are_found_without_case() {
        assert!(contains("Grüße aus ULM", "SSE") == contains("grüsse", "xyz"));
        assert!(contains("ÄRGER", "ärg") && starts_with("ÄRGER", "ärg") && !ends_with("ÄRGER", "ärg"));
        assert!(ends_with("ada@EXAMPLE.com", "@example.COM"));
        assert!(contains("", "") && starts_with("", "") && ends_with("", ""));
        assert!(!contains("ab", "abc"));
    }
}
