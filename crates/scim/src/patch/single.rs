//! Operations on attributes with one value, plain or complex.

use serde_json::Value;

use super::Patch;
use super::message::Verb;
use super::rules::Write;
use crate::document::object_at;
use crate::error::Error;
use crate::path::{AttributePath, PathError, is_present};
use crate::value::coerce;

impl Patch<'_> {
    /// `add` and `replace` set the value; `null` removes it (RFC 7644 §3.5.2.1, §3.5.2.3).
    pub(super) fn change_single(
        &mut self,
        path: &AttributePath,
        verb: Verb,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        if !path.is_supported() {
            self.may_write(path, Write::Set)?;
            return Ok(());
        }
        let coerced = match value {
            Some(value) if verb != Verb::Remove => coerce(path.leaf(), value),
            _ => Ok(None),
        };
        let write = if matches!(coerced, Ok(None)) { Write::Remove } else { Write::Set };
        // A value that is not going to be taken need not be of the right type.
        if self.may_write(path, write)? {
            self.assign(path, coerced?);
        }
        Ok(())
    }

    /// An object is merged into what is there; the parts it does not name stay.
    pub(super) fn change_complex(
        &mut self,
        path: &AttributePath,
        verb: Verb,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        if !path.is_supported() {
            self.may_write(path, Write::Set)?;
            return Ok(());
        }
        match (verb, value) {
            (Verb::Remove, _) | (_, None | Some(Value::Null)) => self.remove_parts(path),
            (_, Some(Value::Array(elements))) if elements.is_empty() => self.remove_parts(path),
            (_, Some(Value::Array(elements))) if let [Value::Object(_)] = elements.as_slice() => {
                self.change_complex(path, verb, elements.first())
            }
            (_, Some(Value::Object(members))) => {
                for (name, value) in members {
                    let part = self.part(path, name)?;
                    self.change_single(&part, verb, Some(value))?;
                }
                Ok(())
            }
            (_, Some(other)) => {
                // Not an object: the error of the coercion says so.
                coerce(path.leaf(), other)?;
                Ok(())
            }
        }
    }

    /// Puts a value in its place, or takes it away together with what it leaves empty.
    pub(super) fn assign(&mut self, path: &AttributePath, value: Option<Value>) {
        let Value::Object(top) = &mut self.resource else {
            return;
        };
        let mut keys = vec![];
        keys.extend(path.extension());
        keys.push(&path.attribute().name);
        keys.extend(path.sub_attribute().map(|sub| sub.name.as_str()));
        match value {
            Some(value) => {
                if let Some((last, parents)) = keys.split_last() {
                    let holder = parents.iter().fold(top, |holder, key| object_at(holder, key));
                    holder.insert((*last).to_owned(), value);
                }
            }
            None => unassign(&mut self.resource, &keys),
        }
    }

    fn remove_parts(&mut self, path: &AttributePath) -> Result<(), Error> {
        let parts: Vec<_> = path
            .attribute
            .sub_attributes
            .iter()
            .map(|sub| path.with_sub(sub))
            .filter(|part| part.values(&self.resource).next().is_some())
            .collect();
        for part in parts {
            if self.may_write(&part, Write::Remove)? {
                self.assign(&part, None);
            }
        }
        Ok(())
    }

    /// Resolves a member of a complex value; one that is only recognised is unsupported.
    fn part(&self, path: &AttributePath, name: &str) -> Result<AttributePath, PathError> {
        if let Some(sub) = path.attribute.sub_attribute(name) {
            return Ok(path.with_sub(sub));
        }
        AttributePath::parse(&format!("{path}.{name}"), self.resource_type)
    }
}

/// Removes what the keys lead to, and the objects that are empty without it.
fn unassign(value: &mut Value, keys: &[&str]) {
    let (Value::Object(members), Some((first, rest))) = (value, keys.split_first()) else {
        return;
    };
    if let Some(inner) = members.get_mut(*first)
        && !rest.is_empty()
    {
        unassign(inner, rest);
        if is_present(inner) {
            return;
        }
    }
    members.shift_remove(*first);
}
