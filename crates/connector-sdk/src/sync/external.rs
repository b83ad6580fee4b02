//! Principals of another file: copied into this one, and given the grants that are meant for them.
//!
//! Start at [`bring_in`]. Source: sync.md §4, External resources.

mod matching;

use std::collections::HashSet;

use c1z::{Entitlements, Grants, Limits, Reader, ResourceTypes, Resources, Selection, View, resource_key};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    BatonId, Entitlement, EntitlementImmutable, Grant, GrantImmutable, Resource, ResourceType,
};

use super::database::Database;
use super::options::ExternalSource;
use super::store::Page;
use crate::annotations::pack;
use crate::error::{Error, Result};

pub(super) use matching::assign_grants;

/// Rows per page of reading and writing.
const PAGE: usize = 1_000;

/// The resource types that the other file brings.
///
/// # Errors
/// When the file cannot be read, or holds no finished sync.
pub(super) fn resource_types(source: &ExternalSource) -> Result<Vec<ResourceType>> {
    let other = Other::open(source)?;
    let types = other.view().page(ResourceTypes::All, 0, u32::MAX)?;
    Ok(types
        .into_iter()
        .map(|stored| stored.message)
        .filter(|one| one.traits().any(|one| is_wanted(source, one)))
        .collect())
}

/// Copies the wanted principals of the other file, with their entitlements and grants.
///
/// # Errors
/// When either file cannot be read or written.
pub(super) fn bring_in(db: &mut Database, source: &ExternalSource) -> Result<()> {
    let other = Other::open(source)?;
    let view = other.view();
    let types = resource_types(source)?;
    let type_ids: HashSet<String> = types.iter().map(|one| one.id.clone()).collect();
    db.put(Page { resource_types: types, ..Page::default() })?;

    let holders = source.entitlement_id.as_deref().map(|id| holders_of(&view, id)).transpose()?;
    let is_principal = |resource_type: &str, resource: &str| {
        type_ids.contains(resource_type)
            && holders.as_ref().is_none_or(|holders| holders.contains(&resource_key(resource_type, resource)))
    };

    let mut page = Page::default();
    for resource_type in &type_ids {
        view.each(Resources::OfType(resource_type), |row| {
            let mut resource: Resource = row.decode()?;
            let id = resource.id.clone().unwrap_or_default();
            if is_principal(&id.resource_type, &id.resource) {
                resource.annotations.push(pack(&BatonId::default()));
                page.resources.push(resource);
            }
            flush(db, &mut page, PAGE)
        })?;
        view.each(Entitlements::OfType(resource_type), |row| {
            let columns = row.columns()?;
            if is_principal(columns.resource_type_id, columns.resource_id) {
                let mut entitlement: Entitlement = row.decode()?;
                entitlement.annotations.push(pack(&EntitlementImmutable::default()));
                page.entitlements.push(entitlement);
            }
            flush(db, &mut page, PAGE)
        })?;
        view.each(Grants::OfType(resource_type), |row| {
            let columns = row.columns()?;
            if is_principal(columns.resource_type_id, columns.resource_id)
                && is_principal(columns.other_type_id, columns.other_id)
            {
                let mut grant: Grant = row.decode_with_expansion()?;
                grant.annotations.push(pack(&GrantImmutable::default()));
                page.grants.push(grant);
            }
            flush(db, &mut page, PAGE)
        })?;
    }
    flush(db, &mut page, 1)
}

/// The keys of the principals that hold the entitlement.
fn holders_of(view: &View<'_>, entitlement_id: &str) -> Result<HashSet<String>> {
    let mut holders = HashSet::new();
    view.each(Grants::OfEntitlement(entitlement_id), |row| {
        let columns = row.columns()?;
        holders.insert(resource_key(columns.other_type_id, columns.other_id));
        Ok::<_, Error>(())
    })?;
    Ok(holders)
}

/// Writes the page once it has `least` rows.
fn flush(db: &mut Database, page: &mut Page, least: usize) -> Result<()> {
    if page.len() >= least {
        db.put(std::mem::take(page))?;
    }
    Ok(())
}

fn is_wanted(source: &ExternalSource, one: Trait) -> bool {
    if source.traits.is_empty() { matches!(one, Trait::User | Trait::Group) } else { source.traits.contains(&one) }
}

/// The other file, at its latest finished sync.
struct Other {
    reader: Reader,
    sync: c1z::SyncId,
}

impl Other {
    fn open(source: &ExternalSource) -> Result<Self> {
        let reader = Reader::open(&source.file, &Limits::default())?;
        let runs = reader.syncs()?;
        let selection = Selection::new(&runs);
        let run = selection
            .latest_finished(Some(&c1z::SyncType::Full))
            .or_else(|| selection.latest_finished(None))
            .ok_or_else(|| {
                Error::unknown(format!(
                    "external resource file `{}` holds no finished sync; hint: run its connector first",
                    source.file
                ))
            })?;
        let sync = run.id.clone();
        Ok(Self { reader, sync })
    }

    fn view(&self) -> View<'_> {
        self.reader.view(&self.sync)
    }
}
