//! The step that brings in the principals of another file.

use crate::error::Result;
use crate::sync::engine::{Engine, Outcome};
use crate::sync::progress::Phase;

impl Engine {
    /// Copies the principals, then gives them the grants that are meant for them.
    pub(super) async fn list_external_resources(&self) -> Result<Outcome> {
        let Some(source) = self.options.external.clone() else {
            return Ok(Outcome::default());
        };
        self.progress.begin(Phase::ExternalResources);
        self.store.bring_in(source).await?;
        if self.state().flags.has_external_resource_grants {
            self.store.assign_grants().await?;
        }
        Ok(Outcome::default())
    }
}
