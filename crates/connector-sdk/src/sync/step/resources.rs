//! Listing the resources of a type.

use proto::Message;
use proto::c1::connector::v2::{ChildResourceType, Resource};

use crate::annotations::is;
use crate::connector::PageToken;
use crate::error::{Code, Error, Result};
use crate::resource::resource_id;
use crate::sync::action::{Action, Operation};
use crate::sync::engine::{Engine, Outcome, lock};
use crate::sync::ingest::whole_id;
use crate::sync::progress::Phase;
use crate::sync::quality::Reason;
use crate::sync::store::Page;

impl Engine {
    /// One step per resource type.
    pub(super) fn plan_resources(&self) -> Outcome {
        self.progress.begin(Phase::Resources);
        let types = self.types();
        let children = types
            .iter()
            .filter(|(id, _)| self.syncers.contains_key(*id))
            .map(|(id, _)| Action::for_type(Operation::ListResources, id));
        Outcome { next: None, children: children.collect() }
    }

    /// One page of the resources of a type, below a parent or at the top.
    pub(super) async fn list_resources(&self, action: &Action) -> Result<Outcome> {
        let syncer = self.syncer(&action.resource_type_id)?;
        let parent = (!action.parent_resource_id.is_empty())
            .then(|| resource_id(&*action.parent_resource_type_id, &*action.parent_resource_id));
        let token = PageToken::new(&*action.page_token);
        let mut page = self.retry.call(|| syncer.list_resources(parent.as_ref(), &token)).await?;

        let mut outcome = self.follow(action, page.next.take(), &page.annotations)?;
        outcome.children.extend(self.admit_resources(&mut page.resources)?);
        self.admit_grants(&mut page.grants)?;
        let count = page.resources.len() as u64;
        self.put(Page { resources: page.resources, grants: page.grants, ..Page::default() }).await?;
        self.progress.resources(&action.resource_type_id, count);
        if outcome.next.is_none() && parent.is_none() && !action.spawned {
            self.progress.resources_complete(&action.resource_type_id);
        }
        Ok(outcome)
    }

    /// Keeps the resources that may be stored; returns the child listings that they ask for.
    ///
    /// # Errors
    /// When a resource lacks a trait of its type, or is marked as the engine's own.
    ///
    /// Source: sync.md §4, Resources.
    pub(super) fn admit_resources(&self, resources: &mut Vec<Resource>) -> Result<Vec<Action>> {
        let all = resources.len();
        resources.retain(|resource| whole_id(resource.id.as_ref()).is_some());
        let invalid = all - resources.len();
        if invalid > 0 {
            let mut state = self.state();
            state.quality.invalid_resources_observed += invalid as u64;
            state.quality.note(Reason::Unchecked);
        }
        let types = self.types();
        let mut children = Vec::new();
        for resource in resources.iter() {
            let Some(id) = &resource.id else { continue };
            if let Some(rules) = types.get(&id.resource_type) {
                rules.check(resource)?;
            }
            for annotation in resource.annotations.iter().filter(|entry| is::<ChildResourceType>(entry)) {
                let child = ChildResourceType::decode(annotation.value.as_slice())
                    .map_err(|error| {
                        Error::new(Code::InvalidArgument, "annotation ChildResourceType cannot be decoded")
                            .with_source(error)
                    })?
                    .resource_type_id;
                let key = (child, id.resource_type.clone(), id.resource.clone());
                if types.contains(&key.0) && lock(&self.children).insert(key.clone()) {
                    children.push(Action::for_type(Operation::ListResources, &key.0).below(&key.1, &key.2));
                }
            }
        }
        Ok(children)
    }
}
