//! Listing grants, and what a grant needs besides being stored.

use std::collections::BTreeMap;

use proto::c1::connector::v2::{Grant, InsertResourceGrants, Resource};

use crate::annotations::pack;
use crate::connector::PageToken;
use crate::error::{Code, Result};
use crate::sync::action::Action;
use crate::sync::engine::{Engine, Outcome};
use crate::sync::ingest::{self, TypeFilter};
use crate::sync::options::Expansion;
use crate::sync::progress::Phase;
use crate::sync::quality::Reason;
use crate::sync::store::Page;

impl Engine {
    /// One page of the grants on a resource, or on all resources of a type.
    pub(super) async fn list_grants(&self, action: &Action) -> Result<Outcome> {
        let syncer = self.syncer(&action.resource_type_id)?;
        let token = PageToken::new(&*action.page_token);
        let mut page = if action.type_scoped {
            self.retry.call(|| syncer.list_type_grants(&token)).await?
        } else {
            let resource = self.stored_resource(action).await?;
            self.retry.call(|| syncer.list_grants(&resource, &token)).await?
        };
        let mut outcome = self.follow(action, page.next.take(), &page.annotations)?;
        self.admit_grants(&mut page.grants)?;
        let mut resources = Vec::new();
        if page.annotations.has::<InsertResourceGrants>() {
            let stamp = pack(&InsertResourceGrants::default());
            for grant in &mut page.grants {
                grant.annotations.push(stamp.clone());
            }
            resources.extend(offering_resources(&page.grants).into_values().cloned());
            self.drop_unknown_types(&mut resources);
        }
        if self.state().flags.fetch_related_resources {
            resources.extend(self.related_resources(&page.grants).await?);
        }
        outcome.children.extend(self.admit_resources(&mut resources)?);
        self.put(Page { resources, grants: page.grants, ..Page::default() }).await?;
        self.count_resource(action, &outcome, Phase::Grants);
        Ok(outcome)
    }

    /// Keeps the grants that may be stored, and notes what they need later in the sync.
    ///
    /// Grants are left out altogether when the sync was told to skip them.
    pub(super) fn admit_grants(&self, grants: &mut Vec<Grant>) -> Result<()> {
        let types = self.types();
        let mut state = self.state();
        if state.flags.skip_entitlements_and_grants || state.flags.skip_grants {
            grants.clear();
        }
        let found = ingest::admit_grants(grants, &types, self.filter, &mut state.quality)?;
        state.flags.needs_expansion |= found.expandable && self.options.expansion != Expansion::Leave;
        state.flags.has_external_resource_grants |= found.external;
        Ok(())
    }

    /// Keeps the resources whose type is synced.
    fn drop_unknown_types(&self, resources: &mut Vec<Resource>) {
        if self.filter == TypeFilter::Off {
            return;
        }
        let types = self.types();
        let all = resources.len();
        resources.retain(|resource| resource.id.as_ref().is_some_and(|id| types.contains(&id.resource_type)));
        let dropped = all - resources.len();
        if dropped > 0 {
            let mut state = self.state();
            state.quality.grant_resources_dropped += dropped as u64;
            state.quality.note(Reason::GrantResourceDropped);
        }
    }

    /// Fetches the resources that the grants are about and that are not stored yet.
    ///
    /// Source: sync.md §4, Grants extras, targeted syncs.
    pub(super) async fn related_resources(&self, grants: &[Grant]) -> Result<Vec<Resource>> {
        let mut related = Vec::new();
        for resource in offering_resources(grants).into_values() {
            let Some(id) = &resource.id else { continue };
            if self.store.resource(id.clone()).await?.is_some() {
                continue;
            }
            let Some(syncer) = self.syncers.get(&id.resource_type) else { continue };
            let Some(getter) = syncer.getter() else { continue };
            let parent = resource.parent_resource_id.as_ref();
            match self.retry.call(|| getter.get_resource(id, parent)).await {
                Ok(found) => related.push(found.resource),
                Err(error) if matches!(error.code(), Code::NotFound | Code::Unimplemented) => {
                    tracing::warn!(error = %error, resource_type_id = id.resource_type, "skipping related resource");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(related)
    }
}

/// The resources whose entitlements the grants give, each once.
fn offering_resources(grants: &[Grant]) -> BTreeMap<(&str, &str), &Resource> {
    grants
        .iter()
        .filter_map(|grant| grant.entitlement.as_ref()?.resource.as_ref())
        .filter_map(|resource| {
            let id = resource.id.as_ref()?;
            Some(((id.resource_type.as_str(), id.resource.as_str()), resource))
        })
        .collect()
}
