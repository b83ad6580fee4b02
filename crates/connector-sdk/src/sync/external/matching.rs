//! Grants that name their principal by a property: turned into grants to the principals that have it.

use std::collections::{BTreeSet, HashSet};

use c1z::{Entitlements, Grants, ResourceRef, Resources, Table};
use prost_types::value::Kind;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AgentTrait, AppTrait, BatonId, Entitlement, ExternalResourceMatch, ExternalResourceMatchAll,
    ExternalResourceMatchId, Grant, GrantExpandable, GroupTrait, Resource, ResourceId, RoleTrait, SecretTrait,
    UserTrait,
};
use proto::{Any, Struct};

use crate::annotations::{contains, is, pack, pick};
use crate::bid::parse_entitlement;
use crate::error::Result;
use crate::grant::grant_id;
use crate::sync::database::Database;
use crate::sync::store::Page;

/// What a grant asks of its principal.
enum Wish {
    All(Trait),
    Id(String),
    Property { of: Trait, key: String, value: String },
}

/// Rewrites every grant that names its principal by a property.
///
/// Memory grows with the number of such grants, not with that of the principals.
///
/// # Errors
/// When an annotation cannot be decoded, or the store fails.
pub(in crate::sync) fn assign_grants(db: &mut Database) -> Result<()> {
    let wishes = wishes(db)?;
    if wishes.is_empty() {
        return Ok(());
    }
    let mut page = Page::default();
    let mut made = HashSet::new();
    let mut after = 0;
    loop {
        let resources = db.view(&[Table::Resources])?.page(Resources::All, after, 1_000)?;
        let Some(last) = resources.last() else { break };
        after = last.row;
        for resource in resources.iter().map(|stored| &stored.message) {
            if !contains::<BatonId>(&resource.annotations) {
                continue;
            }
            for (grant, _) in wishes.iter().filter(|(_, wish)| wish.fits(resource)) {
                let grant = for_principal(db, grant, resource)?;
                made.insert(grant.id.clone());
                page.grants.push(grant);
            }
        }
        db.put(std::mem::take(&mut page))?;
    }
    let originals: BTreeSet<String> =
        wishes.into_iter().map(|(grant, _)| grant.id).filter(|id| !made.contains(id)).collect();
    db.delete_grants(originals.iter().map(String::as_str))
}

/// The grants that name their principal by a property.
fn wishes(db: &mut Database) -> Result<Vec<(Grant, Wish)>> {
    let mut wishes = Vec::new();
    db.view(&[Table::Grants])?.each(Grants::All, |row| {
        let grant: Grant = row.decode_with_expansion()?;
        if let Some(wish) = Wish::of(&grant.annotations)? {
            wishes.push((grant, wish));
        }
        Ok::<_, crate::error::Error>(())
    })?;
    Ok(wishes)
}

/// The grant, held by this principal.
fn for_principal(db: &mut Database, grant: &Grant, principal: &Resource) -> Result<Grant> {
    let mut grant = grant.clone();
    let id = principal.id.clone().unwrap_or_default();
    let entitlement_id = grant.entitlement.as_ref().map_or("", |entitlement| entitlement.id.as_str());
    grant.id = grant_id(entitlement_id, &id);
    grant.principal = Some(principal.clone());
    if let Some(mut expandable) = pick::<GrantExpandable>(&grant.annotations)? {
        let slugs: BTreeSet<String> = expandable
            .entitlement_ids
            .iter()
            .filter_map(|bid| parse_entitlement(bid).ok())
            .map(|bid| bid.slug)
            .collect();
        expandable.entitlement_ids = entitlements_with(db, &id, &slugs)?;
        grant.annotations.retain(|entry| !is::<GrantExpandable>(entry));
        if !expandable.entitlement_ids.is_empty() {
            grant.annotations.push(pack(&expandable));
        }
    }
    Ok(grant)
}

/// The ids of the entitlements of a resource that have one of these slugs.
fn entitlements_with(db: &mut Database, resource: &ResourceId, slugs: &BTreeSet<String>) -> Result<Vec<String>> {
    let offered =
        db.view(&[Table::Entitlements])?.page(Entitlements::OfResource(ResourceRef::from(resource)), 0, u32::MAX)?;
    let with_slug = |entitlement: &Entitlement| slugs.contains(&entitlement.slug);
    Ok(offered.into_iter().map(|stored| stored.message).filter(with_slug).map(|entitlement| entitlement.id).collect())
}

impl Wish {
    fn of(annotations: &[Any]) -> Result<Option<Self>> {
        if let Some(all) = pick::<ExternalResourceMatchAll>(annotations)? {
            return Ok(Some(Self::All(all.resource_type())));
        }
        if let Some(one) = pick::<ExternalResourceMatchId>(annotations)? {
            return Ok(Some(Self::Id(one.id)));
        }
        let property = pick::<ExternalResourceMatch>(annotations)?;
        Ok(property.map(|property| Self::Property {
            of: property.resource_type(),
            key: property.key,
            value: property.value,
        }))
    }

    fn fits(&self, resource: &Resource) -> bool {
        match self {
            Self::All(one) => has_trait(resource, *one),
            Self::Id(id) => resource.id.as_ref().is_some_and(|own| own.resource == *id),
            Self::Property { of, key, value } => {
                has_trait(resource, *of)
                    && (property(resource, key).is_some_and(|own| own == *value)
                        || (*of == Trait::User && key == "email" && has_address(resource, value)))
            }
        }
    }
}

fn has_trait(resource: &Resource, one: Trait) -> bool {
    let annotations = &resource.annotations;
    match one {
        Trait::User => contains::<UserTrait>(annotations),
        Trait::Group => contains::<GroupTrait>(annotations),
        Trait::Role => contains::<RoleTrait>(annotations),
        Trait::App => contains::<AppTrait>(annotations),
        Trait::Secret => contains::<SecretTrait>(annotations),
        Trait::Agent => contains::<AgentTrait>(annotations),
        _ => false,
    }
}

/// A text of the profile: of the resource, else of its traits. Source: sync.md §9.2.
fn property(resource: &Resource, key: &str) -> Option<String> {
    let of = |profile: &Option<Struct>| text(profile.as_ref()?, key);
    let annotations = &resource.annotations;
    let from_trait = || {
        let user = pick::<UserTrait>(annotations).ok().flatten();
        user.and_then(|one| of(&one.profile))
            .or_else(|| of(&pick::<GroupTrait>(annotations).ok().flatten()?.profile))
            .or_else(|| of(&pick::<RoleTrait>(annotations).ok().flatten()?.profile))
            .or_else(|| of(&pick::<AppTrait>(annotations).ok().flatten()?.profile))
    };
    match &resource.profile {
        Some(profile) => text(profile, key),
        None => from_trait(),
    }
}

fn text(profile: &Struct, key: &str) -> Option<String> {
    match profile.fields.get(key)?.kind.as_ref()? {
        Kind::StringValue(value) => Some(value.clone()),
        _ => None,
    }
}

fn has_address(resource: &Resource, address: &str) -> bool {
    let user = pick::<UserTrait>(&resource.annotations).ok().flatten();
    user.is_some_and(|user| user.emails.iter().any(|email| email.address.eq_ignore_ascii_case(address)))
}
