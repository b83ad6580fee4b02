//! Which records may enter the file, and what they tell about the rest of the sync.
//!
//! Start at [`Types`]: what is stored about resource types decides everything here, so no row is looked up.

use std::collections::BTreeMap;

use proto::Any;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AppTrait, BatonId, Entitlement, ExternalResourceMatch, ExternalResourceMatchAll, ExternalResourceMatchId, Grant,
    GrantExpandable, GroupTrait, Resource, ResourceId, ResourceType, RoleTrait, SecretTrait, SkipEntitlements,
    SkipEntitlementsAndGrants, SkipGrants, TypeScopedEntitlements, TypeScopedGrants, UserTrait,
};

use super::quality::{IngestQuality, Reason};
use crate::annotations::{contains, is, pack, pick};
use crate::error::{Code, Error, Result};

/// The resource types of the sync.
#[derive(Debug, Default)]
pub(crate) struct Types(BTreeMap<String, TypeRules>);

/// What a resource type asks of the engine.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent annotations")]
pub(crate) struct TypeRules {
    traits: Vec<Trait>,
    pub(crate) skip_entitlements: bool,
    pub(crate) skip_grants: bool,
    pub(crate) scoped_entitlements: bool,
    pub(crate) scoped_grants: bool,
}

impl Types {
    /// The rules of these types.
    pub(crate) fn new<'a>(types: impl IntoIterator<Item = &'a ResourceType>) -> Self {
        Self(types.into_iter().map(|one| (one.id.clone(), TypeRules::new(one))).collect())
    }

    /// The rules of one type; `None` when it is not stored.
    pub(crate) fn get(&self, id: &str) -> Option<&TypeRules> {
        self.0.get(id)
    }

    /// Whether the type is stored.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Ids and rules, sorted by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &TypeRules)> {
        self.0.iter().map(|(id, rules)| (id.as_str(), rules))
    }
}

impl TypeRules {
    fn new(resource_type: &ResourceType) -> Self {
        let annotations = &resource_type.annotations;
        let skip_both = contains::<SkipEntitlementsAndGrants>(annotations);
        Self {
            traits: resource_type.traits().collect(),
            skip_entitlements: skip_both || contains::<SkipEntitlements>(annotations),
            // SkipGrants counts on resources only: sync.md §4.
            skip_grants: skip_both,
            scoped_entitlements: contains::<TypeScopedEntitlements>(annotations),
            scoped_grants: contains::<TypeScopedGrants>(annotations),
        }
    }

    /// Fails when the resource lacks the annotation of a trait of its type, or claims to be the engine's own.
    ///
    /// Source: sync.md §4, Resources.
    pub(crate) fn check(&self, resource: &Resource) -> Result<()> {
        let annotations = &resource.annotations;
        if contains::<BatonId>(annotations) {
            return Err(Error::new(Code::Internal, "a connector must not annotate a resource with BatonID"));
        }
        for one in &self.traits {
            let (present, name) = match one {
                Trait::App => (contains::<AppTrait>(annotations), "AppTrait"),
                Trait::Group => (contains::<GroupTrait>(annotations), "GroupTrait"),
                Trait::User => (contains::<UserTrait>(annotations), "UserTrait"),
                Trait::Role => (contains::<RoleTrait>(annotations), "RoleTrait"),
                Trait::Secret => (contains::<SecretTrait>(annotations), "SecretTrait"),
                _ => continue,
            };
            if !present {
                return Err(Error::unknown(format!("resource was missing expected trait {name}")));
            }
        }
        Ok(())
    }
}

/// Whether the resource's own annotations forbid listing its entitlements.
pub(crate) fn skips_entitlements(resource: &Resource) -> bool {
    contains::<SkipEntitlementsAndGrants>(&resource.annotations) || contains::<SkipEntitlements>(&resource.annotations)
}

/// Whether the resource's own annotations forbid listing its grants.
pub(crate) fn skips_grants(resource: &Resource) -> bool {
    contains::<SkipEntitlementsAndGrants>(&resource.annotations) || contains::<SkipGrants>(&resource.annotations)
}

/// The id, if both of its parts are there.
pub(crate) fn whole_id(id: Option<&ResourceId>) -> Option<&ResourceId> {
    id.filter(|id| !id.resource_type.is_empty() && !id.resource.is_empty())
}

/// Whether the filter for records of unknown types is on: in full syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeFilter {
    On,
    Off,
}

/// What the grants of a page tell about the rest of the sync.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GrantTraits {
    pub(crate) expandable: bool,
    pub(crate) external: bool,
}

/// Keeps the entitlements that may be stored.
///
/// Source: sync.md §4, fresh-ingest filter.
pub(crate) fn admit_entitlements(
    entitlements: &mut Vec<Entitlement>,
    types: &Types,
    filter: TypeFilter,
    quality: &mut IngestQuality,
) {
    entitlements.retain(|entitlement| {
        let resource = entitlement.resource.as_ref().and_then(|resource| whole_id(resource.id.as_ref()));
        let Some(id) = resource.filter(|_| !entitlement.id.is_empty()) else {
            quality.invalid_entitlements_observed += 1;
            quality.note(Reason::EntitlementDropped);
            return false;
        };
        if filter == TypeFilter::On && !types.contains(&id.resource_type) {
            quality.entitlements_dropped += 1;
            quality.note(Reason::EntitlementDropped);
            return false;
        }
        true
    });
}

/// Keeps the grants that may be stored, narrows their expansion to stored types, and tells what they need later.
///
/// # Errors
/// When an expansion annotation cannot be decoded.
///
/// Source: sync.md §4, fresh-ingest filter and grants extras.
pub(crate) fn admit_grants(
    grants: &mut Vec<Grant>,
    types: &Types,
    filter: TypeFilter,
    quality: &mut IngestQuality,
) -> Result<GrantTraits> {
    let mut traits = GrantTraits::default();
    let mut failure = None;
    grants.retain_mut(|grant| {
        let external = matches_external(&grant.annotations);
        if !is_admitted(grant, types, filter, external) {
            quality.grants_dropped += 1;
            quality.note(Reason::GrantDropped);
            return false;
        }
        traits.external |= external;
        if contains::<GrantExpandable>(&grant.annotations) {
            match narrow_expansion(&mut grant.annotations, types, filter, quality) {
                Ok(kept) => traits.expandable |= kept,
                Err(error) => failure = Some(error),
            }
        }
        true
    });
    failure.map_or(Ok(traits), Err)
}

/// Whether the grant is to be given to principals of another file.
fn matches_external(annotations: &[Any]) -> bool {
    annotations.iter().any(|entry| {
        is::<ExternalResourceMatch>(entry)
            || is::<ExternalResourceMatchAll>(entry)
            || is::<ExternalResourceMatchId>(entry)
    })
}

fn is_admitted(grant: &Grant, types: &Types, filter: TypeFilter, external: bool) -> bool {
    let entitlement = grant.entitlement.as_ref();
    let offered = entitlement.and_then(|entitlement| whole_id(entitlement.resource.as_ref()?.id.as_ref()));
    let principal = grant.principal.as_ref().and_then(|principal| whole_id(principal.id.as_ref()));
    let (Some(offered), Some(principal)) = (offered, principal) else {
        return false;
    };
    if grant.id.is_empty() {
        return false;
    }
    filter == TypeFilter::Off
        || (types.contains(&offered.resource_type) && (external || types.contains(&principal.resource_type)))
}

/// Returns whether the grant is still expandable.
fn narrow_expansion(
    annotations: &mut Vec<Any>,
    types: &Types,
    filter: TypeFilter,
    quality: &mut IngestQuality,
) -> Result<bool> {
    let Some(mut expandable) = pick::<GrantExpandable>(annotations)? else {
        return Ok(false);
    };
    if filter == TypeFilter::Off || expandable.resource_type_ids.is_empty() {
        return Ok(true);
    }
    let before = expandable.resource_type_ids.len();
    expandable.resource_type_ids.retain(|id| types.contains(id));
    let dropped = before - expandable.resource_type_ids.len();
    if dropped == 0 {
        return Ok(true);
    }
    quality.expansion_resource_types_dropped += dropped as u64;
    quality.note(Reason::ExpansionTypeDropped);
    if expandable.resource_type_ids.is_empty() {
        quality.expansions_dropped += 1;
        quality.note(Reason::ExpansionDropped);
        annotations.retain(|entry| !is::<GrantExpandable>(entry));
        return Ok(false);
    }
    let packed = pack(&expandable);
    for entry in annotations.iter_mut().filter(|entry| is::<GrantExpandable>(entry)) {
        entry.clone_from(&packed);
    }
    Ok(true)
}
