//! The texts of numbers, truth values, lists and quotes, as Go's standard library reads and writes them.
//!
//! Scripts rely on what it accepts and on what it says when it does not.

/// Whether the word means true or false; `None` for any other word.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Why a text is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntError {
    Syntax,
    Range,
}

impl IntError {
    /// The words for it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Syntax => "invalid syntax",
            Self::Range => "value out of range",
        }
    }
}

/// The whole number that an integer literal means: decimal, `0x`, `0b`, `0o` or a leading `0` for octal, with `_`
/// between digits or after the prefix.
///
/// # Errors
/// [`IntError`].
///
/// Source: The Go Programming Language Specification, "Integer literals".
pub(super) fn parse_int(text: &str) -> Result<i64, IntError> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let lower = rest.to_ascii_lowercase();
    let (radix, digits, prefixed) = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((radix, lower.strip_prefix(prefix)?, true)))
        .or_else(|| lower.strip_prefix('0').filter(|rest| !rest.is_empty()).map(|rest| (8, rest, true)))
        .unwrap_or((10, lower.as_str(), false));
    let misplaced =
        digits.is_empty() || digits.ends_with('_') || digits.contains("__") || (!prefixed && digits.starts_with('_'));
    if misplaced {
        return Err(IntError::Syntax);
    }
    let mut value: i128 = 0;
    for digit in digits.chars().filter(|one| *one != '_') {
        let digit = digit.to_digit(radix).ok_or(IntError::Syntax)?;
        value = value.saturating_mul(i128::from(radix)).saturating_add(i128::from(digit));
    }
    i64::try_from(if negative { -value } else { value }).map_err(|_| IntError::Range)
}

/// The text in double quotes, with escapes.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for one in text.chars() {
        match one {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let code = u32::from(control);
                let escape = if code < 0x80 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
                quoted.push_str(&escape);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The values of one line of comma-separated values; quotes protect commas, `""` is a quote.
///
/// # Errors
/// What is wrong with the quotes, and where.
pub(super) fn parse_list(text: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    if text.is_empty() {
        return Ok(values);
    }
    let mut rest = text;
    let column = |rest: &str| text.len() - rest.len() + 1;
    loop {
        let (value, after) = if let Some(inner) = rest.strip_prefix('"') {
            quoted_value(inner).map_err(|(why, at)| wrong(why, column(at)))?
        } else {
            let (value, after) = rest.split_at(rest.find([',', '\n', '\r']).unwrap_or(rest.len()));
            if let Some(at) = value.find('"') {
                return Err(wrong("bare \" in non-quoted-field", column(rest) + at));
            }
            (value.to_owned(), after)
        };
        values.push(value);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            // Only the first line counts.
            None => return Ok(values),
        }
    }
}

fn wrong(why: &str, column: usize) -> String {
    format!("parse error on line 1, column {column}: {why}")
}

/// The value up to the closing quote, and what follows it.
fn quoted_value(inner: &str) -> Result<(String, &str), (&'static str, &str)> {
    const MISPLACED: &str = "extraneous or missing \" in quoted-field";
    let mut value = String::new();
    let mut rest = inner;
    loop {
        let Some((before, after)) = rest.split_once('"') else { return Err((MISPLACED, "")) };
        value.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with([',', '\n', '\r']) => return Ok((value, after)),
            None => return Err((MISPLACED, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_go_literals() {
        for (text, expect) in [
            ("0", Ok(0)),
            ("42", Ok(42)),
            ("-1", Ok(-1)),
            ("+7", Ok(7)),
            ("0x1F", Ok(31)),
            ("0X1f", Ok(31)),
            ("010", Ok(8)),
            ("0o10", Ok(8)),
            ("0b101", Ok(5)),
            ("1_000", Ok(1000)),
            ("0x_1", Ok(1)),
            ("0_7", Ok(7)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(IntError::Range)),
            ("", Err(IntError::Syntax)),
            ("-", Err(IntError::Syntax)),
            ("08", Err(IntError::Syntax)),
            ("0x", Err(IntError::Syntax)),
            ("_1", Err(IntError::Syntax)),
            ("1_", Err(IntError::Syntax)),
            ("1__0", Err(IntError::Syntax)),
            ("1.5", Err(IntError::Syntax)),
            (" 1", Err(IntError::Syntax)),
            ("ten", Err(IntError::Syntax)),
        ] {
            assert_eq!(parse_int(text), expect, "{text}");
        }
    }

    #[test]
    fn only_twelve_words_are_truth_values() {
        for word in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(parse_bool(word), Some(true), "{word}");
        }
        for word in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(parse_bool(word), Some(false), "{word}");
        }
        for word in ["", "yes", "on", "tRUE", " true", "2"] {
            assert_eq!(parse_bool(word), None, "{word}");
        }
    }

    #[test]
    fn lists_are_one_line_of_csv() {
        for (text, expect) in [
            ("", Ok(vec![])),
            ("a", Ok(vec!["a"])),
            ("a,b", Ok(vec!["a", "b"])),
            ("a, b", Ok(vec!["a", " b"])),
            ("user role", Ok(vec!["user role"])),
            (",", Ok(vec!["", ""])),
            ("\"a,b\",c", Ok(vec!["a,b", "c"])),
            ("\"a\"\"b\"", Ok(vec!["a\"b"])),
            ("a\"b", Err("parse error on line 1, column 2: bare \" in non-quoted-field")),
            ("\"a", Err("parse error on line 1, column 3: extraneous or missing \" in quoted-field")),
            ("\"a\"b", Err("parse error on line 1, column 4: extraneous or missing \" in quoted-field")),
        ] {
            let expect = expect.map(|values| values.into_iter().map(str::to_owned).collect()).map_err(str::to_owned);
            assert_eq!(parse_list(text), expect, "{text}");
        }
    }

    #[test]
    fn quotes_escape_what_would_confuse_a_terminal() {
        assert_eq!(quote("maybe"), "\"maybe\"");
        assert_eq!(quote("a\"b\\c\n\u{1b}é"), "\"a\\\"b\\\\c\\n\\x1b\u{e9}\"");
    }
}
