//! What each fault does to an answer.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::fault::Fault;

/// A spoiled answer.
#[derive(Debug)]
pub(super) enum Spoiled {
    /// The fault has nothing to spoil here.
    Untouched(Bytes),
    /// Another body.
    Body(Bytes),
    /// Another status and body.
    Status(StatusCode, Bytes),
    /// Another media type.
    MediaType(String, Bytes),
    /// Only so many bytes of the body, then the connection breaks.
    Cut(Bytes, usize),
}

/// Spoils an answer to the request with this path and query.
pub(super) fn spoil(fault: &Fault, status: StatusCode, bytes: Bytes, path: &str) -> Spoiled {
    match fault {
        Fault::TruncatedJson { bytes: left } => Spoiled::Body(bytes.slice(..(*left).min(bytes.len()))),
        Fault::TruncatedBody { bytes: sent } => Spoiled::Cut(bytes, *sent),
        Fault::ContentType { value } => Spoiled::MediaType(value.clone(), bytes),
        _ => match serde_json::from_slice::<Value>(&bytes) {
            Ok(Value::Object(mut body)) => match spoil_body(fault, status, &mut body, path) {
                Some(status) => Spoiled::Status(status, Value::Object(body).to_string().into()),
                None => Spoiled::Untouched(bytes),
            },
            _ => Spoiled::Untouched(bytes),
        },
    }
}

/// Spoils a JSON object; returns the new status, or none if there is nothing to spoil.
fn spoil_body(fault: &Fault, status: StatusCode, body: &mut Map<String, Value>, path: &str) -> Option<StatusCode> {
    match fault {
        Fault::PlainConflict if status == StatusCode::CONFLICT => {
            body.remove("scimType");
        }
        Fault::NotFoundForEmptyFilter => {
            let is_empty = body.get("totalResults").and_then(Value::as_u64) == Some(0);
            if !(path.contains("filter=") && is_empty) {
                return None;
            }
            *body = scim::Error::not_found("No user matches.").to_json().as_object().cloned().unwrap_or_default();
            return Some(StatusCode::NOT_FOUND);
        }
        Fault::TotalResults { by } => {
            let total = body.get("totalResults").and_then(Value::as_i64)?;
            match by {
                Some(by) => body.insert("totalResults".to_owned(), (total + by).max(0).into()),
                None => body.remove("totalResults"),
            };
        }
        Fault::NoResources { null } => {
            body.get("Resources")?;
            if *null {
                body.insert("Resources".to_owned(), Value::Null);
            } else {
                body.remove("Resources");
            }
        }
        Fault::DuplicateEntry => {
            let all = entries(body)?;
            let first = all.first()?.clone();
            all.push(first);
        }
        Fault::MissingEntry => {
            let all = entries(body)?;
            if all.is_empty() {
                return None;
            }
            all.remove(0);
        }
        Fault::ShortPage { entries: left } => {
            let all = entries(body)?;
            all.truncate(*left);
            let count = all.len();
            body.insert("itemsPerPage".to_owned(), count.into());
        }
        Fault::IdAsNumber
        | Fault::ActiveAsString
        | Fault::WithoutMember { .. }
        | Fault::UnknownMembers
        | Fault::Nulls
            if status.is_success() =>
        {
            for user in users(body) {
                spoil_user(fault, user);
            }
        }
        _ => return None,
    }
    Some(status)
}

fn entries(body: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    body.get_mut("Resources")?.as_array_mut()
}

/// Returns the users of a list, or the one user.
fn users(body: &mut Map<String, Value>) -> Vec<&mut Map<String, Value>> {
    if body.contains_key("Resources") {
        entries(body).into_iter().flatten().filter_map(Value::as_object_mut).collect()
    } else if body.contains_key("userName") {
        vec![body]
    } else {
        Vec::new()
    }
}

fn spoil_user(fault: &Fault, user: &mut Map<String, Value>) {
    match fault {
        Fault::IdAsNumber => {
            let digits: String = user.get("id").map(Value::to_string).unwrap_or_default();
            let number = digits.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            user.insert("id".to_owned(), (number >> 12).into());
        }
        Fault::ActiveAsString => {
            let is_active = user.get("active").and_then(Value::as_bool).unwrap_or(true);
            user.insert("active".to_owned(), if is_active { "True" } else { "False" }.into());
        }
        Fault::WithoutMember { name } => {
            user.remove(name);
        }
        Fault::UnknownMembers => {
            user.insert("x-unknown".to_owned(), json!({"deep": [1, {"er": null}]}));
            user.insert("urn:example:unknown:2.0:User".to_owned(), json!({"colour": "green"}));
        }
        Fault::Nulls => {
            for name in ["externalId", "displayName", "name", "title", "phoneNumbers", "groups"] {
                user.insert(name.to_owned(), Value::Null);
            }
        }
        _ => {}
    }
}
