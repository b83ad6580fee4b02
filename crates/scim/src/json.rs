//! Request bodies: strict JSON, read with bounds.
//!
//! What other readers let pass is refused here, because a provider that takes the last of two
//! `active` members can be made to see something else than the proxy in front of it: members that
//! occur twice (names of attributes have no case, so neither has this check), depth beyond a
//! limit, text after the end. A byte order mark is skipped.

use std::collections::HashSet;
use std::fmt;

use http::StatusCode;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, excerpt};

/// How large a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, including a byte order mark.
    pub size_bytes: usize,
    /// Objects and arrays inside of each other.
    pub depth: usize,
}

impl Default for Limits {
    /// 1 MiB and 32 levels.
    fn default() -> Self {
        Self { size_bytes: 1024 * 1024, depth: 32 }
    }
}

/// Why a body is refused.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Too long.
    #[error("the body is longer than {limit_bytes} bytes")]
    TooLarge {
        /// What is allowed.
        limit_bytes: usize,
    },
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {position} on")]
    NotUtf8 {
        /// The first wrong byte, counted from 1.
        position: usize,
    },
    /// Not JSON, or JSON that is refused. The text names the line and column, and never quotes more
    /// of the body than the name of a member.
    #[error("the body is not acceptable JSON: {0}")]
    Syntax(#[source] serde_json::Error),
}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        let detail = format!("{error}.");
        match error {
            JsonError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            JsonError::NotUtf8 { .. } | JsonError::Syntax(_) => Self::invalid_syntax(detail),
        }
    }
}

/// Returns the value of a JSON text.
///
/// # Errors
/// [`JsonError`] if it is longer or deeper than `limits`, not UTF-8, not JSON, or has a member twice.
pub fn parse(body: &[u8], limits: Limits) -> Result<Value, JsonError> {
    if body.len() > limits.size_bytes {
        return Err(JsonError::TooLarge { limit_bytes: limits.size_bytes });
    }
    let text = std::str::from_utf8(body).map_err(|error| JsonError::NotUtf8 { position: error.valid_up_to() + 1 })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict { levels_left: limits.depth };
    let value = strict.deserialize(&mut reader).map_err(JsonError::Syntax)?;
    reader.end().map_err(JsonError::Syntax)?;
    Ok(value)
}

/// Reads one value, with so many levels left below it.
#[derive(Clone, Copy)]
struct Strict {
    levels_left: usize,
}

impl Strict {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left }),
            None => Err(E::custom("it is nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(below)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut values = Map::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(A::Error::custom(format_args!("`{}` occurs twice", excerpt(&name))));
            }
            values.insert(name, members.next_value_seed(below)?);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ScimType;

    fn parse_default(body: &[u8]) -> Result<Value, Error> {
        parse(body, Limits::default()).map_err(Error::from)
    }

    #[test]
    fn ordinary_json_is_read_in_order() {
        let body = br#" {"b": [1, -2, 1.5, null, true, "x\u00e9"], "a": {}} "#;
        let value = parse_default(body).unwrap();
        assert_eq!(value, json!({"b": [1, -2, 1.5, null, true, "xé"], "a": {}}));
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse_default(b"\xef\xbb\xbf{}").unwrap(), json!({}));
        assert!(parse_default(b"\xef\xbb\xbf\xef\xbb\xbf{}").is_err());
    }

    #[test]
    fn what_is_ambiguous_or_broken_is_refused() {
        for (body, words) in [
            (&br#"{"active": true, "active": false}"#[..], "`active` occurs twice"),
            (br#"{"active": true, "Active": false}"#, "`Active` occurs twice"),
            (br#"{"a": [{"b": 1, "b": 1}]}"#, "`b` occurs twice"),
            (br#"{"a": 1} x"#, "trailing characters"),
            (br#"{"a": 1"#, "EOF"),
            (b"", "EOF"),
            (b"{'a': 1}", "key must be a string"),
            (b"[1,]", "trailing comma"),
            (b"NaN", "expected value"),
            (b"1e999", "number out of range"),
            (br#""\ud800""#, "hex escape"),
            (b"{\"a\": \"\xff\"}", "not UTF-8 from byte 8 on"),
            (b"\xff\xfe{\x00}\x00", "not UTF-8 from byte 1 on"),
        ] {
            let error = parse_default(body).expect_err(words);
            assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
            assert!(error.detail.contains(words), "{}: {}", words, error.detail);
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_default(nested(32).as_bytes()).is_ok());
        for levels in [33, 100, 200_000] {
            let error = parse_default(nested(levels).as_bytes()).unwrap_err();
            assert!(error.detail.contains("nested too deeply"), "{}", error.detail);
        }
        let limits = Limits { size_bytes: 4, depth: 32 };
        assert!(parse(b"1234", limits).is_ok());
        let error = Error::from(parse(b"12345", limits).unwrap_err());
        assert_eq!((error.status.as_u16(), error.scim_type), (413, None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_default(&body);
        }

        #[test]
        fn what_is_read_is_what_the_plain_reader_reads(text in r#"[\[\]{}:, "a0-9.eE+-]{0,24}"#) {
            if let Ok(value) = parse_default(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
        }
    }
}
