//! Whole resources as clients send them (POST and PUT), brought to the shape of the schema.
//!
//! Start at [`Document::read`]. What the client may not set, and what the provider does not hold,
//! is dropped and noted; what is left is in the right type and spelling. What a missing attribute
//! means (a default, keeping the old value) is for the provider to say: that is why a
//! [`Field`] tells absent from unassigned.

use serde_json::{Map, Value};

use crate::error::{Error, excerpt};
use crate::path::{AttributePath, Reference, Support, member};
use crate::schema::{Mutability, ResourceType};
use crate::value::{Strictness, coerce};

/// A resource that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    values: Map<String, Value>,
    /// What was sent and not taken, in the order of the document.
    pub dropped: Vec<Dropped>,
}

/// Something a client sent that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The name, cut if it is long; never the value.
    pub path: String,
    /// Why.
    pub reason: DropReason,
}

/// Why something has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The provider recognises it and does not hold it.
    Unsupported,
    /// It is not, or no longer, the client's to change.
    NotWritable,
    /// No schema has it.
    Unknown,
}

/// One attribute of a [`Document`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'d> {
    /// The document does not mention it.
    Absent,
    /// The document says that it has no value.
    Unassigned,
    /// The document has a value for it, in the type of the schema.
    Assigned(&'d Value),
}

impl Document {
    /// Reads a body. `id`, `meta` and everything read-only are ignored, even if they contradict.
    ///
    /// # Errors
    /// 400 `invalidSyntax` if it is not an object, has an attribute twice under different names, or
    /// its `schemas` are not acceptable (leniently:
    /// not an array; strictly: not an array of known URNs with that of the type in it);
    /// 400 `invalidValue` if a value does not fit its attribute.
    pub fn read(body: &Value, resource_type: &ResourceType, strictness: Strictness) -> Result<Self, Error> {
        let body = body.as_object().ok_or_else(|| Error::invalid_syntax("The body is not a JSON object."))?;
        check_schemas(body, resource_type, strictness)?;
        let mut document = Self { values: Map::new(), dropped: Vec::new() };
        for (name, value) in body {
            document.take(name, value, resource_type)?;
        }
        Ok(document)
    }

    /// Returns what the document says about `userName`, `name.givenName`, or an extension's URN, a
    /// colon and a name; in the spelling of the schema.
    #[must_use]
    pub fn field(&self, name: &str) -> Field<'_> {
        let (holder, name) = match name.rsplit_once(':') {
            None => (Some(&self.values), name),
            Some((urn, name)) => match self.values.get(urn) {
                Some(Value::Null) => return Field::Unassigned,
                extension => (extension.and_then(Value::as_object), name),
            },
        };
        let (name, sub) = match name.split_once('.') {
            None => (name, None),
            Some((name, sub)) => (name, Some(sub)),
        };
        let value = holder.and_then(|holder| holder.get(name));
        let value = match (sub, value) {
            (Some(sub), Some(Value::Object(parts))) => parts.get(sub),
            (_, value) => value,
        };
        match value {
            None => Field::Absent,
            Some(Value::Null) => Field::Unassigned,
            Some(value) => Field::Assigned(value),
        }
    }

    /// Returns all that was taken, with `null` for what is unassigned.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    fn take(&mut self, name: &str, value: &Value, resource_type: &ResourceType) -> Result<(), Error> {
        match Reference::parse(name, resource_type) {
            Ok(Reference::Attribute(path)) => self.take_attribute(&path, value),
            Ok(Reference::Schema(_, Support::Unsupported)) => {
                self.drop(name, DropReason::Unsupported);
                Ok(())
            }
            Ok(Reference::Schema(urn, Support::Supported)) => match value {
                Value::Null => {
                    if resource_type.extension(&urn).is_some() {
                        self.values.insert(urn.to_string(), Value::Null);
                    }
                    Ok(())
                }
                Value::Object(members) => members
                    .iter()
                    .try_for_each(|(name, value)| self.take(&format!("{urn}:{name}"), value, resource_type)),
                _ => Err(Error::invalid_value(format!("The value of `{urn}` is not an object."))),
            },
            Err(_) => {
                self.drop(name, DropReason::Unknown);
                Ok(())
            }
        }
    }

    fn take_attribute(&mut self, path: &AttributePath, value: &Value) -> Result<(), Error> {
        if is_bookkeeping(path) {
            return Ok(());
        }
        let reason = if !path.is_supported() {
            Some(DropReason::Unsupported)
        } else if path.attribute().mutability == Mutability::ReadOnly || path.leaf().mutability == Mutability::ReadOnly
        {
            Some(DropReason::NotWritable)
        } else {
            None
        };
        if let Some(reason) = reason {
            self.drop(&path.to_string(), reason);
            return Ok(());
        }
        let value = coerce(path.leaf(), value)?.map(|value| self.without_read_only(path, value));
        let holder = match path.extension() {
            None => &mut self.values,
            Some(urn) => object_at(&mut self.values, urn),
        };
        let holder = match path.sub_attribute() {
            None => holder,
            Some(_) => object_at(holder, &path.attribute().name),
        };
        let previous = holder.insert(path.leaf().name.clone(), value.unwrap_or(Value::Null));
        if previous.is_some() {
            return Err(Error::invalid_syntax(format!("`{path}` occurs twice.")));
        }
        Ok(())
    }

    /// Drops the read-only parts of a complex value.
    fn without_read_only(&mut self, path: &AttributePath, mut value: Value) -> Value {
        let elements = match &mut value {
            Value::Array(elements) => elements.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for element in elements {
            let Some(parts) = element.as_object_mut() else {
                continue;
            };
            for sub in &path.leaf().sub_attributes {
                if sub.mutability == Mutability::ReadOnly && parts.shift_remove(&sub.name).is_some() {
                    self.drop(&path.with_sub(sub).to_string(), DropReason::NotWritable);
                }
            }
        }
        value
    }

    fn drop(&mut self, path: &str, reason: DropReason) {
        self.dropped.push(Dropped { path: excerpt(path), reason });
    }
}

/// Says whether this is one of `schemas`, `id` and `meta`, which clients send along and never set.
fn is_bookkeeping(path: &AttributePath) -> bool {
    path.extension().is_none() && matches!(path.attribute().name.as_str(), "schemas" | "id" | "meta")
}

/// Returns the object under a key, made if there is none.
pub(crate) fn object_at<'m>(holder: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let slot = holder.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    #[expect(clippy::expect_used, reason = "the line above makes it one")]
    slot.as_object_mut().expect("an object")
}

fn check_schemas(body: &Map<String, Value>, resource_type: &ResourceType, strictness: Strictness) -> Result<(), Error> {
    let schemas = match member(body, "schemas") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(schemas)) => schemas.as_slice(),
        Some(_) => return Err(Error::invalid_syntax("`schemas` is not an array.")),
    };
    if strictness == Strictness::Lenient {
        return Ok(());
    }
    let mut has_core = false;
    for schema in schemas {
        let urn = schema.as_str().unwrap_or_default();
        has_core |= resource_type.schema.urn.eq_ignore_ascii_case(urn);
        if !matches!(Reference::parse(urn, resource_type), Ok(Reference::Schema(..))) {
            return Err(Error::invalid_syntax(format!(
                "`schemas` names `{}`, which this resource type does not have.",
                excerpt(urn)
            )));
        }
    }
    if has_core {
        Ok(())
    } else {
        Err(Error::invalid_syntax(format!("`schemas` does not name `{}`.", resource_type.schema.urn)))
    }
}

#[cfg(test)]
mod tests;
