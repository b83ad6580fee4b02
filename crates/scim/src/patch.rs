//! PATCH (RFC 7644 §3.5.2): a message of operations, applied to a resource.
//!
//! Start at [`apply`]. It works on a copy, in order, and the first error wins: either all of the
//! message takes effect or nothing does. It understands the RFC's shape and those of the identity
//! providers alike: `Replace` and `replace`, `"False"` for `false`, operations without a path whose
//! keys are paths themselves.
//!
//! What a product allows is not decided here: before an attribute is written, a [`Rules`] is asked.
//! Rules about the whole result (a valid name, uniqueness) are the caller's, on the [`Outcome`].

mod condition;
mod message;
mod plural;
mod rules;
mod single;

use serde_json::Value;

use crate::document::{DropReason, Dropped};
use crate::error::{Error, excerpt};
use crate::filter::{ConditionPath, parse_condition_path};
use crate::path::{AttributePath, Reference, Support};
use crate::schema::{Kind, ResourceType};
use crate::value::Strictness;

use message::{Operation, Verb};
pub use rules::{Declared, Policy, Rules, Write};

/// The schema of a PATCH message.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations in one message.
pub const MAX_OPERATIONS: usize = 100;

/// A resource after a PATCH.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The resource; its `schemas` list the extensions it has now.
    pub resource: Value,
    /// Whether it differs from the one before.
    pub is_changed: bool,
    /// What was asked for and not done, in the order of the operations.
    pub dropped: Vec<Dropped>,
}

/// Applies the body of a PATCH to a resource.
///
/// The keys of `resource` have the spelling of the schema; it is not changed.
///
/// # Errors
/// The first error in the order of the operations, as 400:
/// `invalidSyntax` for the shape of the message, `invalidPath` for a path that does not parse or
/// that no schema has, `invalidValue` for a missing or wrong value, `noTarget` for a removal
/// without a path or a value filter that selects nothing, `mutability` where `rules` reject.
pub fn apply(
    body: &Value,
    resource: &Value,
    resource_type: &ResourceType,
    rules: &dyn Rules,
    strictness: Strictness,
) -> Result<Outcome, Error> {
    let mut patch = Patch { resource: resource.clone(), resource_type, rules, strictness, dropped: Vec::new() };
    for operation in message::operations(body, strictness)? {
        patch.run(&operation?)?;
    }
    patch.refresh_schemas();
    Ok(Outcome { is_changed: patch.resource != *resource, resource: patch.resource, dropped: patch.dropped })
}

/// The work in progress.
struct Patch<'p> {
    resource: Value,
    resource_type: &'p ResourceType,
    rules: &'p dyn Rules,
    strictness: Strictness,
    dropped: Vec<Dropped>,
}

impl Patch<'_> {
    fn run(&mut self, operation: &Operation<'_>) -> Result<(), Error> {
        match (operation.path, operation.verb) {
            (None, Verb::Remove) => Err(Error::no_target("`remove` needs a `path`.")),
            (None, verb) => self.run_without_path(verb, operation.value),
            (Some(path), verb) => self.run_at(path, verb, operation.value),
        }
    }

    /// Every key of the value is a path of its own.
    fn run_without_path(&mut self, verb: Verb, value: Option<&Value>) -> Result<(), Error> {
        let members = match value {
            None => return Err(missing_value(verb)),
            Some(Value::Object(members)) => members,
            Some(_) => {
                return Err(Error::invalid_syntax("The `value` of an operation without `path` is not an object."));
            }
        };
        // Clients send these back as they got them (RFC 7644 §3.5.1 ignores them in PUT, too).
        let is_bookkeeping =
            |name: &str| ["id", "schemas", "meta"].iter().any(|known| known.eq_ignore_ascii_case(name));
        members
            .iter()
            .filter(|(path, _)| !is_bookkeeping(path))
            .try_for_each(|(path, value)| self.run_at(path, verb, Some(value)))
    }

    fn run_at(&mut self, path: &str, verb: Verb, value: Option<&Value>) -> Result<(), Error> {
        let target = parse_condition_path(path, self.resource_type).map_err(|error| {
            Error::invalid_path(format!(
                "The path `{}` is not acceptable: {} (at character {}).",
                excerpt(path),
                error.problem,
                error.position
            ))
        })?;
        if value.is_none() && verb != Verb::Remove {
            return Err(missing_value(verb));
        }
        match target {
            ConditionPath::Plain(Reference::Schema(urn, support)) => self.run_on_schema(&urn, support, verb, value),
            ConditionPath::Plain(Reference::Attribute(path)) => self.run_on(&path, verb, value),
            ConditionPath::Filtered(target) => self.change_elements(&target, verb, value),
        }
    }

    fn run_on(&mut self, path: &AttributePath, verb: Verb, value: Option<&Value>) -> Result<(), Error> {
        if path.attribute().multi_valued {
            self.change_plural(path, verb, value)
        } else if path.leaf().kind == Kind::Complex {
            self.change_complex(path, verb, value)
        } else {
            self.change_single(path, verb, value)
        }
    }

    /// A bare URN: all of an extension, or the attributes of the core by their names.
    fn run_on_schema(&mut self, urn: &str, support: Support, verb: Verb, value: Option<&Value>) -> Result<(), Error> {
        if support == Support::Unsupported {
            self.note(urn, DropReason::Unsupported);
            return Ok(());
        }
        match (verb, value) {
            (Verb::Remove, _) | (_, Some(Value::Null)) => self.remove_schema(urn),
            (_, Some(Value::Object(members))) => members
                .iter()
                // Some clients repeat the URN inside of the extension, as if it were a resource.
                .filter(|(name, _)| !name.eq_ignore_ascii_case("schemas"))
                .try_for_each(|(name, value)| self.run_at(&format!("{urn}:{name}"), verb, Some(value))),
            _ => Err(Error::invalid_value(format!("The value of `{urn}` is not an object."))),
        }
    }

    fn remove_schema(&mut self, urn: &str) -> Result<(), Error> {
        let Some(schema) = self.resource_type.extension(urn) else {
            return Err(Error::mutability(format!("`{urn}` cannot be removed.")));
        };
        for attribute in &schema.attributes {
            let path = AttributePath::of(schema, attribute, self.resource_type);
            if self.may_write(&path, Write::RemoveExtension)? {
                self.assign(&path, None);
            }
        }
        Ok(())
    }

    /// Asks whether a write takes effect, and notes it if it is ignored.
    fn may_write(&mut self, path: &AttributePath, write: Write) -> Result<bool, Error> {
        if !path.is_supported() {
            self.note(&path.to_string(), DropReason::Unsupported);
            return Ok(false);
        }
        match self.rules.policy(path, write, &self.resource) {
            Policy::Apply => Ok(true),
            Policy::NoOp => Ok(false),
            Policy::IgnoreAudited => {
                self.note(&path.to_string(), DropReason::NotWritable);
                Ok(false)
            }
            Policy::Reject => Err(Error::mutability(match write {
                Write::Set => format!("`{path}` cannot be changed."),
                Write::Remove | Write::RemoveExtension => format!("`{path}` cannot be removed."),
            })),
        }
    }

    fn note(&mut self, path: &str, reason: DropReason) {
        self.dropped.push(Dropped { path: path.to_owned(), reason });
    }

    /// Brings `schemas` up to date if an extension came or went.
    fn refresh_schemas(&mut self) {
        let urns = self.resource_type.schemas_in(&self.resource);
        let Some(Value::Array(listed)) = self.resource.get_mut("schemas") else {
            return;
        };
        let is_current = listed.len() == urns.len()
            && urns.iter().all(|urn| listed.iter().any(|listed| listed.as_str() == Some(urn)));
        if !is_current {
            *listed = urns.iter().map(|urn| Value::from(&**urn)).collect();
        }
    }
}

/// Returns the path of the attribute without its sub-attribute.
fn whole(path: &AttributePath) -> AttributePath {
    AttributePath { sub: None, ..path.clone() }
}

fn missing_value(verb: Verb) -> Error {
    Error::invalid_value(format!("`{}` needs a `value`.", verb.as_str()))
}

#[cfg(test)]
mod tests;
