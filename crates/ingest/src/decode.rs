//! Messages of connectors as rows of the store.

use domain::email;
use proto::annotations::{contains, pick};
use proto::c1::connector::v2::{
    Entitlement, EntitlementExclusionGroup, Grant, GrantImmutable, GroupTrait, Resource, ResourceType, RoleTrait,
    UserTrait, entitlement, resource_type, status, user_trait,
};
use proto::{Struct, Value, value};
use serde_json::Value as Json;
use store::inventory::{self, GrantKey, Key};
use uuid::Uuid;

use crate::fingerprint::{entitlement_key, resource_key};
use crate::preset;

/// How deep the profile of a resource may be nested; what lies deeper is left out.
const MAX_DEPTH: u32 = 32;

/// What rows are made for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// What the connector is, in the catalog.
    pub(crate) catalog_id: String,
    /// Folded domains of the company; none when it has named none.
    pub(crate) trusted_domains: Vec<String>,
}

/// Where a row stands: its id, key and fingerprint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<K> {
    pub(crate) id: Uuid,
    pub(crate) key: K,
    pub(crate) digest: Key,
}

pub(crate) fn resource_type(message: ResourceType) -> inventory::ResourceType {
    let is_account = is_account(&message);
    let name = |of: resource_type::Trait| of.as_str_name().trim_start_matches("TRAIT_").to_lowercase();
    let traits: Vec<String> = message.traits().map(name).collect();
    inventory::ResourceType {
        external_id: message.id,
        display_name: message.display_name,
        description: message.description,
        traits: Json::from(traits).to_string(),
        is_account,
    }
}

/// Whether the resources of this type are accounts.
pub(crate) fn is_account(message: &ResourceType) -> bool {
    message.traits.contains(&(resource_type::Trait::User as i32))
}

pub(crate) fn resource(place: Place<Key>, message: Resource) -> inventory::Resource {
    let profile = message
        .profile
        .or_else(|| trait_of::<GroupTrait>(&message.annotations).and_then(|group| group.profile))
        .or_else(|| trait_of::<RoleTrait>(&message.annotations).and_then(|role| role.profile));
    let id = message.id.unwrap_or_default();
    inventory::Resource {
        id: ids::ResourceId::from_uuid(place.id),
        key: place.key,
        digest: place.digest,
        parent: message.parent_resource_id.map(|parent| format!("{}:{}", parent.resource_type, parent.resource)),
        display_name: some_of([message.display_name.as_str(), id.resource.as_str()]).to_owned(),
        resource_type: id.resource_type,
        external_id: id.resource,
        description: message.description,
        profile: json_object(profile).to_string(),
    }
}

pub(crate) fn account(place: Place<Key>, message: Resource, rules: &Rules) -> inventory::Account {
    let user = trait_of::<UserTrait>(&message.annotations).unwrap_or_default();
    let id = message.id.unwrap_or_default();
    let mut addresses: Vec<&user_trait::Email> =
        user.emails.iter().filter(|email| !email.address.trim().is_empty()).collect();
    addresses.sort_by_key(|email| !email.is_primary);
    let emails: Vec<String> = addresses.iter().map(|email| email::fold(&email.address)).collect();
    let first = emails.first().map_or("", String::as_str);
    let login = some_of([user.login.as_str(), first, id.resource.as_str()]).to_owned();
    let display_name = some_of([message.display_name.as_str(), login.as_str()]).to_owned();
    let (status, status_detail) = match (&message.status, &user.status) {
        (Some(new), _) if new.status != status::ResourceStatus::Unspecified as i32 => {
            (status_name(new.status), new.details.clone())
        }
        (_, Some(old)) => (status_name(old.status), old.details.clone()),
        _ => ("enabled", String::new()),
    };
    let profile = message.profile.or(user.profile);
    inventory::Account {
        id: ids::AccountId::from_uuid(place.id),
        key: place.key,
        digest: place.digest,
        search: search_text(&login, &display_name, &emails),
        is_external: is_external(&emails, rules),
        resource_type: id.resource_type,
        external_id: id.resource,
        login,
        display_name,
        emails: Json::from(emails).to_string(),
        kind: match user_trait::AccountType::try_from(user.account_type) {
            Ok(user_trait::AccountType::Service) => "service",
            Ok(user_trait::AccountType::System) => "system",
            _ => "user",
        },
        status,
        status_detail,
        profile: json_object(profile).to_string(),
        last_login: user.last_login.map(|at| at.seconds.saturating_mul(1_000_000) + i64::from(at.nanos / 1_000)),
    }
}

pub(crate) fn entitlement(place: Place<Key>, message: Entitlement, rules: &Rules) -> inventory::Entitlement {
    let on = message.resource.as_ref().and_then(|resource| resource.id.clone()).unwrap_or_default();
    let exclusion_set = match trait_of::<EntitlementExclusionGroup>(&message.annotations) {
        Some(group) if group.scope_to_resource => {
            format!("{}:{}:{}", on.resource_type, on.resource, group.exclusion_group_id)
        }
        Some(group) => group.exclusion_group_id,
        None => preset::exclusion_set(&rules.catalog_id, &message.id).to_owned(),
    };
    let grantable_to: Vec<String> = message.grantable_to.into_iter().map(|to| to.id).collect();
    inventory::Entitlement {
        id: ids::EntitlementId::from_uuid(place.id),
        key: place.key,
        digest: place.digest,
        resource: resource_key(&on.resource_type, &on.resource),
        display_name: some_of([message.display_name.as_str(), message.slug.as_str(), message.id.as_str()]).to_owned(),
        slug: some_of([message.slug.as_str(), message.display_name.as_str()]).to_owned(),
        external_id: message.id,
        description: message.description,
        purpose: match entitlement::PurposeValue::try_from(message.purpose) {
            Ok(entitlement::PurposeValue::Permission) => "permission",
            Ok(entitlement::PurposeValue::Ownership) => "ownership",
            _ => "assignment",
        },
        grantable_to: Json::from(grantable_to).to_string(),
        exclusion_set,
    }
}

pub(crate) fn grant(place: Place<GrantKey>, message: &Grant) -> inventory::Grant {
    inventory::Grant {
        id: ids::GrantId::from_uuid(place.id),
        key: place.key,
        digest: place.digest,
        sources: sources(message),
        immutable: is_immutable(message),
    }
}

/// The entitlements that a grant comes from, as a JSON list.
pub(crate) fn sources(message: &Grant) -> String {
    let mut from: Vec<&str> =
        message.sources.iter().flat_map(|sources| sources.sources.keys()).map(String::as_str).collect();
    from.sort_unstable();
    Json::from(from).to_string()
}

/// Whether a grant cannot be revoked.
pub(crate) fn is_immutable(message: &Grant) -> bool {
    contains::<GrantImmutable>(&message.annotations)
}

/// The key of a grant.
pub(crate) fn grant_key(entitlement: &str, principal_type: &str, principal: &str) -> GrantKey {
    GrantKey { entitlement: entitlement_key(entitlement), account: resource_key(principal_type, principal) }
}

/// The annotation of this type; one that does not decode is as good as none.
fn trait_of<M: proto::Name + Default>(annotations: &[proto::Any]) -> Option<M> {
    pick(annotations).ok().flatten()
}

/// The first text that is not empty.
fn some_of<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// Both enums of statuses have the same numbers.
const fn status_name(status: i32) -> &'static str {
    if status == status::ResourceStatus::Disabled as i32 {
        return "disabled";
    }
    if status == status::ResourceStatus::Deleted as i32 {
        return "disabled";
    }
    "enabled"
}

fn search_text(login: &str, display_name: &str, emails: &[String]) -> String {
    let mut words: Vec<String> = Vec::with_capacity(2 + emails.len());
    for word in [login, display_name].into_iter().chain(emails.iter().map(String::as_str)) {
        let word = email::fold(word);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// Whether all addresses lie outside the trusted domains; sub-domains are inside.
fn is_external(emails: &[String], rules: &Rules) -> bool {
    let trusted = |email: &String| {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        rules.trusted_domains.iter().any(|trusted| {
            domain.strip_suffix(trusted.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    };
    !rules.trusted_domains.is_empty() && !emails.is_empty() && !emails.iter().any(trusted)
}

fn json_object(profile: Option<Struct>) -> Json {
    json_map(profile.unwrap_or_default(), MAX_DEPTH)
}

fn json_map(profile: Struct, depth: u32) -> Json {
    // The fields of a protobuf struct come sorted.
    profile.fields.into_iter().map(|(name, value)| (name, json(value, depth))).collect::<serde_json::Map<_, _>>().into()
}

fn json(value: Value, depth: u32) -> Json {
    let Some(depth) = depth.checked_sub(1) else { return Json::Null };
    match value.kind {
        None | Some(value::Kind::NullValue(_)) => Json::Null,
        Some(value::Kind::BoolValue(value)) => value.into(),
        Some(value::Kind::NumberValue(value)) => number(value),
        Some(value::Kind::StringValue(value)) => value.into(),
        Some(value::Kind::ListValue(list)) => list.values.into_iter().map(|value| json(value, depth)).collect(),
        Some(value::Kind::StructValue(value)) => json_map(value, depth),
    }
}

/// Whole numbers without a fraction, as people write them.
#[expect(clippy::cast_possible_truncation, reason = "only whole numbers that fit are cast")]
fn number(value: f64) -> Json {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < WHOLE { (value as i64).into() } else { value.into() }
}
