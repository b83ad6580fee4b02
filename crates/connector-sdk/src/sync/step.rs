//! What each step of a plan does: one page of work at a time.
//!
//! Start at [`Engine::step`]. A step hands rows to the store, and returns where it goes on and which steps follow from
//! it; the state is changed by the caller only, so a step that fails half way is simply repeated.

mod cursors;
mod entitlements;
mod external;
mod grants;
mod resources;
mod static_entitlements;
mod targeted;

use std::sync::Arc;

use proto::c1::connector::v2::ResourceType;

use super::action::{Action, Operation};
use super::engine::{Engine, Outcome};
use super::ingest::Types;
use super::options::{Depth, Expansion};
use super::progress::Phase;
use super::quality::Reason;
use super::store::Page;
use crate::error::{Error, Result};

impl Engine {
    /// Does one page of the step.
    pub(super) async fn step(&self, action: &Action) -> Result<Outcome> {
        let whole = action.resource_type_id.is_empty();
        match action.operation {
            Operation::Init => Ok(self.plan()),
            Operation::ListResourceTypes => self.list_resource_types().await,
            Operation::ListResources if whole => Ok(self.plan_resources()),
            Operation::ListResources => self.list_resources(action).await,
            Operation::ListStaticEntitlements if whole => Ok(self.plan_static_entitlements()),
            Operation::ListStaticEntitlements => self.list_static_entitlements(action).await,
            Operation::ListEntitlements if whole => self.plan_resource_steps(action, Phase::Entitlements).await,
            Operation::ListEntitlements => self.list_entitlements(action).await,
            Operation::ListGrants if whole => self.plan_resource_steps(action, Phase::Grants).await,
            Operation::ListGrants => self.list_grants(action).await,
            Operation::ListExternalResources => self.list_external_resources().await,
            Operation::GrantExpansion => self.expand_grants().await,
            Operation::TargetedResourceSync => self.sync_target(action).await,
            Operation::FetchAssets | Operation::ListResourcesForEntitlements | Operation::Unknown => {
                Err(Error::unknown(format!("unexpected sync step: {}", action.operation.name())))
            }
        }
    }

    /// The phases of the sync. Source: sync.md §2.1.
    fn plan(&self) -> Outcome {
        use Operation as Op;
        let mut children = Vec::new();
        if self.options.depth == Depth::Nothing {
            return Outcome::default();
        }
        {
            let mut state = self.state();
            state.flags.skip_entitlements_and_grants = self.options.depth == Depth::SkipEntitlementsAndGrants;
            state.flags.skip_grants = self.options.depth == Depth::SkipGrants;
            state.flags.fetch_related_resources = !self.options.targets.is_empty();
        }
        if self.options.targets.is_empty() {
            let entitlements = self.options.depth != Depth::SkipEntitlementsAndGrants;
            let phases = [
                (Op::GrantExpansion, entitlements),
                (Op::ListExternalResources, self.options.external.is_some()),
                (Op::ListGrants, self.options.depth == Depth::Everything),
                (Op::ListEntitlements, entitlements),
                (Op::ListStaticEntitlements, entitlements),
                (Op::ListResources, true),
            ];
            children.extend(phases.into_iter().filter(|(_, wanted)| *wanted).map(|(phase, _)| Action::new(phase)));
        } else {
            children.extend(self.targets.iter().map(|target| {
                let step =
                    Action::for_resource(Op::TargetedResourceSync, &target.id.resource_type, &target.id.resource);
                match &target.parent {
                    Some(parent) => step.below(&parent.resource_type, &parent.resource),
                    None => step,
                }
            }));
        }
        children.push(Action::new(Op::ListResourceTypes));
        Outcome { next: None, children }
    }

    /// Source: sync.md §4, Resource types.
    async fn list_resource_types(&self) -> Result<Outcome> {
        self.progress.begin(Phase::ResourceTypes);
        let wanted = &self.options.resource_types;
        let mut types: Vec<ResourceType> = self.connector.syncers().iter().map(|one| one.resource_type()).collect();
        let all = types.len();
        types.retain(|one| !one.id.is_empty());
        let invalid = all - types.len();
        if invalid > 0 {
            let mut state = self.state();
            state.quality.invalid_resource_types_observed += invalid as u64;
            state.quality.note(Reason::Unchecked);
        }
        types.retain(|one| wanted.is_empty() || wanted.contains(&one.id));
        if let Some(unknown) = wanted.iter().find(|id| types.iter().all(|one| one.id != **id)) {
            return Err(Error::unknown(format!("invalid resource type '{unknown}' in filter")));
        }
        let count = types.len() as u64;
        self.set_types(Types::new(types.iter().chain(&self.external)));
        self.put(Page { resource_types: types, ..Page::default() }).await?;
        self.progress.resource_types(count);
        Ok(Outcome::default())
    }

    pub(super) fn set_types(&self, types: Types) {
        let mut known = self.types.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *known = Arc::new(types);
    }

    /// Source: sync.md §5.
    async fn expand_grants(&self) -> Result<Outcome> {
        self.store.mark_supports_diff().await?;
        let needed = self.state().flags.needs_expansion;
        if let (true, Expansion::Follow { cycles, max_depth }) = (needed, self.options.expansion) {
            self.progress.begin(Phase::Expansion);
            self.store.expand_grants(cycles, max_depth, self.cancel.clone()).await?;
        }
        Ok(Outcome::default())
    }
}
