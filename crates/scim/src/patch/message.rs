//! The message around the operations.

use serde_json::Value;

use super::{MAX_OPERATIONS, PATCH_OP};
use crate::error::{Error, excerpt};
use crate::message::check_schemas;
use crate::path::member;
use crate::value::Strictness;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

/// One operation, not yet resolved against a schema.
pub(super) struct Operation<'b> {
    pub(super) verb: Verb,
    pub(super) path: Option<&'b str>,
    pub(super) value: Option<&'b Value>,
}

/// Returns the operations of a message, each checked only when it is its turn.
pub(super) fn operations(
    body: &Value,
    strictness: Strictness,
) -> Result<impl Iterator<Item = Result<Operation<'_>, Error>>, Error> {
    let body = body.as_object().ok_or_else(|| Error::invalid_syntax("The body is not a JSON object."))?;
    check_schemas(body, PATCH_OP, strictness)?;
    let operations = match member(body, "Operations") {
        Some(Value::Array(operations)) => operations,
        Some(_) => return Err(Error::invalid_syntax("`Operations` is not an array.")),
        None => return Err(Error::invalid_syntax("`Operations` is missing.")),
    };
    if operations.is_empty() {
        return Err(Error::invalid_syntax("`Operations` is empty."));
    }
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::invalid_syntax(format!(
            "`Operations` has more than {MAX_OPERATIONS} entries; send them in several requests."
        )));
    }
    Ok(operations.iter().map(operation))
}

fn operation(operation: &Value) -> Result<Operation<'_>, Error> {
    let members = operation.as_object().ok_or_else(|| Error::invalid_syntax("An operation is not an object."))?;
    let verb = match member(members, "op") {
        Some(Value::String(word)) => verb(word)?,
        Some(_) => return Err(Error::invalid_syntax("The `op` of an operation is not a string.")),
        None => return Err(Error::invalid_syntax("The `op` of an operation is missing.")),
    };
    let path = match member(members, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.trim_matches(' ')).filter(|path| !path.is_empty()),
        Some(_) => return Err(Error::invalid_syntax("The `path` of an operation is not a string.")),
    };
    Ok(Operation { verb, path, value: member(members, "value") })
}

fn verb(word: &str) -> Result<Verb, Error> {
    [Verb::Add, Verb::Replace, Verb::Remove]
        .into_iter()
        .find(|verb| verb.as_str().eq_ignore_ascii_case(word))
        .ok_or_else(|| {
            Error::invalid_syntax(format!("`{}` is not an operation; use add, replace or remove.", excerpt(word)))
        })
}
