//! Template entitlements: listed once per type, stored once per resource.

use std::sync::Arc;

use proto::c1::connector::v2::{Entitlement, EntitlementExclusionGroup, Resource};

use crate::annotations::{is, pack, pick};
use crate::connector::PageToken;
use crate::entitlement::entitlement_id;
use crate::error::Result;
use crate::sync::action::{Action, Operation};
use crate::sync::engine::{Engine, Outcome};
use crate::sync::progress::Phase;
use crate::sync::store::Page;

impl Engine {
    /// One step per resource type of the connector, stored or not.
    pub(super) fn plan_static_entitlements(&self) -> Outcome {
        self.progress.begin(Phase::StaticEntitlements);
        let children = self.syncers.keys().map(|id| Action::for_type(Operation::ListStaticEntitlements, id));
        Outcome { next: None, children: children.collect() }
    }

    /// One page of templates, instantiated for every resource of the type.
    ///
    /// Source: sync.md §4, Static entitlements.
    pub(super) async fn list_static_entitlements(&self, action: &Action) -> Result<Outcome> {
        let syncer = self.syncer(&action.resource_type_id)?;
        let token = PageToken::new(&*action.page_token);
        let page = self.retry.call(|| syncer.list_static_entitlements(&token)).await?;
        let outcome = self.follow(action, page.next, &page.annotations)?;
        if page.entitlements.is_empty() {
            return Ok(outcome);
        }
        let templates = Arc::new(page.entitlements);
        let mut after = Some(0);
        while let Some(row) = after {
            let (resources, next) = self.store.resources_of_type(&action.resource_type_id, row).await?;
            let mut entitlements = Vec::with_capacity(resources.len() * templates.len());
            for resource in &resources {
                for template in templates.iter() {
                    entitlements.push(instantiate(template, resource)?);
                }
            }
            self.put(Page { entitlements, ..Page::default() }).await?;
            after = next;
        }
        Ok(outcome)
    }
}

/// The template's entitlement on this resource.
fn instantiate(template: &Entitlement, resource: &Resource) -> Result<Entitlement> {
    let or = |own: &String, fallback: &String| if own.is_empty() { fallback.clone() } else { own.clone() };
    let mut entitlement = Entitlement {
        resource: Some(resource.clone()),
        id: entitlement_id(resource, &template.slug),
        display_name: or(&template.display_name, &resource.display_name),
        description: or(&template.description, &resource.description),
        ..template.clone()
    };
    if let Some(mut group) = pick::<EntitlementExclusionGroup>(&entitlement.annotations)?
        && group.scope_to_resource
    {
        let id = resource.id.as_ref().map_or("", |id| id.resource.as_str());
        group.exclusion_group_id = format!("{}-{id}", group.exclusion_group_id);
        let packed = pack(&group);
        for entry in &mut entitlement.annotations {
            if is::<EntitlementExclusionGroup>(entry) {
                entry.clone_from(&packed);
            }
        }
    }
    Ok(entitlement)
}
