//! Listing the entitlements of resources, and planning that for entitlements and grants alike.

use proto::c1::connector::v2::Resource;

use crate::connector::PageToken;
use crate::error::{Error, Result};
use crate::resource::resource_id;
use crate::sync::action::Action;
use crate::sync::engine::{Engine, Outcome};
use crate::sync::ingest::admit_entitlements;
use crate::sync::progress::Phase;
use crate::sync::store::{Page, PlannedResource};

impl Engine {
    /// One step per resource whose entitlements or grants are to be listed, or one per type that lists them at once.
    ///
    /// Source: sync.md §4, Entitlements / grants, and skip rules.
    pub(super) async fn plan_resource_steps(&self, action: &Action, phase: Phase) -> Result<Outcome> {
        let types = self.types();
        let scoped = |id: &str| {
            types.get(id).is_some_and(|rules| match phase {
                Phase::Entitlements => rules.scoped_entitlements && !rules.skip_entitlements,
                _ => rules.scoped_grants && !rules.skip_grants,
            })
        };
        let listed = |id: &str| {
            types.get(id).is_some_and(|rules| match phase {
                Phase::Entitlements => !rules.skip_entitlements && !rules.scoped_entitlements,
                _ => !rules.skip_grants && !rules.scoped_grants,
            })
        };
        let own = || types.iter().map(|(id, _)| id).filter(|id| self.syncers.contains_key(*id));

        let mut children = Vec::new();
        if action.page_token.is_empty() {
            self.progress.begin(phase);
            if !action.type_scoped_planned {
                children.extend(
                    own()
                        .filter(|id| scoped(id))
                        .map(|id| Action { type_scoped: true, ..Action::for_type(action.operation, id) }),
                );
            }
        }
        let wanted = own().filter(|id| listed(id)).map(str::to_owned).collect();
        let (resources, next) = self.store.plan_resources(wanted, action.page_token.clone()).await?;
        for resource in &resources {
            if skips(resource, phase) {
                self.progress.resource_done(phase, &resource.resource_type);
            } else {
                children.push(Action::for_resource(action.operation, &resource.resource_type, &resource.resource));
            }
        }
        Ok(Outcome { next, children })
    }

    /// One page of the entitlements of a resource, or of all resources of a type.
    pub(super) async fn list_entitlements(&self, action: &Action) -> Result<Outcome> {
        let syncer = self.syncer(&action.resource_type_id)?;
        let token = PageToken::new(&*action.page_token);
        let mut page = if action.type_scoped {
            self.retry.call(|| syncer.list_type_entitlements(&token)).await?
        } else {
            let resource = self.stored_resource(action).await?;
            self.retry.call(|| syncer.list_entitlements(&resource, &token)).await?
        };
        let outcome = self.follow(action, page.next.take(), &page.annotations)?;
        {
            let mut state = self.state();
            admit_entitlements(&mut page.entitlements, &self.types(), self.filter, &mut state.quality);
        }
        self.put(Page { entitlements: page.entitlements, ..Page::default() }).await?;
        self.count_resource(action, &outcome, Phase::Entitlements);
        Ok(outcome)
    }

    /// The resource that the step is about, as it is stored.
    pub(super) async fn stored_resource(&self, action: &Action) -> Result<Resource> {
        let id = resource_id(&*action.resource_type_id, &*action.resource_id);
        self.store.resource(id).await?.ok_or_else(|| {
            Error::not_found(format!("resource {}:{} is not in the file", action.resource_type_id, action.resource_id))
        })
    }

    /// Counts the resource once its listing, without sibling cursors, is through.
    pub(super) fn count_resource(&self, action: &Action, outcome: &Outcome, phase: Phase) {
        if outcome.next.is_none() && !action.spawned && !action.type_scoped {
            self.progress.resource_done(phase, &action.resource_type_id);
        }
    }
}

fn skips(resource: &PlannedResource, phase: Phase) -> bool {
    match phase {
        Phase::Entitlements => resource.skips_entitlements,
        _ => resource.skips_grants,
    }
}
