//! From the text of a name to its place in the schemas of a resource type.

use std::sync::Arc;

use super::{AttributePath, PathError, Support, is_name};
use crate::error::excerpt;
use crate::schema::{ResourceType, Schema};

/// What stands in front of a name.
pub(super) enum Prefixed<'t, 's> {
    None,
    Bare(&'s Schema, Support),
    By(&'s Schema, &'t str),
}

/// Takes the longest URN off that a schema of the type has.
pub(super) fn split_urn<'t, 's>(text: &'t str, resource_type: &'s ResourceType) -> Result<Prefixed<'t, 's>, PathError> {
    if !text.contains(':') {
        return Ok(Prefixed::None);
    }
    let held = resource_type.schemas().map(|schema| (schema, Support::Supported));
    let recognised = resource_type.unsupported.iter().map(|schema| (schema, Support::Unsupported));
    let mut best: Option<(&Schema, Support, &str)> = None;
    for (schema, support) in held.chain(recognised) {
        let length = schema.urn.len();
        let Some((prefix, rest)) = text.split_at_checked(length) else {
            continue;
        };
        let fits = prefix.eq_ignore_ascii_case(&schema.urn) && (rest.is_empty() || rest.starts_with(':'));
        if fits && best.is_none_or(|(other, ..)| other.urn.len() < length) {
            best = Some((schema, support, rest));
        }
    }
    match best {
        None => Err(PathError::UnknownSchema { path: excerpt(text) }),
        Some((schema, support, "")) => Ok(Prefixed::Bare(schema, support)),
        Some((schema, _, rest)) => Ok(Prefixed::By(schema, rest.strip_prefix(':').unwrap_or(rest))),
    }
}

pub(super) fn split_name(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, sub) = match text.split_once('.') {
        None => (text, None),
        Some((name, sub)) => (name, Some(sub)),
    };
    (is_name(name) && sub.is_none_or(is_name)).then_some((name, sub))
}

pub(super) fn resolve(
    schema: Option<&Schema>,
    name: &str,
    sub: Option<&str>,
    resource_type: &ResourceType,
) -> Option<AttributePath> {
    let urn = schema.map_or(&resource_type.schema.urn, |schema| &schema.urn);
    let is_core = urn.eq_ignore_ascii_case(&resource_type.schema.urn);
    let held = resource_type
        .schemas()
        .chain(is_core.then(|| resource_type.common()))
        .map(|schema| (schema, Support::Supported));
    let recognised = resource_type.unsupported.iter().map(|schema| (schema, Support::Unsupported));
    held.chain(recognised).filter(|(schema, _)| schema.urn.is_empty() || schema.urn.eq_ignore_ascii_case(urn)).find_map(
        |(schema, support)| {
            let attribute = schema.attribute(name)?;
            let sub = match sub {
                None => None,
                Some(sub) => Some(Arc::clone(attribute.sub_attribute(sub)?)),
            };
            Some(AttributePath {
                extension: extension_key(schema, resource_type),
                attribute: Arc::clone(attribute),
                sub,
                support,
            })
        },
    )
}

pub(super) fn extension_key(schema: &Schema, resource_type: &ResourceType) -> Option<Arc<str>> {
    let top = schema.urn.is_empty() || schema.urn.eq_ignore_ascii_case(&resource_type.schema.urn);
    (!top).then(|| Arc::clone(&schema.urn))
}
