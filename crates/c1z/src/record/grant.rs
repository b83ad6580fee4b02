//! The two things that are special about the rows of grants: expansion stands in a column of its own, and identities may
//! stand in columns only.

use std::borrow::Cow;

use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use proto::Any;
use proto::c1::connector::v2::{Entitlement, Grant, GrantExpandable, Resource, ResourceId};

use super::Columns;

const EXPANDABLE: &str = "c1.connector.v2.GrantExpandable";
const TYPE_URL: &str = "type.googleapis.com/c1.connector.v2.GrantExpandable";
const ENTITLEMENT: u32 = 1;
const PRINCIPAL: u32 = 2;

fn is_expandable(annotation: &Any) -> bool {
    annotation.type_url.rsplit('/').next() == Some(EXPANDABLE)
}

/// Returns the grant without its `GrantExpandable` annotation, and the annotation encoded for its column.
///
/// An annotation that names no entitlement, or does not decode, goes as well, but gives nothing for the column.
pub(crate) fn split_expansion(grant: &Grant) -> (Cow<'_, Grant>, Option<Vec<u8>>) {
    let Some(annotation) = grant.annotations.iter().find(|annotation| is_expandable(annotation)) else {
        return (Cow::Borrowed(grant), None);
    };
    let expansion = GrantExpandable::decode(annotation.value.as_slice())
        .ok()
        .filter(|expandable| expandable.entitlement_ids.iter().any(|id| !id.trim().is_empty()))
        .map(|expandable| expandable.encode_to_vec());
    let mut rest = grant.clone();
    rest.annotations.retain(|annotation| !is_expandable(annotation));
    (Cow::Owned(rest), expansion)
}

/// Puts the annotation of the column back, as the last one.
pub(crate) fn attach_expansion(grant: &mut Grant, expansion: &[u8]) {
    grant.annotations.push(Any { type_url: TYPE_URL.to_owned(), value: expansion.to_vec() });
}

/// Returns the entitlement and the principal that a slim row lacks, encoded; they know no more than their ids.
pub(super) fn missing(stored: &[u8], columns: &Columns<'_>) -> Option<Vec<u8>> {
    let (has_entitlement, has_principal) = identities(stored);
    if has_entitlement && has_principal {
        return None;
    }
    let resource = |resource_type: &str, resource: &str| Resource {
        id: Some(ResourceId {
            resource_type: resource_type.to_owned(),
            resource: resource.to_owned(),
            ..ResourceId::default()
        }),
        ..Resource::default()
    };
    let stub = Grant {
        entitlement: (!has_entitlement).then(|| Entitlement {
            id: columns.entitlement_id.to_owned(),
            resource: Some(resource(columns.resource_type_id, columns.resource_id)),
            ..Entitlement::default()
        }),
        principal: (!has_principal).then(|| resource(columns.other_type_id, columns.other_id)),
        ..Grant::default()
    };
    Some(stub.encode_to_vec())
}

/// Tells whether an encoded grant has an entitlement and a principal. Bytes that do not decode have both: there is
/// nothing to add to them.
fn identities(mut bytes: &[u8]) -> (bool, bool) {
    let (mut entitlement, mut principal) = (false, false);
    while !bytes.is_empty() {
        let Ok((tag, wire)) = decode_key(&mut bytes) else { return (true, true) };
        entitlement |= tag == ENTITLEMENT;
        principal |= tag == PRINCIPAL;
        if entitlement && principal || skip_field(wire, tag, &mut bytes, DecodeContext::default()).is_err() {
            return (true, true);
        }
    }
    (entitlement, principal)
}
