//! Rows as a file gives them, ready to be written.

use ids::{AccountId, EntitlementId, GrantId, ResourceId};

use super::key::{GrantKey, Key};

/// A resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// What the connector calls it.
    pub external_id: String,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// The traits, as a JSON list of names.
    pub traits: String,
    /// Whether its resources are accounts.
    pub is_account: bool,
}

/// A resource that is no account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The key of its external id.
    pub key: Key,
    /// The digest of the row in the file.
    pub digest: Key,
    /// Its type.
    pub resource_type: String,
    /// What the connector calls it, without its type.
    pub external_id: String,
    /// `type:id` of its parent.
    pub parent: Option<String>,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// What else the connector says about it: a JSON object.
    pub profile: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The key of its external id.
    pub key: Key,
    /// The digest of the row in the file.
    pub digest: Key,
    /// Its resource type.
    pub resource_type: String,
    /// What the connector calls it, without its type.
    pub external_id: String,
    /// The name that its owner signs in with.
    pub login: String,
    /// What people call it.
    pub display_name: String,
    /// Folded addresses, the primary one first: a JSON list.
    pub emails: String,
    /// Folded text to search in.
    pub search: String,
    /// `user`, `service` or `system`.
    pub kind: &'static str,
    /// `pending`, `enabled`, `disabled`.
    pub status: &'static str,
    /// The app's words about the status.
    pub status_detail: String,
    /// What else the connector says about it: a JSON object.
    pub profile: String,
    /// When its owner signed in last, in microseconds.
    pub last_login: Option<i64>,
    /// Whether its addresses lie outside the trusted domains.
    pub is_external: bool,
}

/// An entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Its id.
    pub id: EntitlementId,
    /// The key of its external id.
    pub key: Key,
    /// The digest of the row in the file.
    pub digest: Key,
    /// The key of its resource.
    pub resource: Key,
    /// What the connector calls it.
    pub external_id: String,
    /// Its short label.
    pub slug: String,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// `assignment`, `permission` or `ownership`.
    pub purpose: &'static str,
    /// The resource types that can hold it: a JSON list.
    pub grantable_to: String,
    /// The set of which an account holds one at a time; empty for none.
    pub exclusion_set: String,
}

/// A grant that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The keys of its entitlement and its account.
    pub key: GrantKey,
    /// The digest of the row in the file.
    pub digest: Key,
    /// The entitlements that it comes from: a JSON list.
    pub sources: String,
    /// Whether it cannot be revoked.
    pub immutable: bool,
}

/// New content of a grant that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedGrant {
    /// Its id.
    pub id: GrantId,
    /// The digest of the row in the file.
    pub digest: Key,
    /// The entitlements that it comes from: a JSON list.
    pub sources: String,
    /// Whether it cannot be revoked.
    pub immutable: bool,
}
