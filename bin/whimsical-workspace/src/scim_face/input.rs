//! What clients send about a user, as creations and edits of the model.

use scim::Error;
use scim::document::{Document, Dropped, Field};
use scim::patch::{Outcome, Policy, Rules, Write};
use scim::path::AttributePath;
use scim::schema::Mutability;
use scim::value::Strictness;
use serde_json::Value;

use super::schema::{EDITOR, EXTENSION};
use crate::model::provisioning::{Edit, NewUser, Update};
use crate::model::user::Name;
use crate::model::{Role, Switches};

/// The longest text of one attribute, in characters.
const MAX_CHARS: usize = 1_024;

/// Returns how strictly input is read.
pub(super) fn strictness(switches: &Switches) -> Strictness {
    if switches.strict { Strictness::Strict } else { Strictness::Lenient }
}

/// Returns the user that a POST creates.
pub(super) fn new_user(document: &Document) -> Result<NewUser, Error> {
    Ok(NewUser {
        user_name: user_name(document)?,
        external_id: text(document, "externalId")?.value(),
        name: name(document)?.unwrap_or_default(),
        display_name: text(document, "displayName")?.value(),
        is_inactive: boolean(document, "active") == Some(false),
        role: boolean(document, EDITOR).map(Role::from_editor),
        ignored: ignored(&document.dropped),
    })
}

/// Returns the change that a PUT makes. What it leaves out stays: identity providers leave out what they don't know.
pub(super) fn replacement(document: &Document) -> Result<Edit, Error> {
    Ok(Edit {
        user_name: Some(user_name(document)?),
        external_id: text(document, "externalId")?,
        name: name(document)?,
        display_name: text(document, "displayName")?,
        active: boolean(document, "active"),
        role: boolean(document, EDITOR).map(Role::from_editor),
        ignored: ignored(&document.dropped),
    })
}

/// Returns the change that a PATCH made to a copy of the user.
pub(super) fn patched(before: &Value, outcome: &Outcome) -> Result<Edit, Error> {
    let after = &outcome.resource;
    let changed = |pointer: &str| {
        let value = after.pointer(pointer);
        (value != before.pointer(pointer)).then_some(value)
    };
    let text = |pointer: &str| match changed(pointer) {
        None => Ok(Update::Keep),
        Some(value) => match value.and_then(Value::as_str) {
            None => Ok(Update::Clear),
            Some(text) => bounded(text).map(Update::Set),
        },
    };
    let editor = format!("/{EXTENSION}/editor");
    let part = |name: &str| after.pointer(&format!("/name/{name}")).and_then(Value::as_str).map(bounded).transpose();
    let name = match changed("/name") {
        Some(_) => Some(Name::new(part("givenName")?.as_deref(), part("familyName")?.as_deref())),
        None => None,
    };
    Ok(Edit {
        user_name: text("/userName")?.value(),
        external_id: text("/externalId")?,
        name,
        display_name: text("/displayName")?,
        active: changed("/active").flatten().and_then(Value::as_bool),
        role: changed(&editor).flatten().and_then(Value::as_bool).map(Role::from_editor),
        ignored: ignored(&outcome.dropped),
    })
}

/// What a PATCH may write.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatchRules {
    /// Whether what can't be written is refused instead of ignored.
    pub(super) strictness: Strictness,
    /// Whether a name can still be given: the user has not joined.
    pub(super) takes_name: bool,
    /// Whether a later name is refused (switch `names_after_create`).
    pub(super) refuses_names: bool,
}

impl Rules for PatchRules {
    fn policy(&self, path: &AttributePath, write: Write, resource: &Value) -> Policy {
        let fixed = match self.strictness {
            Strictness::Strict => Policy::Reject,
            Strictness::Lenient => Policy::IgnoreAudited,
        };
        if path.extension() == Some(EXTENSION) {
            // No value means: the role stays. Source: Whimsical help, "SCIM overview".
            return if write == Write::Set { Policy::Apply } else { Policy::NoOp };
        }
        match path.attribute().name.as_str() {
            "userName" | "active" if write != Write::Set => Policy::Reject,
            "name" if path.leaf().mutability != Mutability::ReadOnly => {
                let is_first = path.values(resource).next().is_none() && write == Write::Set;
                match (is_first && self.takes_name, self.refuses_names) {
                    (true, _) => Policy::Apply,
                    (false, true) => Policy::Reject,
                    (false, false) => Policy::IgnoreAudited,
                }
            }
            _ if [path.attribute(), path.leaf()].iter().any(|part| part.mutability == Mutability::ReadOnly) => fixed,
            _ => Policy::Apply,
        }
    }
}

fn user_name(document: &Document) -> Result<String, Error> {
    match text(document, "userName")?.value() {
        Some(name) if !name.trim().is_empty() => Ok(name),
        _ => Err(Error::invalid_value("`userName` is required.")),
    }
}

fn name(document: &Document) -> Result<Option<Name>, Error> {
    let (given, family) = (text(document, "name.givenName")?, text(document, "name.familyName")?);
    if given == Update::Keep && family == Update::Keep {
        return Ok(None);
    }
    Ok(Some(Name::new(given.value().as_deref(), family.value().as_deref())))
}

fn text(document: &Document, name: &str) -> Result<Update<String>, Error> {
    match document.field(name) {
        Field::Absent => Ok(Update::Keep),
        Field::Unassigned => Ok(Update::Clear),
        Field::Assigned(value) => value.as_str().map_or(Ok(Update::Keep), |text| bounded(text).map(Update::Set)),
    }
}

fn boolean(document: &Document, name: &str) -> Option<bool> {
    match document.field(name) {
        Field::Assigned(value) => value.as_bool(),
        Field::Absent | Field::Unassigned => None,
    }
}

fn bounded(text: &str) -> Result<String, Error> {
    if text.chars().count() > MAX_CHARS {
        return Err(Error::invalid_value(format!("A text is longer than {MAX_CHARS} characters.")));
    }
    Ok(text.to_owned())
}

fn ignored(dropped: &[Dropped]) -> Vec<String> {
    dropped.iter().map(|dropped| dropped.path.clone()).collect()
}
