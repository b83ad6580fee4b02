//! Making grants: who holds an entitlement.
//!
//! Start at [`grant`]. Source: sync.md §9.

use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId};

use crate::entitlement::entitlement_id;

/// The id of a grant that cannot be named.
pub const UNKNOWN_GRANT_ID: &str = "🧸_UNKNOWN_GRANT_ID";

/// The id `<entitlement id>:<principal type>:<principal id>`, joined without escaping.
#[must_use]
pub fn grant_id(entitlement_id: &str, principal: &ResourceId) -> String {
    format!("{entitlement_id}:{}:{}", principal.resource_type, principal.resource)
}

/// The grant of the entitlement `slug` of `resource` to a principal.
///
/// It holds of the entitlement only id and resource, of the principal only the id.
#[must_use]
pub fn grant(resource: &Resource, slug: &str, principal: &ResourceId) -> Grant {
    let entitlement =
        Entitlement { id: entitlement_id(resource, slug), resource: Some(resource.clone()), ..Entitlement::default() };
    Grant {
        id: grant_id(&entitlement.id, principal),
        entitlement: Some(entitlement),
        principal: Some(Resource { id: Some(principal.clone()), ..Resource::default() }),
        ..Grant::default()
    }
}
