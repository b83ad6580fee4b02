//! `baton export`: what the file holds, in another form.

mod out_file;
pub(crate) mod person;
mod sheet;

use std::collections::HashMap;
use std::rc::Rc;

use c1z::{Entitlements, Grants, ResourceTypes, Resources, Selection, SyncId, SyncType, View, resource_key};
use proto::Message;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{Entitlement, Resource};

use crate::cli::Export;
use crate::glimpse;
use crate::source::Source;
use out_file::OutFile;
use person::{Person, person};
use sheet::{Csv, Sheet, Xlsx};

/// How many entitlements are kept at hand while grants are written.
const MAX_ENTITLEMENTS: usize = 1000;

/// Writes the export.
pub(crate) fn run(source: &Source, arguments: &Export) -> anyhow::Result<()> {
    match arguments {
        Export::Csv { out } => {
            let mut csv = Csv::new(OutFile::create(out)?)?;
            write_rows(&source.view(None)?, &mut csv)?;
            csv.finish()?.finish()
        }
        Export::Xlsx { out } => {
            let mut file = OutFile::create(out)?;
            let mut xlsx = Xlsx::new()?;
            write_rows(&source.view(None)?, &mut xlsx)?;
            xlsx.finish(&mut file)?;
            file.finish()
        }
        Export::C1z { out, sync } => {
            let id = match sync.sync_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => SyncId::from(id),
                None => latest_full(source)?,
            };
            Ok(source.reader().export(&id, out)?)
        }
    }
}

fn latest_full(source: &Source) -> anyhow::Result<SyncId> {
    let runs = source.reader().syncs()?;
    let latest = Selection::new(&runs).latest_finished(Some(&SyncType::Full));
    // Naming no sync fails as naming an unknown one does.
    Ok(latest.map_or_else(|| SyncId::from(""), |run| run.id.clone()))
}

/// Adds the people, then what can be granted, then what is granted to people.
///
/// Each group comes in the order of the file. A type of users without resources is no reason to stop.
fn write_rows(view: &View<'_>, sheet: &mut dyn Sheet) -> anyhow::Result<()> {
    for user_type in user_types(view)? {
        view.each(Resources::OfType(&user_type), |row| match person(&row.bytes()?)? {
            Some(Person { last_name, first_name, user_id, email, status }) => {
                sheet.add(["Identity", &last_name, &first_name, &user_id, status, &email, "", "", "", "", "", ""])
            }
            None => Ok(()),
        })?;
    }
    view.each(Entitlements::All, |row| {
        let entitlement = Granted::decode(&row.bytes()?)?;
        let [name, id, kind, resource, description, slug] = entitlement.cells();
        sheet.add(["Entitlement", "", "", "", "", "", name, id, kind, resource, description, slug])
    })?;
    let mut entitlements = GrantedById { view, known: HashMap::new() };
    view.each(Grants::All, |row| {
        let columns = row.columns()?;
        let by = resource_key(columns.other_type_id, columns.other_id);
        let principal = view.with::<Resource, _>(&by, |row| Ok(person(&row.bytes()?)))?;
        let Some(Person { last_name, first_name, user_id, email, .. }) = principal.transpose()?.flatten() else {
            return Ok(());
        };
        let entitlement = match entitlements.get(columns.entitlement_id)? {
            Some(entitlement) => entitlement,
            // The grant itself says of an entitlement that the sync does not have which one it is.
            None => Granted(glimpse::Grant::decode(&*row.bytes()?)?.entitlement.unwrap_or_default()).into(),
        };
        let [name, id, kind, resource, description, slug] = entitlement.cells();
        sheet.add(["Grant", &last_name, &first_name, &user_id, "", &email, name, id, kind, resource, description, slug])
    })
}

/// The entitlements of a sync, those looked at last at hand.
struct GrantedById<'v, 'c> {
    view: &'v View<'c>,
    known: HashMap<String, Rc<Granted>>,
}

impl GrantedById<'_, '_> {
    fn get(&mut self, id: &str) -> anyhow::Result<Option<Rc<Granted>>> {
        if let Some(known) = self.known.get(id) {
            return Ok(Some(Rc::clone(known)));
        }
        let stored = self.view.with::<Entitlement, _>(id, |row| Ok(Granted::decode(&row.bytes()?)))?;
        let Some(entitlement) = stored.transpose()? else { return Ok(None) };
        if self.known.len() == MAX_ENTITLEMENTS {
            self.known.clear();
        }
        let entitlement = Rc::new(entitlement);
        self.known.insert(id.to_owned(), Rc::clone(&entitlement));
        Ok(Some(entitlement))
    }
}

/// Returns the ids of the resource types whose resources are users.
fn user_types(view: &View<'_>) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    view.each(ResourceTypes::All, |row| {
        let found = glimpse::ResourceType::decode(&*row.bytes()?)?;
        if found.traits.contains(&(Trait::User as i32)) {
            ids.push(found.id);
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(ids)
}

/// An entitlement as a row names it.
struct Granted(glimpse::Entitlement);

impl Granted {
    fn decode(wire: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(glimpse::Entitlement::decode(wire)?))
    }

    /// Returns the cells from `Entitlement Display Name` on.
    fn cells(&self) -> [&str; 6] {
        let Self(entitlement) = self;
        let (kind, name) = entitlement.resource.as_ref().map_or(("", ""), |resource| {
            (resource.id.as_ref().map_or("", |id| id.resource_type.as_str()), resource.display_name.as_str())
        });
        [&entitlement.display_name, &entitlement.id, kind, name, &entitlement.description, &entitlement.slug]
    }
}
