//! Digests as texts.

/// The bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}
