//! Which attributes an answer shows: `attributes` and `excludedAttributes` (RFC 7644 §3.9).
//!
//! Start at [`Projection::new`]. Every answer goes through one, also without either parameter: it
//! is what keeps `returned: never` attributes inside and makes `schemas` fit the answer.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::path::{Reference, is_present};
use crate::schema::{Attribute, ResourceType, Returned};

/// A choice of attributes.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Projection {
    /// What is returned by default.
    #[default]
    Default,
    /// Only these, and what is always returned. A schema stands for all its attributes.
    Only(Vec<Reference>),
    /// What is returned by default, without these.
    Without(Vec<Reference>),
}

impl Projection {
    /// Reads the names; those that no schema has are ignored.
    ///
    /// # Errors
    /// 400 `invalidValue` if both lists are given.
    pub fn new(
        attributes: Option<&[String]>,
        excluded: Option<&[String]>,
        resource_type: &ResourceType,
    ) -> Result<Self, Error> {
        // Each only once: the length of the request says nothing about the work that follows.
        let references = |names: &[String]| {
            let mut references = Vec::new();
            for reference in names.iter().filter_map(|name| Reference::parse(name, resource_type).ok()) {
                if !references.contains(&reference) {
                    references.push(reference);
                }
            }
            references
        };
        match (attributes, excluded) {
            (None, None) => Ok(Self::Default),
            (Some(names), None) => Ok(Self::Only(references(names))),
            (None, Some(names)) => Ok(Self::Without(references(names))),
            (Some(_), Some(_)) => {
                Err(Error::invalid_value("`attributes` and `excludedAttributes` exclude each other."))
            }
        }
    }

    /// Returns what an answer shows of a resource. Its `schemas` name only what is left in it.
    #[must_use]
    pub fn apply(&self, resource: &Value, resource_type: &ResourceType) -> Value {
        let mut shown = Map::new();
        shown.insert("schemas".to_owned(), Value::Null);
        for (name, value) in resource.as_object().into_iter().flatten() {
            if name == "schemas" {
                continue;
            }
            let value = match resource_type.extension(name) {
                Some(schema) => self.extension(&schema.urn, &schema.attributes, value),
                None => self.top_level(name, value, resource_type),
            };
            if let Some(value) = value {
                shown.insert(name.clone(), value);
            }
        }
        let mut shown = Value::Object(shown);
        let urns = resource_type.schemas_in(&shown);
        if let Some(schemas) = shown.get_mut("schemas") {
            *schemas = urns.iter().map(|urn| Value::from(&**urn)).collect();
        }
        shown
    }

    fn extension(&self, urn: &str, attributes: &[std::sync::Arc<Attribute>], value: &Value) -> Option<Value> {
        let members: Map<_, _> = attributes
            .iter()
            .filter_map(|attribute| {
                let value = value.get(&attribute.name)?;
                let shown = self.attribute(Some(urn), urn, attribute, value)?;
                Some((attribute.name.clone(), shown))
            })
            .collect();
        (!members.is_empty()).then_some(Value::Object(members))
    }

    fn top_level(&self, name: &str, value: &Value, resource_type: &ResourceType) -> Option<Value> {
        if let Some(attribute) = resource_type.schema.attribute(name) {
            return self.attribute(None, &resource_type.schema.urn, attribute, value);
        }
        let attribute = resource_type.common().attribute(name)?;
        self.attribute(None, "", attribute, value)
    }

    /// Returns what is shown of one attribute, or none.
    fn attribute(&self, extension: Option<&str>, urn: &str, attribute: &Attribute, value: &Value) -> Option<Value> {
        let names = |reference: &Reference| match reference {
            Reference::Schema(named, _) => &**named == urn,
            Reference::Attribute(path) => {
                path.is_supported()
                    && path.extension() == extension
                    && path.attribute().name == attribute.name
                    && path.sub_attribute().is_none()
            }
        };
        let names_part = |references: &[Reference], part: &Attribute| {
            references.iter().any(|reference| match reference {
                Reference::Schema(..) => false,
                Reference::Attribute(path) => {
                    path.is_supported()
                        && path.extension() == extension
                        && path.attribute().name == attribute.name
                        && path.sub_attribute().is_some_and(|sub| sub.name == part.name)
                }
            })
        };
        let by_default = |part: &Attribute| !matches!(part.returned, Returned::Never | Returned::Request);
        match (attribute.returned, self) {
            (Returned::Never, _) | (Returned::Request, Self::Default | Self::Without(_)) => None,
            (Returned::Always, _) | (Returned::Default, Self::Default) => parts(attribute, value, by_default),
            (Returned::Default, Self::Without(references)) if references.iter().any(names) => None,
            (Returned::Default, Self::Without(references)) => parts(attribute, value, |part| {
                part.returned == Returned::Always || by_default(part) && !names_part(references, part)
            }),
            (_, Self::Only(references)) if references.iter().any(names) => parts(attribute, value, by_default),
            (_, Self::Only(references)) => {
                let is_named = attribute
                    .sub_attributes
                    .iter()
                    .any(|part| part.returned != Returned::Never && names_part(references, part));
                let shows = |part: &Attribute| {
                    part.returned == Returned::Always
                        || part.returned != Returned::Never && names_part(references, part)
                };
                is_named.then(|| parts(attribute, value, shows)).flatten()
            }
        }
    }
}

/// Returns a value with the parts that `keeps` lets through; none if nothing is left.
fn parts(attribute: &Attribute, value: &Value, keeps: impl Fn(&Attribute) -> bool + Copy) -> Option<Value> {
    if attribute.sub_attributes.iter().all(|part| keeps(part)) {
        return Some(value.clone());
    }
    let left = match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| attribute.sub_attribute(name).is_some_and(|part| keeps(part)))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        ),
        Value::Array(elements) => elements.iter().filter_map(|element| parts(attribute, element, keeps)).collect(),
        other => other.clone(),
    };
    is_present(&left).then_some(left)
}

#[cfg(test)]
mod tests;
