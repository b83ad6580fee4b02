//! `baton access`

use std::collections::HashMap;

use c1z::{Grants, ResourceRef, View};
use proto::Message;

use super::Printer;
use crate::cli::Format;
use crate::glimpse;
use crate::output::json::Json;
use crate::output::tree::Node;
use crate::references::References;

/// A resource and the entitlements on it that the principal holds, by id.
struct Held {
    resource_type: String,
    resource: String,
    entitlements: Vec<String>,
}

/// Shows everything that one principal has access to. Resources come in the order of the grants.
pub(super) fn run(view: &View<'_>, principal: ResourceRef<'_>, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let held = held(view, principal)?;
    let mut references = References::new(view);
    let known = references.resource(principal)?;
    match printer.format {
        Format::Json => {
            let mut json = Json::new(printer.out);
            json.field("principal", known.json()?);
            json.list("access", |json| {
                held.iter().try_for_each(|held| {
                    let kind = references.resource_type(&held.resource_type)?;
                    let resource = references.resource(held.on())?;
                    json.member(|json| {
                        json.field("resourceType", kind.json()?);
                        json.field("resource", resource.json()?);
                        json.list("entitlements", |json| {
                            held.entitlements
                                .iter()
                                .try_for_each(|id| json.member_json(references.entitlement(id)?.json()?))
                        })
                    })
                })
            })?;
            json.end()
        }
        Format::Console => {
            let text = format!("Effective Access for {} ({})", known.display_name, principal.resource_type);
            let mut tree = Node::leaf(text);
            for held in &held {
                let kind = references.resource_type(&held.resource_type)?;
                let resource = references.resource(held.on())?;
                let mut node = Node::leaf(format!("{} ({})", resource.display_name, kind.display_name));
                for id in &held.entitlements {
                    let entitlement = references.entitlement(id)?;
                    node.children.push(Node::leaf(glimpse::Entitlement::decode(&*entitlement.wire)?.slug));
                }
                tree.children.push(node);
            }
            tree.write(printer.out, printer.style)
        }
    }
}

impl Held {
    fn on(&self) -> ResourceRef<'_> {
        ResourceRef { resource_type: &self.resource_type, resource: &self.resource }
    }
}

fn held(view: &View<'_>, principal: ResourceRef<'_>) -> anyhow::Result<Vec<Held>> {
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut held: Vec<Held> = Vec::new();
    view.each(Grants::OfPrincipal(principal), |row| {
        let columns = row.columns()?;
        let key = (columns.resource_type_id.to_owned(), columns.resource_id.to_owned());
        let place = *places.entry(key).or_insert_with_key(|(resource_type, resource)| {
            held.push(Held {
                resource_type: resource_type.clone(),
                resource: resource.clone(),
                entitlements: Vec::new(),
            });
            held.len() - 1
        });
        if let Some(held) = held.get_mut(place) {
            held.entitlements.push(columns.entitlement_id.to_owned());
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(held)
}
