//! The value of one setting, as environment and config file give it.

use super::field::{Field, Kind};
use super::literal::{parse_bool, parse_int};

/// A value of the type of its field.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Bool(bool),
    Int(i64),
    List(Vec<String>),
}

impl Value {
    /// The value when nothing sets it.
    pub(super) fn default_of(field: &Field) -> Self {
        match field.kind {
            Kind::Text(text) => Self::Text(text.to_owned()),
            Kind::Bool => Self::Bool(false),
            Kind::Int(number) => Self::Int(number),
            Kind::List => Self::List(Vec::new()),
        }
    }

    /// The value that a non-empty environment variable means. What is no value of the type counts as false, 0 or the
    /// empty text, as it always did, with a warning.
    ///
    /// Source: connector-cli §1.3, §9.
    pub(super) fn from_environment(field: &Field, text: &str, warnings: &mut Vec<String>) -> Self {
        from_text(field, &field.env_name(), text, warnings)
    }

    /// The value under the field's key in the config file; `None` for `null`.
    pub(super) fn from_file(field: &Field, json: &serde_json::Value, warnings: &mut Vec<String>) -> Option<Self> {
        use serde_json::Value as Json;
        let key = format!("`{}` in the config file", field.name);
        Some(match (field.kind, json) {
            (_, Json::Null) => return None,
            (Kind::List, Json::Array(items)) => Self::List(items.iter().map(scalar_text).collect()),
            (Kind::Text(_), Json::Array(_) | Json::Object(_)) => {
                warnings.push(format!("{key} is no text and counts as empty; hint: put it in quotes"));
                Self::Text(String::new())
            }
            (Kind::Bool, Json::Bool(on)) => Self::Bool(*on),
            (Kind::Int(_), Json::Number(number)) if number.is_i64() => Self::Int(number.as_i64().unwrap_or_default()),
            (_, Json::Array(_) | Json::Object(_)) => {
                warnings.push(format!("{key} has a type that it cannot have and counts as not given"));
                return None;
            }
            (_, scalar) => from_text(field, &key, &scalar_text(scalar), warnings),
        })
    }
}

fn from_text(field: &Field, place: &str, text: &str, warnings: &mut Vec<String>) -> Value {
    match field.kind {
        Kind::Text(_) => Value::Text(text.to_owned()),
        Kind::Bool => Value::Bool(parse_bool(text).unwrap_or_else(|| {
            warnings.push(format!("{place} is neither true nor false and counts as false"));
            false
        })),
        Kind::Int(_) => Value::Int(parse_int(text).unwrap_or_else(|_| {
            warnings.push(format!("{place} is no whole number and counts as 0"));
            0
        })),
        Kind::List if text.is_empty() => Value::List(Vec::new()),
        Kind::List => Value::List(text.split(',').map(str::to_owned).collect()),
    }
}

fn scalar_text(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}
