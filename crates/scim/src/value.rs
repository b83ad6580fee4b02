//! Values as clients send them, brought to the type of their attribute.
//!
//! Identity providers disagree on types: `"False"` for a boolean, an array of one for a single
//! value, a number for an id. [`coerce`] is the one place that decides what is taken for what; it
//! serves POST, PUT and PATCH alike.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::instant;
use crate::path::{is_present, member};
use crate::schema::{Attribute, Kind};

/// Whether deviations from the RFC are forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// What identity providers are known to send is understood.
    #[default]
    Lenient,
    /// Only what the RFC allows.
    Strict,
}

/// Why a value does not fit its attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of `{attribute}` is {found}, expected {expected}")]
pub struct ValueError {
    /// The name of the attribute or sub-attribute.
    pub attribute: String,
    /// What its type wants.
    pub expected: &'static str,
    /// What kind of JSON came instead; never the value itself, which may be secret.
    pub found: &'static str,
}

impl From<ValueError> for Error {
    fn from(error: ValueError) -> Self {
        Self::invalid_value(format!("{error}."))
    }
}

/// Returns the value in the type of its attribute, or none if it means "unassigned".
///
/// - `null`, `[]` and the attribute's own [`unassigned_words`](Attribute::unassigned_words) mean that.
/// - A single-valued attribute takes an array of one, and `[{"value": x}]` if it is a boolean.
/// - A boolean takes `true` and `false` as text, in any case, with spaces around.
/// - A multi-valued attribute takes a lone element.
/// - Keys of a complex value are brought to the spelling of the schema; unknown ones are dropped.
///
/// # Errors
/// [`ValueError`] for everything else.
pub fn coerce(attribute: &Attribute, value: &Value) -> Result<Option<Value>, ValueError> {
    if attribute.multi_valued {
        return coerce_all(attribute, value);
    }
    match value {
        Value::Array(elements) => match elements.as_slice() {
            [] => Ok(None),
            [Value::Array(_)] => Err(mismatch(attribute, value)),
            [Value::Object(members)] if attribute.kind == Kind::Boolean => match member(members, "value") {
                Some(inner) if !inner.is_array() => coerce_one(attribute, inner),
                _ => Err(mismatch(attribute, value)),
            },
            [element] => coerce_one(attribute, element),
            _ => Err(mismatch(attribute, value)),
        },
        _ => coerce_one(attribute, value),
    }
}

/// Returns the boolean that a piece of text spells: `true` or `false`, in any case, trimmed.
#[must_use]
pub fn boolean_word(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn coerce_all(attribute: &Attribute, value: &Value) -> Result<Option<Value>, ValueError> {
    let elements = match value {
        Value::Null => return Ok(None),
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut coerced = Vec::with_capacity(elements.len());
    for element in elements {
        coerced.extend(coerce_one(attribute, element)?);
    }
    Ok((!coerced.is_empty()).then_some(Value::Array(coerced)))
}

/// Coerces one value, without regard to whether the attribute has many.
fn coerce_one(attribute: &Attribute, value: &Value) -> Result<Option<Value>, ValueError> {
    if let Value::String(text) = value
        && attribute.unassigned_words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
    {
        return Ok(None);
    }
    let coerced = match (attribute.kind, value) {
        (_, Value::Null) => return Ok(None),
        (Kind::Complex, Value::Object(members)) => return coerce_members(attribute, members),
        (Kind::Boolean, Value::Bool(_))
        | (Kind::String | Kind::Reference | Kind::Binary, Value::String(_))
        | (Kind::Decimal, Value::Number(_)) => Some(value.clone()),
        (Kind::Boolean, Value::String(text)) => boolean_word(text).map(Value::Bool),
        (Kind::Integer, Value::Number(number)) if !number.is_f64() => Some(value.clone()),
        (Kind::String, Value::Number(number)) if attribute.accepts_numbers => Some(Value::String(number.to_string())),
        (Kind::DateTime, Value::String(text)) => instant::parse(text).map(|_| value.clone()),
        _ => None,
    };
    coerced.map(Some).ok_or_else(|| mismatch(attribute, value))
}

fn coerce_members(attribute: &Attribute, members: &Map<String, Value>) -> Result<Option<Value>, ValueError> {
    let mut coerced = Map::new();
    for (key, value) in members {
        if let Some(sub) = attribute.sub_attribute(key)
            && let Some(value) = coerce(sub, value)?
        {
            coerced.insert(sub.name.clone(), value);
        }
    }
    let coerced = Value::Object(coerced);
    Ok(is_present(&coerced).then_some(coerced))
}

fn mismatch(attribute: &Attribute, value: &Value) -> ValueError {
    ValueError {
        attribute: attribute.name.clone(),
        expected: match attribute.kind {
            Kind::String | Kind::Reference | Kind::Binary => "a string",
            Kind::Boolean => "true or false",
            Kind::Decimal => "a number",
            Kind::Integer => "a whole number",
            Kind::DateTime => "a date and time such as \"2026-01-05T09:00:00Z\"",
            Kind::Complex => "an object",
        },
        found: match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        },
    }
}

#[cfg(test)]
mod tests;
