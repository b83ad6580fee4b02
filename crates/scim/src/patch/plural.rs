//! Operations on attributes with many values.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::condition::template;
use super::message::Verb;
use super::rules::Write;
use super::{Patch, whole};
use crate::error::Error;
use crate::filter::Target;
use crate::path::{AttributePath, elements, is_present};
use crate::schema::Attribute;
use crate::value::{Strictness, coerce};

/// The most elements in the value of one operation.
const MAX_ELEMENTS: usize = 1000;

impl Patch<'_> {
    /// A path without a value filter: `emails`, or `emails.type` for that part of every element.
    pub(super) fn change_plural(
        &mut self,
        path: &AttributePath,
        verb: Verb,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        let removes_all = path.sub_attribute().is_none()
            && match verb {
                Verb::Remove => value.is_none_or(|value| !is_present(value)),
                Verb::Replace => value.is_some_and(|value| !is_present(value)),
                Verb::Add => false,
            };
        let write = if removes_all { Write::Remove } else { Write::Set };
        if !self.may_write_elements(path, write)? {
            return Ok(());
        }
        if let Some(sub) = path.sub_attribute() {
            return self.change_part_of_all(path, sub, verb, value);
        }
        let given = match value {
            Some(value) => coerce(path.leaf(), value)?,
            None => None,
        };
        let given: Vec<Value> = elements(given.as_ref()).cloned().collect();
        if given.len() > MAX_ELEMENTS {
            return Err(Error::invalid_value(format!(
                "The value of `{path}` has more than {MAX_ELEMENTS} elements; send them in several operations."
            )));
        }
        let mut current = self.elements_of(path);
        match verb {
            Verb::Remove if removes_all => current.clear(),
            // Entra ID without its flag lists the elements to remove in `value`.
            Verb::Remove => current.retain(|element| !given.iter().any(|gone| is_part_of(gone, element))),
            Verb::Replace => {
                check_primaries(&given)?;
                current = Vec::new();
                append_new(&mut current, given);
            }
            Verb::Add => {
                check_primaries(&given)?;
                append_new(&mut current, given);
            }
        }
        self.assign_elements(path, current);
        Ok(())
    }

    /// A path with a value filter.
    pub(super) fn change_elements(&mut self, target: &Target, verb: Verb, value: Option<&Value>) -> Result<(), Error> {
        let attribute = whole(&target.path);
        if !attribute.attribute().multi_valued {
            return Err(Error::invalid_path(format!("`{attribute}` has a single value, which cannot be filtered.")));
        }
        if !self.may_write_elements(&target.path, Write::Set)? {
            return Ok(());
        }
        let Some(condition) = &target.condition else {
            return Ok(());
        };
        let mut current = self.elements_of(&attribute);
        let mut matching: Vec<usize> = current
            .iter()
            .enumerate()
            .filter(|(_, element)| condition.matches(element))
            .map(|(index, _)| index)
            .collect();
        let mut makes_primary = false;
        if matching.is_empty() {
            let created = match (verb, self.strictness) {
                (Verb::Remove, _) | (_, Strictness::Strict) => None,
                (Verb::Add | Verb::Replace, Strictness::Lenient) => template(condition, attribute.attribute()),
            };
            let Some(created) = created else {
                return Err(Error::no_target(format!("No element of `{attribute}` matches `{condition}`.")));
            };
            makes_primary = is_primary(&created);
            matching.push(current.len());
            current.push(created);
        }
        let change = Change::read(target.path.sub_attribute(), attribute.attribute(), verb, value)?;
        for index in &matching {
            if let Some(element) = current.get_mut(*index) {
                change.apply(element);
            }
        }
        if makes_primary || change.makes_primary() {
            if matching.len() > 1 {
                return Err(several_primaries());
            }
            keep_primary(&mut current, matching.first().copied());
        }
        current.retain(is_present);
        self.assign_elements(&attribute, current);
        Ok(())
    }

    fn change_part_of_all(
        &mut self,
        path: &AttributePath,
        sub: &Attribute,
        verb: Verb,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        let attribute = whole(path);
        let mut current = self.elements_of(&attribute);
        let change = Change::read(Some(sub), attribute.attribute(), verb, value)?;
        if current.is_empty() && verb != Verb::Remove {
            current.push(Value::Object(Map::new()));
        }
        if change.makes_primary() && current.len() > 1 {
            return Err(several_primaries());
        }
        for element in &mut current {
            change.apply(element);
        }
        current.retain(is_present);
        self.assign_elements(&attribute, current);
        Ok(())
    }

    /// Asks for the part, if one is named, and for the attribute that holds it.
    fn may_write_elements(&mut self, path: &AttributePath, write: Write) -> Result<bool, Error> {
        Ok(self.may_write(path, write)? && (path.sub_attribute().is_none() || self.may_write(&whole(path), write)?))
    }

    fn elements_of(&self, attribute: &AttributePath) -> Vec<Value> {
        elements(attribute.attribute_value(&self.resource)).cloned().collect()
    }

    fn assign_elements(&mut self, attribute: &AttributePath, values: Vec<Value>) {
        self.assign(attribute, (!values.is_empty()).then_some(Value::Array(values)));
    }
}

/// What an operation does to each element that it selects.
enum Change {
    /// Put another in its place; only for elements without parts.
    Replace(Value),
    /// Add these parts to it.
    Merge(Map<String, Value>),
    /// Take this part from it.
    RemovePart(String),
    /// Take it away.
    Remove,
}

impl Change {
    fn read(sub: Option<&Attribute>, attribute: &Attribute, verb: Verb, value: Option<&Value>) -> Result<Self, Error> {
        let value = match (verb, value, sub) {
            (Verb::Remove, ..) | (_, None, _) => None,
            (_, Some(value), Some(sub)) => coerce(sub, value)?,
            (_, Some(value), None) => coerce(&single(attribute), value)?,
        };
        Ok(match (sub, value) {
            (None, None) => Self::Remove,
            (Some(sub), None) => Self::RemovePart(sub.name.clone()),
            (Some(sub), Some(value)) => Self::Merge(Map::from_iter([(sub.name.clone(), value)])),
            // As with a single complex value, what is not named stays (RFC 7644 §3.5.2.3).
            (None, Some(Value::Object(parts))) => Self::Merge(parts),
            (None, Some(value)) => Self::Replace(value),
        })
    }

    fn apply(&self, element: &mut Value) {
        match self {
            Self::Replace(value) => *element = value.clone(),
            Self::Remove => *element = Value::Null,
            Self::RemovePart(name) => {
                if let Value::Object(parts) = element {
                    parts.shift_remove(name);
                }
            }
            Self::Merge(added) => match element {
                Value::Object(parts) => parts.extend(added.clone()),
                other => *other = Value::Object(added.clone()),
            },
        }
    }

    fn makes_primary(&self) -> bool {
        match self {
            Self::Merge(parts) => parts.get("primary") == Some(&Value::Bool(true)),
            Self::Replace(_) | Self::RemovePart(_) | Self::Remove => false,
        }
    }
}

/// Returns the description of one element.
fn single(attribute: &Attribute) -> Attribute {
    Attribute { multi_valued: false, ..attribute.clone() }
}

/// Adds what is not there yet; a primary among it takes that from the others.
fn append_new(current: &mut Vec<Value>, given: Vec<Value>) {
    let mut known: HashSet<Value> = current.iter().cloned().collect();
    for value in given {
        if !known.insert(value.clone()) {
            continue;
        }
        let is_primary = is_primary(&value);
        current.push(value);
        if is_primary {
            let last = current.len() - 1;
            keep_primary(current, Some(last));
        }
    }
}

/// Says whether every part of `wanted` is in `element`.
fn is_part_of(wanted: &Value, element: &Value) -> bool {
    match (wanted, element) {
        (Value::Object(wanted), Value::Object(parts)) => {
            wanted.iter().all(|(name, value)| parts.get(name) == Some(value))
        }
        _ => wanted == element,
    }
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// Takes `primary` from every other element (RFC 7644 §3.5.2).
fn keep_primary(elements: &mut [Value], kept: Option<usize>) {
    for (index, element) in elements.iter_mut().enumerate() {
        if Some(index) != kept
            && is_primary(element)
            && let Value::Object(parts) = element
        {
            parts.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

fn check_primaries(given: &[Value]) -> Result<(), Error> {
    if given.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(several_primaries());
    }
    Ok(())
}

fn several_primaries() -> Error {
    Error::invalid_value("Only one element can be `primary`.")
}
