//! `baton grants`

use std::rc::Rc;

use c1z::{Grants, ResourceRef, View};
use proto::c1::connector::v2::Grant;
use proto::json::Type;

use super::Printer;
use crate::cli::{self, Format};
use crate::error::UsageError;
use crate::output::{console, json::Json};
use crate::references::{Known, References};

struct Entry<'r> {
    id: &'r str,
    wire: &'r [u8],
    entitlement: Rc<Known>,
    resource: Rc<Known>,
    kind: Rc<Known>,
    principal: Rc<Known>,
}

/// Lists grants, all or those of the entitlements that the options choose.
pub(super) fn run(view: &View<'_>, arguments: &cli::Grants, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let filter = filter(arguments)?;
    let mut references = References::new(view);
    let mut each = |visit: &mut dyn FnMut(Entry<'_>) -> anyhow::Result<()>| {
        view.each(filter, |row| {
            let columns = row.columns()?;
            let on = ResourceRef { resource_type: columns.resource_type_id, resource: columns.resource_id };
            let by = ResourceRef { resource_type: columns.other_type_id, resource: columns.other_id };
            visit(Entry {
                id: row.external_id()?,
                wire: &row.bytes()?,
                entitlement: references.entitlement(columns.entitlement_id)?,
                resource: references.resource(on)?,
                kind: references.resource_type(on.resource_type)?,
                principal: references.resource(by)?,
            })
        })
    };
    match printer.format {
        Format::Json => {
            let message = Type::of::<Grant>()?;
            let mut json = Json::new(printer.out);
            json.list("grants", |json| {
                each(&mut |entry| {
                    json.member(|json| {
                        json.message("grant", message, entry.wire)?;
                        json.field("entitlement", entry.entitlement.json()?);
                        json.field("resource", entry.resource.json()?);
                        json.field("resourceType", entry.kind.json()?);
                        json.field("principal", entry.principal.json()?);
                        Ok(())
                    })
                })
            })?;
            json.end()
        }
        Format::Console => console::write_table(
            printer.out,
            printer.style,
            ["ID", "Resource Type", "Resource", "Entitlement", "Principal"],
            |row| {
                each(&mut |entry| {
                    row([
                        entry.id,
                        &entry.kind.display_name,
                        &entry.resource.display_name,
                        &entry.entitlement.display_name,
                        &entry.principal.display_name,
                    ])
                })
            },
        ),
    }
}

/// Returns which grants the options choose: a resource goes before a resource type, and that before an entitlement.
///
/// An option that is given with an empty text is a mistake (an unset variable of a script, say), not absent.
fn filter(arguments: &cli::Grants) -> Result<Grants<'_>, UsageError> {
    let cli::Grants { resource_type, resource, entitlement, .. } = arguments;
    match (resource_type.as_deref(), resource.as_deref(), entitlement.as_deref()) {
        (resource_type, Some(resource), _) => Ok(Grants::OfResource(super::resource(resource_type, Some(resource))?)),
        (Some(""), None, _) => Err(UsageError::ResourceTypeEmpty),
        (Some(resource_type), None, _) => Ok(Grants::OfType(resource_type)),
        (None, None, Some("")) => Err(UsageError::EntitlementEmpty),
        (None, None, Some(entitlement)) => Ok(Grants::OfEntitlement(entitlement)),
        (None, None, None) => Ok(Grants::All),
    }
}
