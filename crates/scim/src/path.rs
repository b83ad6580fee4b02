//! Names of attributes as clients write them: `name.givenName`, `urn:…:User:editor`.
//!
//! Start at [`Reference::parse`]. A reference is resolved against a
//! [`ResourceType`] at once, so whoever holds one knows the type,
//! the spelling and the place of the attribute, and never meets an unknown name again.
//!
//! A URN contains dots and colons itself, so a name is never split at the first of either: the
//! longest known URN that fits is taken off first.

mod resolve;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, excerpt};
use crate::schema::{Attribute, Kind, ResourceType, Schema};
use resolve::{Prefixed, extension_key, resolve, split_name, split_urn};

/// Whether the provider holds an attribute or merely recognises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It is held.
    Supported,
    /// It is accepted, dropped, and always absent.
    Unsupported,
}

/// The place of one attribute, or of one sub-attribute, in the resources of a type.
///
/// Its `Display` is the shortest unambiguous name: core attributes go without their URN.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributePath {
    pub(crate) extension: Option<Arc<str>>,
    pub(crate) attribute: Arc<Attribute>,
    pub(crate) sub: Option<Arc<Attribute>>,
    pub(crate) support: Support,
}

/// What a path without a value filter may name.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// An attribute or sub-attribute.
    Attribute(AttributePath),
    /// The whole of a schema, by its bare URN.
    Schema(Arc<str>, Support),
}

/// Why a name could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not a name at all.
    #[error("`{path}` is not the name of an attribute")]
    Malformed {
        /// What was given.
        path: String,
    },
    /// The prefix is the URN of no schema of this resource type.
    #[error("`{path}` names a schema that this resource type does not have")]
    UnknownSchema {
        /// What was given.
        path: String,
    },
    /// No schema has it.
    #[error("`{path}` is an attribute that no schema has")]
    UnknownAttribute {
        /// What was given.
        path: String,
    },
    /// A schema was named where an attribute is needed.
    #[error("`{path}` is a schema, not an attribute")]
    WholeSchema {
        /// What was given.
        path: String,
    },
}

impl From<PathError> for Error {
    fn from(error: PathError) -> Self {
        Self::invalid_path(format!("{error}."))
    }
}

impl Reference {
    /// Resolves a name; case does not matter, spaces around it neither.
    ///
    /// # Errors
    /// [`PathError`] if it is not a name, or is one that `resource_type` does not know.
    ///
    /// Source: RFC 7644 §3.10.
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, PathError> {
        let text = text.trim_matches(' ');
        let (schema, rest) = match split_urn(text, resource_type)? {
            Prefixed::None => (None, text),
            Prefixed::Bare(schema, support) => {
                return Ok(Self::Schema(Arc::clone(&schema.urn), support));
            }
            Prefixed::By(schema, rest) => (Some(schema), rest),
        };
        let (name, sub) = split_name(rest).ok_or_else(|| PathError::Malformed { path: excerpt(text) })?;
        resolve(schema, name, sub, resource_type)
            .map(Self::Attribute)
            .ok_or_else(|| PathError::UnknownAttribute { path: excerpt(text) })
    }
}

impl AttributePath {
    /// Resolves the name of an attribute; as [`Reference::parse`], but a bare URN is refused.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, PathError> {
        match Reference::parse(text, resource_type)? {
            Reference::Attribute(path) => Ok(path),
            Reference::Schema(..) => Err(PathError::WholeSchema { path: excerpt(text) }),
        }
    }

    /// Returns the path of an attribute that is known to be in `schema`.
    pub(crate) fn of(schema: &Schema, attribute: &Arc<Attribute>, resource_type: &ResourceType) -> Self {
        Self {
            extension: extension_key(schema, resource_type),
            attribute: Arc::clone(attribute),
            sub: None,
            support: Support::Supported,
        }
    }

    /// Returns the same path with a sub-attribute of its attribute.
    pub(crate) fn with_sub(&self, sub: &Arc<Attribute>) -> Self {
        Self { sub: Some(Arc::clone(sub)), ..self.clone() }
    }

    /// Returns the sub-attribute if one is named, else the attribute.
    #[must_use]
    pub fn leaf(&self) -> &Attribute {
        self.sub.as_deref().unwrap_or(&self.attribute)
    }

    /// Returns the attribute that sits directly in the resource or in its extension.
    #[must_use]
    pub fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// Returns the sub-attribute, if one is named.
    #[must_use]
    pub fn sub_attribute(&self) -> Option<&Attribute> {
        self.sub.as_deref()
    }

    /// Returns the URN of the extension that holds it; none for core and common attributes.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// Says whether the provider holds it.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        self.support == Support::Supported
    }

    /// Returns the value of the attribute (not of the sub-attribute) in a resource; none if it is
    /// missing or stands for nothing (`null`, `[]`).
    #[must_use]
    pub fn attribute_value<'r>(&self, resource: &'r Value) -> Option<&'r Value> {
        if self.support == Support::Unsupported {
            return None;
        }
        let holder = match &self.extension {
            None => resource,
            Some(urn) => resource.get(&**urn)?,
        };
        holder.get(&self.attribute.name).filter(|value| is_present(value))
    }

    /// Returns the values that the path names in a resource: those of each element of a
    /// multi-valued attribute, none where nothing is assigned.
    pub fn values<'r>(&self, resource: &'r Value) -> impl Iterator<Item = &'r Value> {
        let sub = self.sub.clone();
        elements(self.attribute_value(resource)).filter_map(move |element| {
            let value = match &sub {
                None => element,
                Some(sub) => element.get(&sub.name)?,
            };
            is_present(value).then_some(value)
        })
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.extension {
            write!(formatter, "{urn}:")?;
        }
        formatter.write_str(&self.attribute.name)?;
        if let Some(sub) = &self.sub {
            write!(formatter, ".{}", sub.name)?;
        }
        Ok(())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(path) => path.fmt(formatter),
            Self::Schema(urn, _) => formatter.write_str(urn),
        }
    }
}

/// Says whether a value is assigned: `null`, `[]` and an object of such are not.
///
/// Source: RFC 7643 §2.5.
#[must_use]
pub fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => elements.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Returns the elements of an array, or the one value itself.
pub(crate) fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Some(Value::Array(elements)) => (elements.as_slice(), None),
        other => (&[][..], other),
    };
    many.iter().chain(one)
}

/// Returns the member of that name, whatever its case.
pub(crate) fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    members.get(name).or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Says whether this is a name: `ALPHA *( ALPHA / DIGIT / "-" / "_" )` or `$ref`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|other| other.is_ascii_alphanumeric() || other == '-' || other == '_')
        || text.eq_ignore_ascii_case("$ref")
}

/// Says whether values of this attribute are compared through their `value` sub-attribute.
pub(crate) fn value_of_elements(attribute: &Attribute) -> Option<&Arc<Attribute>> {
    (attribute.kind == Kind::Complex && attribute.multi_valued).then(|| attribute.sub_attribute("value")).flatten()
}

#[cfg(test)]
mod tests;
