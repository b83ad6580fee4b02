//! `baton resources`

use std::rc::Rc;

use c1z::{Resources, View};
use proto::Message;
use proto::c1::connector::v2::Resource;
use proto::json::Type;

use super::Printer;
use crate::cli::Format;
use crate::glimpse;
use crate::output::console::{self, RowSink};
use crate::output::json::Json;
use crate::references::{Known, References};

/// The titles of a table of resources.
pub(super) const TITLES: [&str; 4] = ["ID", "Display Name", "Resource Type", "Parent Resource"];

/// A resource and what it refers to.
pub(super) struct Entry<'r> {
    resource: glimpse::Resource,
    wire: &'r [u8],
    kind: Rc<Known>,
    parent: Option<Rc<Known>>,
}

impl<'r> Entry<'r> {
    /// Returns the entry of an encoded resource.
    pub(super) fn new(wire: &'r [u8], references: &mut References<'_, '_>) -> anyhow::Result<Self> {
        let resource = glimpse::Resource::decode(wire)?;
        let kind = references.resource_type(resource.id.as_ref().map_or("", |id| &id.resource_type))?;
        let parent = resource.parent_resource_id.as_ref().map(|id| references.resource(id.into())).transpose()?;
        Ok(Self { resource, wire, kind, parent })
    }

    /// Adds the entry to a table with [`TITLES`].
    pub(super) fn add_to_table(&self, row: &mut RowSink<'_, 4>) -> anyhow::Result<()> {
        let parent_id = self.resource.parent_resource_id.as_ref();
        let parent = match (&self.parent, parent_id) {
            (Some(parent), Some(id)) => format!("{} ({})", parent.display_name, id.resource_type),
            _ => "-".to_owned(),
        };
        let id = self.resource.id.as_ref().map_or("", |id| &id.resource);
        row([id, &self.resource.display_name, &self.kind.display_name, &parent])
    }

    /// Adds the entry to the open list.
    pub(super) fn add_to_json(&self, json: &mut Json<'_>) -> anyhow::Result<()> {
        let message = Type::of::<Resource>()?;
        json.member(|json| {
            json.message("resource", message, self.wire)?;
            json.field("resourceType", self.kind.json()?);
            if let Some(parent) = &self.parent {
                json.field("parent", parent.json()?);
            }
            Ok(())
        })
    }
}

/// Lists resources, all or those of one type.
pub(super) fn run(view: &View<'_>, resource_type: Option<&str>, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let filter = match resource_type {
        None | Some("") => Resources::All,
        Some(id) => Resources::OfType(id),
    };
    let mut references = References::new(view);
    let mut each = |visit: &mut dyn FnMut(Entry<'_>) -> anyhow::Result<()>| {
        view.each(filter, |row| visit(Entry::new(&row.bytes()?, &mut references)?))
    };
    match printer.format {
        Format::Json => {
            let mut json = Json::new(printer.out);
            json.list("resources", |json| each(&mut |entry| entry.add_to_json(json)))?;
            json.end()
        }
        Format::Console => {
            console::write_table(printer.out, printer.style, TITLES, |row| each(&mut |entry| entry.add_to_table(row)))
        }
    }
}
