//! Fetching one resource by its id, with what hangs on it.

use crate::error::{Code, Error, Result};
use crate::resource::resource_id;
use crate::sync::action::{Action, Operation};
use crate::sync::engine::{Engine, Outcome};
use crate::sync::ingest::{skips_entitlements, skips_grants};
use crate::sync::store::Page;

impl Engine {
    /// Stores the resource and plans the listings of its entitlements, grants and children.
    ///
    /// Source: sync.md §4, Targeted resource.
    pub(super) async fn sync_target(&self, action: &Action) -> Result<Outcome> {
        let id = resource_id(&*action.resource_type_id, &*action.resource_id);
        let parent = (!action.parent_resource_id.is_empty())
            .then(|| resource_id(&*action.parent_resource_type_id, &*action.parent_resource_id));
        let found = match self.syncer(&id.resource_type)?.getter() {
            Some(getter) => self.retry.call(|| getter.get_resource(&id, parent.as_ref())).await,
            None => Err(Error::unimplemented(format!(
                "resource type '{}' has no way to fetch a single resource",
                id.resource_type
            ))),
        };
        let mut found = match found {
            Ok(found) => found,
            Err(error) if matches!(error.code(), Code::NotFound | Code::Unimplemented) => {
                tracing::warn!(
                    error = %error,
                    resource_type_id = id.resource_type,
                    resource_id = id.resource,
                    "skipping resource: it cannot be fetched"
                );
                return Ok(Outcome::default());
            }
            Err(error) => return Err(error),
        };
        let no_entitlements = skips_entitlements(&found.resource);
        let no_grants = skips_grants(&found.resource);
        let mut resources = vec![found.resource];
        let mut children = self.admit_resources(&mut resources)?;
        self.admit_grants(&mut found.grants)?;
        resources.extend(self.related_resources(&found.grants).await?);
        self.put(Page { resources, grants: found.grants, ..Page::default() }).await?;

        let types = self.types();
        if let Some(rules) = types.get(&id.resource_type) {
            let flags = self.state().flags;
            let step = |operation| Action::for_resource(operation, &id.resource_type, &id.resource);
            if !(no_grants || rules.skip_grants || flags.skip_grants || flags.skip_entitlements_and_grants) {
                children.push(step(Operation::ListGrants));
            }
            if !(no_entitlements || rules.skip_entitlements || flags.skip_entitlements_and_grants) {
                children.push(step(Operation::ListEntitlements));
            }
        }
        Ok(Outcome { next: None, children })
    }
}
