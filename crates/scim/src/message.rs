//! What all protocol messages have in common.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::path::member;
use crate::value::Strictness;

/// Checks that a message says what it is. Leniently, one that says nothing passes.
///
/// # Errors
/// 400 `invalidSyntax`.
pub(crate) fn check_schemas(message: &Map<String, Value>, expected: &str, strictness: Strictness) -> Result<(), Error> {
    let schemas = match member(message, "schemas") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(schemas)) => schemas.as_slice(),
        Some(_) => return Err(Error::invalid_syntax("`schemas` is not an array.")),
    };
    let is_silent = schemas.is_empty() && strictness == Strictness::Lenient;
    let is_expected = schemas.iter().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(expected));
    if is_silent || is_expected {
        Ok(())
    } else {
        Err(Error::invalid_syntax(format!("`schemas` does not name `{expected}`.")))
    }
}
