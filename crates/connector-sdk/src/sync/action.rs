//! One step of a sync that is still to be done.

use serde::{Deserialize, Serialize};

/// What a step does; the names are those of the checkpoint token.
///
/// Source: sync.md §1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// Plans the phases.
    Init,
    /// Lists and stores the resource types.
    ListResourceTypes,
    /// Lists and stores the resources of all types, or of one.
    ListResources,
    /// Lists and stores the entitlements of all resources, or of one.
    ListEntitlements,
    /// Old plans hold it; no step does it.
    ListResourcesForEntitlements,
    /// Lists and stores the grants on all resources, or on one.
    ListGrants,
    /// Brings in the users of another file.
    ListExternalResources,
    /// Old plans hold it; assets are not synced.
    FetchAssets,
    /// Turns expandable grants into the grants that follow from them.
    GrantExpansion,
    /// Fetches one resource by its id.
    TargetedResourceSync,
    /// Instantiates the template entitlements of all types, or of one.
    ListStaticEntitlements,
    /// A name that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Operation {
    /// The name in the token.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::ListResourceTypes => "list-resource-types",
            Self::ListResources => "list-resources",
            Self::ListEntitlements => "list-entitlements",
            Self::ListResourcesForEntitlements => "list-resources-for-entitlements",
            Self::ListGrants => "list-grants",
            Self::ListExternalResources => "list-external-resources",
            Self::FetchAssets => "fetch-assets",
            Self::GrantExpansion => "grant-expansion",
            Self::TargetedResourceSync => "targeted-resource-sync",
            Self::ListStaticEntitlements => "list-static-entitlements",
            Self::Unknown => "unknown",
        }
    }
}

/// A step and where it stands.
///
/// Empty texts and `false` are left out of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Action {
    /// Ten decimal digits, counted up from zero within a sync.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    pub(crate) operation: Operation,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) page_token: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) resource_type_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) resource_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) parent_resource_type_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) parent_resource_id: String,
    /// A sibling cursor made from an `EnqueuePageTokens` annotation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) spawned: bool,
    /// Lists a whole type at once instead of one resource.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) type_scoped: bool,
    /// On a phase: its type-scoped steps have been planned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) type_scoped_planned: bool,
}

impl Action {
    /// A step without arguments; the state gives it its id.
    pub(crate) fn new(operation: Operation) -> Self {
        Self {
            id: String::new(),
            operation,
            page_token: String::new(),
            resource_type_id: String::new(),
            resource_id: String::new(),
            parent_resource_type_id: String::new(),
            parent_resource_id: String::new(),
            spawned: false,
            type_scoped: false,
            type_scoped_planned: false,
        }
    }

    /// The step for all resources of one type.
    pub(crate) fn for_type(operation: Operation, resource_type_id: &str) -> Self {
        Self { resource_type_id: resource_type_id.to_owned(), ..Self::new(operation) }
    }

    /// The step for one resource.
    pub(crate) fn for_resource(operation: Operation, resource_type_id: &str, resource_id: &str) -> Self {
        Self { resource_id: resource_id.to_owned(), ..Self::for_type(operation, resource_type_id) }
    }

    /// The same step below a parent.
    pub(crate) fn below(mut self, parent_type_id: &str, parent_id: &str) -> Self {
        parent_type_id.clone_into(&mut self.parent_resource_type_id);
        parent_id.clone_into(&mut self.parent_resource_id);
        self
    }

    /// Whether a reader needs version 2 of the token to understand the step.
    pub(crate) fn needs_version_2(&self) -> bool {
        self.spawned || self.type_scoped || self.type_scoped_planned
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}
