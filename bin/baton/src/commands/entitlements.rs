//! `baton entitlements`

use std::rc::Rc;

use c1z::{Entitlements, ResourceRef, View};
use proto::Message;
use proto::c1::connector::v2::Entitlement;
use proto::json::Type;

use super::Printer;
use crate::cli::Format;
use crate::glimpse;
use crate::output::{console, json::Json};
use crate::references::{Known, References};

struct Entry<'r> {
    entitlement: glimpse::Entitlement,
    wire: &'r [u8],
    resource: Rc<Known>,
    kind: Rc<Known>,
}

/// Lists entitlements, all or those on resources of one type.
pub(super) fn run(view: &View<'_>, resource_type: Option<&str>, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let filter = match resource_type {
        None | Some("") => Entitlements::All,
        Some(id) => Entitlements::OfType(id),
    };
    let mut references = References::new(view);
    let mut each = |visit: &mut dyn FnMut(Entry<'_>) -> anyhow::Result<()>| {
        view.each(filter, |row| {
            let wire = row.bytes()?;
            let entitlement = glimpse::Entitlement::decode(&*wire)?;
            let columns = row.columns()?;
            let on = ResourceRef { resource_type: columns.resource_type_id, resource: columns.resource_id };
            let kind = references.resource_type(on.resource_type)?;
            let resource = references.resource(on)?;
            visit(Entry { entitlement, wire: &wire, resource, kind })
        })
    };
    match printer.format {
        Format::Json => {
            let message = Type::of::<Entitlement>()?;
            let mut json = Json::new(printer.out);
            json.list("entitlements", |json| {
                each(&mut |entry| {
                    json.member(|json| {
                        json.message("entitlement", message, entry.wire)?;
                        json.field("resource", entry.resource.json()?);
                        json.field("resourceType", entry.kind.json()?);
                        Ok(())
                    })
                })
            })?;
            json.end()
        }
        Format::Console => console::write_table(
            printer.out,
            printer.style,
            ["ID", "Display Name", "Resource Type", "Resource", "Permission"],
            |row| {
                each(&mut |Entry { entitlement, resource, kind, .. }| {
                    row([
                        &entitlement.id,
                        &entitlement.display_name,
                        &kind.display_name,
                        &resource.display_name,
                        &entitlement.slug,
                    ])
                })
            },
        ),
    }
}
