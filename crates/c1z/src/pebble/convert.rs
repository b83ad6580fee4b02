//! From the records of the store to the messages that a v1 file holds.
//!
//! A record keeps references only: the resource of an entitlement, and the entitlement and the principal of a grant, know
//! no more than their ids afterwards.

use proto::annotations;
use proto::c1::connector::v2::entitlement::PurposeValue;
use proto::c1::connector::v2::grant_sources::GrantSource;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AssetRef, Entitlement, Grant, GrantExpandable, GrantSources, Resource, ResourceId, ResourceType, Status,
};
use proto::c1::storage::v3::{EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};

fn resource_id(resource_type: String, resource: String) -> ResourceId {
    ResourceId { resource_type, resource, ..ResourceId::default() }
}

fn stub(resource_type: String, resource: String) -> Resource {
    Resource { id: Some(resource_id(resource_type, resource)), ..Resource::default() }
}

pub(super) fn resource_type(record: ResourceTypeRecord) -> ResourceType {
    // A trait of a later version becomes the unspecified one, as upstream does it.
    let known = |name: &String| Trait::from_str_name(&format!("TRAIT_{name}")).unwrap_or_default().into();
    ResourceType {
        id: record.external_id,
        display_name: record.display_name,
        traits: record.traits.iter().map(known).collect(),
        annotations: record.annotations,
        description: record.description,
        sourced_externally: record.sourced_externally,
    }
}

pub(super) fn resource(record: ResourceRecord) -> Resource {
    let icon = Some(record.icon_asset_external_id).filter(|id| !id.is_empty());
    Resource {
        id: Some(resource_id(record.resource_type_id, record.resource_id)),
        parent_resource_id: record.parent.map(|parent| resource_id(parent.resource_type_id, parent.resource_id)),
        display_name: record.display_name,
        annotations: record.annotations,
        description: record.description,
        profile: record.profile,
        icon: icon.map(|id| AssetRef { id }),
        status: record.status.map(|status| Status { status: status.status, details: status.details }),
        created_at: record.created_at,
        ..Resource::default()
    }
}

pub(super) fn entitlement(record: EntitlementRecord) -> Entitlement {
    let purpose = PurposeValue::from_str_name(&format!("PURPOSE_VALUE_{}", record.purpose));
    let grantable = |id| ResourceType { id, ..ResourceType::default() };
    Entitlement {
        resource: record.resource.map(|on| stub(on.resource_type_id, on.resource_id)),
        id: record.external_id,
        display_name: record.display_name,
        description: record.description,
        grantable_to: record.grantable_to_resource_type_ids.into_iter().map(grantable).collect(),
        annotations: record.annotations,
        purpose: purpose.unwrap_or_default().into(),
        slug: record.slug,
    }
}

pub(super) fn grant(record: GrantRecord) -> Grant {
    let (entitlement, principal) = (record.entitlement.unwrap_or_default(), record.principal.unwrap_or_default());
    let id = if record.external_id.is_empty() {
        format!("{}:{}:{}", entitlement.entitlement_id, principal.resource_type_id, principal.resource_id)
    } else {
        record.external_id
    };
    let mut messages = record.annotations;
    if let Some(expansion) = record.expansion {
        let expandable = GrantExpandable {
            entitlement_ids: expansion.entitlement_ids,
            shallow: expansion.shallow,
            resource_type_ids: expansion.resource_type_ids,
        };
        annotations::append(&mut messages, &expandable);
    }
    let sources: std::collections::BTreeMap<_, _> =
        record.sources.into_iter().map(|(id, source)| (id, GrantSource { is_direct: source.is_direct })).collect();
    let has_parent = !(principal.parent_resource_type_id.is_empty() && principal.parent_resource_id.is_empty());
    Grant {
        entitlement: Some(Entitlement {
            id: entitlement.entitlement_id,
            resource: Some(stub(entitlement.resource_type_id, entitlement.resource_id)),
            ..Entitlement::default()
        }),
        principal: Some(Resource {
            parent_resource_id: has_parent
                .then(|| resource_id(principal.parent_resource_type_id, principal.parent_resource_id)),
            ..stub(principal.resource_type_id, principal.resource_id)
        }),
        id,
        annotations: messages,
        sources: (!sources.is_empty()).then_some(GrantSources { sources }),
    }
}
