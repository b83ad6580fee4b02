//! Strings and numbers in JSON.

use std::io::Write as _;

use super::Fault;

/// Appends `text` in quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Fault> {
    std::str::from_utf8(text).map_err(|_| Fault::Utf8)?;
    out.push(b'"');
    // Looking at every byte, whatever was found before, is what the compiler can vectorise.
    if text.iter().fold(false, |found, byte| found | must_be_escaped(*byte)) {
        for byte in text {
            escaped(out, *byte);
        }
    } else {
        out.extend_from_slice(text);
    }
    out.push(b'"');
    Ok(())
}

fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => put(out, format_args!("\\u{byte:04x}")),
        _ => out.push(byte),
    }
}

/// Appends what `arguments` print; nothing in them may need an escape.
pub(super) fn put(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    #[expect(clippy::expect_used, reason = "a vector takes whatever is written")]
    out.write_fmt(arguments).expect("memory can be written");
}

/// Appends a number with the fewest digits that give it back, or its name when it has no digits.
pub(super) fn float(out: &mut Vec<u8>, number: f64) {
    match number.abs() {
        size if size.is_nan() => out.extend_from_slice(b"\"NaN\""),
        size if size.is_infinite() && number > 0.0 => out.extend_from_slice(b"\"Infinity\""),
        size if size.is_infinite() => out.extend_from_slice(b"\"-Infinity\""),
        size if size != 0.0 && !(1e-6..1e21).contains(&size) => {
            put(out, format_args!("{number:e}"));
        }
        _ => put(out, format_args!("{number}")),
    }
}

/// As [`float`], with the fewest digits that a single-precision number needs.
pub(super) fn float32(out: &mut Vec<u8>, number: f32) {
    match number.abs() {
        size if !size.is_finite() => float(out, f64::from(number)),
        size if size != 0.0 && !(1e-6..1e21).contains(&size) => {
            put(out, format_args!("{number:e}"));
        }
        _ => put(out, format_args!("{number}")),
    }
}
