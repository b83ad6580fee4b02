//! Making entitlements: what a resource offers to grant.
//!
//! Start at [`assignment`]. Source: sync.md §9.

use proto::c1::connector::v2::entitlement::PurposeValue;
use proto::c1::connector::v2::{Entitlement, Resource, ResourceType};

/// The id `<resource type>:<resource id>:<slug>`, joined without escaping.
///
/// Ids are compared byte by byte and never taken apart.
#[must_use]
pub fn entitlement_id(resource: &Resource, slug: &str) -> String {
    match &resource.id {
        Some(id) => format!("{}:{}:{slug}", id.resource_type, id.resource),
        None => format!("::{slug}"),
    }
}

/// Membership or the like: a principal is assigned the resource.
#[must_use]
pub fn assignment(resource: &Resource, slug: &str, grantable_to: &[ResourceType]) -> Entitlement {
    new(resource, slug, grantable_to, PurposeValue::Assignment)
}

/// A permission on the resource.
#[must_use]
pub fn permission(resource: &Resource, slug: &str, grantable_to: &[ResourceType]) -> Entitlement {
    new(resource, slug, grantable_to, PurposeValue::Permission)
}

/// Ownership of the resource.
#[must_use]
pub fn ownership(resource: &Resource, slug: &str, grantable_to: &[ResourceType]) -> Entitlement {
    new(resource, slug, grantable_to, PurposeValue::Ownership)
}

fn new(resource: &Resource, slug: &str, grantable_to: &[ResourceType], purpose: PurposeValue) -> Entitlement {
    Entitlement {
        resource: Some(resource.clone()),
        id: entitlement_id(resource, slug),
        display_name: slug.to_owned(),
        grantable_to: grantable_to.to_vec(),
        purpose: purpose.into(),
        slug: slug.to_owned(),
        ..Entitlement::default()
    }
}
