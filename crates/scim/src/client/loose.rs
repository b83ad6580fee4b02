//! JSON values as services send them when they do not follow the standard to the letter.

use serde_json::{Map, Value};

/// Returns a member whose name matches whatever its case; the exact name wins. A null member is returned as null.
///
/// Source: RFC 7643 §2.1, attribute names are case-insensitive.
#[must_use]
pub fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Returns a boolean, also from the words `true` and `false` in any case.
#[must_use]
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(word) if word.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Returns text that is not empty, also from a number.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns a number that is not negative, also from its text.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Returns the values of an attribute: of an array, of a single value that should be in one, or none.
#[must_use]
pub fn values(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(values)) => values,
        Some(single) => std::slice::from_ref(single),
    }
}
