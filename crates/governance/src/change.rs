//! What use cases that change an object share: its version, its changed fields, texts as they are kept.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The changed fields of an object, for its audit row.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Changes {
    /// Puts the wished value in the place of the present one. Returns whether it was another.
    pub(crate) fn set<T: Serialize + PartialEq>(&mut self, field: &str, present: &mut T, wished: T) -> Result<bool> {
        if *present == wished {
            return Ok(false);
        }
        let json = |value: &T| serde_json::to_value(value).map_err(Error::internal);
        self.before.insert(field.to_owned(), json(present)?);
        self.after.insert(field.to_owned(), json(&wished)?);
        *present = wished;
        Ok(true)
    }

    /// A field of a new object, which was nothing before.
    pub(crate) fn made(&mut self, field: &str, value: impl Into<Value>) {
        self.after.insert(field.to_owned(), value.into());
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.after.is_empty()
    }

    /// The fields as they were and as they are.
    pub(crate) fn into_values(self) -> (Value, Value) {
        (Value::Object(self.before), Value::Object(self.after))
    }
}

/// Fails when the caller has read another version than there is.
pub(crate) fn check_version(
    expected: Option<i64>,
    version: i64,
    kind: &'static str,
    id: impl std::fmt::Display,
) -> Result<()> {
    match expected {
        Some(expected) if expected != version => Err(store::Error::Stale { kind, id: id.to_string() }.into()),
        _ => Ok(()),
    }
}

/// A text of one line as it is kept: trimmed, neither empty nor longer than so many letters.
pub(crate) fn line(field: &str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains(char::is_control) {
        return Err(Error::invalid(field, format!("`{field}` is 1 to {longest} letters on one line")));
    }
    Ok(text.to_owned())
}

/// A text as it is kept: trimmed, not longer than so many letters.
pub(crate) fn text(field: &str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if text.chars().count() > longest || text.contains(is_odd) {
        return Err(Error::invalid(field, format!("`{field}` has at most {longest} letters")));
    }
    Ok(text.to_owned())
}

/// A reason as it is kept.
pub(crate) fn reason(given: &str) -> Result<String> {
    let kept = text("reason", given, 1_000)?;
    if kept.is_empty() {
        return Err(Error::invalid("reason", "say why: the reason stands in the audit log"));
    }
    Ok(kept)
}

/// A mail address as it is kept: folded (R-I-1).
pub(crate) fn email(field: &str, given: &str) -> Result<String> {
    let kept = domain::email::fold(given);
    let (user, host) = kept.rsplit_once('@').unwrap_or_default();
    let is_odd = |letter: char| letter.is_control() || letter.is_whitespace();
    if user.is_empty() || host.is_empty() || kept.len() > 254 || kept.contains(is_odd) {
        return Err(Error::invalid(field, "this is not a mail address"));
    }
    Ok(kept)
}
