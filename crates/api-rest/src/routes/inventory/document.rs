//! What connectors found, as JSON.

use serde::Serialize;
use serde_json::Value;
use store::inventory::list;
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// Its id.
    id: String,
    /// The app that it is in.
    app_id: String,
    /// The connector that found it.
    connector_id: String,
    /// Its resource type, as the connector calls it.
    resource_type: String,
    /// What the connector calls it.
    external_id: String,
    /// The name that its owner signs in with.
    login: String,
    /// What people call it.
    display_name: String,
    /// Addresses in small letters, the primary one first.
    emails: Vec<String>,
    /// `user`, `service` or `system`.
    #[serde(rename = "type")]
    kind: String,
    /// `pending`, `enabled`, `disabled` or `gone`.
    status: String,
    /// The app's words about the status.
    status_detail: String,
    /// What else the connector says about it.
    #[schema(value_type = Object)]
    profile: Value,
    /// When its owner signed in last.
    last_login: Option<String>,
    /// Whether its addresses lie outside the trusted domains.
    is_external: bool,
    /// The person who answers for it.
    owner_person_id: Option<String>,
    /// `matched`, `manual`, `cleared` or `none`: who said so.
    owner_source: String,
    /// `primary email`, `secondary email` or `username`: the rule by which it was matched.
    match_rule: Option<String>,
    /// The people whom it may belong to alike, so that nobody was matched; shown for one account, not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owner_suggestions: Vec<String>,
    /// The sync that brought it.
    first_seen_sync: Option<String>,
    /// The last sync that saw it.
    last_seen_sync: Option<String>,
    /// When it was missed first.
    gone_at: Option<String>,
}

impl Account {
    /// With the people whom it may belong to alike.
    pub(super) fn with_suggestions(mut self, people: impl IntoIterator<Item = ids::PersonId>) -> Self {
        self.owner_suggestions = people.into_iter().map(|id| id.to_string()).collect();
        self
    }
}

impl From<list::Account> for Account {
    fn from(row: list::Account) -> Self {
        Self {
            id: row.id.to_string(),
            app_id: row.app_id.to_string(),
            connector_id: row.connector_id.to_string(),
            resource_type: row.resource_type,
            external_id: row.external_id,
            login: row.login,
            display_name: row.display_name,
            emails: row.emails,
            kind: row.kind,
            status: row.status,
            status_detail: row.status_detail,
            profile: row.profile,
            last_login: row.last_login.map(|at| at.to_string()),
            is_external: row.is_external,
            owner_person_id: row.owner_person_id.map(|id| id.to_string()),
            owner_source: row.owner_source,
            match_rule: row.match_rule,
            owner_suggestions: Vec::new(),
            first_seen_sync: row.first_seen_sync.map(|id| id.to_string()),
            last_seen_sync: row.last_seen_sync.map(|id| id.to_string()),
            gone_at: row.gone_at.map(|at| at.to_string()),
        }
    }
}

/// A resource type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceType {
    /// The connector that it belongs to.
    connector_id: String,
    /// What the connector calls it.
    external_id: String,
    /// What people call it.
    display_name: String,
    /// What it is.
    description: String,
    /// What its resources are: `user`, `group`, `role` …
    traits: Vec<String>,
    /// Whether its resources are accounts.
    is_account: bool,
    /// When it was missed first.
    gone_at: Option<String>,
}

impl From<list::ResourceType> for ResourceType {
    fn from(row: list::ResourceType) -> Self {
        Self {
            connector_id: row.connector_id.to_string(),
            external_id: row.external_id,
            display_name: row.display_name,
            description: row.description,
            traits: row.traits,
            is_account: row.is_account,
            gone_at: row.gone_at.map(|at| at.to_string()),
        }
    }
}

/// A resource that is no account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "`resourceType` is the word of the protocol")]
pub(in crate::routes) struct Resource {
    /// Its id.
    id: String,
    /// The app that it is in.
    app_id: String,
    /// The connector that found it.
    connector_id: String,
    /// Its type, as the connector calls it.
    resource_type: String,
    /// What the connector calls it.
    external_id: String,
    /// `type:id` of its parent.
    parent: Option<String>,
    /// What people call it.
    display_name: String,
    /// What it is.
    description: String,
    /// What else the connector says about it.
    #[schema(value_type = Object)]
    profile: Value,
    /// `synced` or `manual`.
    origin: String,
    /// The sync that brought it.
    first_seen_sync: Option<String>,
    /// The last sync that saw it.
    last_seen_sync: Option<String>,
    /// When it was missed first.
    gone_at: Option<String>,
}

impl From<list::Resource> for Resource {
    fn from(row: list::Resource) -> Self {
        Self {
            id: row.id.to_string(),
            app_id: row.app_id.to_string(),
            connector_id: row.connector_id.to_string(),
            resource_type: row.resource_type,
            external_id: row.external_id,
            parent: row.parent,
            display_name: row.display_name,
            description: row.description,
            profile: row.profile,
            origin: row.origin,
            first_seen_sync: row.first_seen_sync.map(|id| id.to_string()),
            last_seen_sync: row.last_seen_sync.map(|id| id.to_string()),
            gone_at: row.gone_at.map(|at| at.to_string()),
        }
    }
}

/// An entitlement: something that an account can hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Entitlement {
    /// Its id.
    id: String,
    /// The app that it is in.
    app_id: String,
    /// The connector that found it; absent when Podium made it.
    connector_id: Option<String>,
    /// The resource that it is of.
    resource_id: Option<String>,
    /// What the connector calls it.
    external_id: String,
    /// Its short label.
    slug: String,
    /// What people call it.
    display_name: String,
    /// What it is.
    description: String,
    /// `assignment`, `permission` or `ownership`.
    purpose: String,
    /// The resource types that can hold it.
    grantable_to: Vec<String>,
    /// The set of which an account holds one at a time; empty for none.
    exclusion_set: String,
    /// `synced` or `virtual`.
    origin: String,
    /// The sync that brought it.
    first_seen_sync: Option<String>,
    /// The last sync that saw it.
    last_seen_sync: Option<String>,
    /// When it was missed first.
    gone_at: Option<String>,
}

impl From<list::Entitlement> for Entitlement {
    fn from(row: list::Entitlement) -> Self {
        Self {
            id: row.id.to_string(),
            app_id: row.app_id.to_string(),
            connector_id: row.connector_id.map(|id| id.to_string()),
            resource_id: row.resource_id.map(|id| id.to_string()),
            external_id: row.external_id,
            slug: row.slug,
            display_name: row.display_name,
            description: row.description,
            purpose: row.purpose,
            grantable_to: row.grantable_to,
            exclusion_set: row.exclusion_set,
            origin: row.origin,
            first_seen_sync: row.first_seen_sync.map(|id| id.to_string()),
            last_seen_sync: row.last_seen_sync.map(|id| id.to_string()),
            gone_at: row.gone_at.map(|at| at.to_string()),
        }
    }
}

/// One uninterrupted period in which an account holds an entitlement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    /// Its id.
    id: String,
    /// The app that it is in.
    app_id: String,
    /// The connector that found it.
    connector_id: String,
    /// What is held.
    entitlement_id: String,
    /// What people call it.
    entitlement_name: String,
    /// By whom.
    account_id: Option<String>,
    /// The name that the account's owner signs in with.
    login: Option<String>,
    /// What people call the account.
    account_name: Option<String>,
    /// `active`, `ended` and what else a grant can be.
    state: String,
    /// `initial`, `outside`, `request`, `rule` or `swap`.
    origin: String,
    /// Since when.
    starts_at: String,
    /// Until when; absent while it is held.
    ended_at: Option<String>,
    /// Why it ended.
    end_reason: Option<String>,
    /// The entitlements that it comes from.
    sources: Vec<String>,
    /// Whether it cannot be revoked.
    is_immutable: bool,
    /// The sync that saw it first.
    observed_first_sync: Option<String>,
    /// The sync that saw it last.
    observed_last_sync: Option<String>,
    /// The sync that saw that it had ended.
    proof_of_end_sync: Option<String>,
}

impl From<list::Grant> for Grant {
    fn from(row: list::Grant) -> Self {
        Self {
            id: row.id.to_string(),
            app_id: row.app_id.to_string(),
            connector_id: row.connector_id.to_string(),
            entitlement_id: row.entitlement_id.to_string(),
            entitlement_name: row.entitlement_name,
            account_id: row.account_id.map(|id| id.to_string()),
            login: row.login,
            account_name: row.account_name,
            state: row.state,
            origin: row.origin,
            starts_at: row.starts_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            end_reason: row.end_reason,
            sources: row.sources,
            is_immutable: row.is_immutable,
            observed_first_sync: row.observed_first_sync.map(|id| id.to_string()),
            observed_last_sync: row.observed_last_sync.map(|id| id.to_string()),
            proof_of_end_sync: row.proof_of_end_sync.map(|id| id.to_string()),
        }
    }
}

/// One thing that a sync changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    /// `resource_type`, `resource`, `account`, `entitlement` or `grant`.
    kind: &'static str,
    /// Its id; the connector's name for a resource type.
    id: String,
    /// `appeared`, `changed` or `disappeared`.
    change: &'static str,
    /// What people know it by.
    label: String,
    /// The changed fields as they were.
    #[schema(value_type = Object)]
    before: Value,
    /// The changed fields as they are.
    #[schema(value_type = Object)]
    after: Value,
}

impl From<store::inventory::Difference> for Difference {
    fn from(row: store::inventory::Difference) -> Self {
        Self {
            kind: row.kind.name(),
            id: row.id,
            change: row.change.name(),
            label: row.label,
            before: fields(&row.before),
            after: fields(&row.after),
        }
    }
}

/// Changed fields: an object.
fn fields(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
