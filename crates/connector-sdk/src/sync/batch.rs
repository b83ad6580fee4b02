//! Steps that run side by side: listings of single types and resources.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::action::{Action, Operation};
use super::engine::{Engine, lock};
use crate::error::{Error, Result};

/// At most so many steps make a batch. Source: sync.md §3.
pub(super) const LIMIT: usize = 100;

impl Engine {
    /// Whether the step may run beside others. Source: sync.md §3.
    #[expect(clippy::unused_self, reason = "reads as a question to the engine")]
    pub(super) fn runs_in_batches(&self, action: &Action) -> bool {
        !action.resource_type_id.is_empty() && action.operation != Operation::ListStaticEntitlements
    }

    /// Runs the steps, each through all its pages, as many at a time as there are workers.
    ///
    /// # Errors
    /// The first error; the other steps are stopped where they are and stay in the state.
    pub(super) async fn run_batch(self: &Arc<Self>, batch: Vec<Action>) -> Result<()> {
        let workers = self.options.workers.count();
        lock(&self.planned).clear();
        if workers > 1 {
            tracing::info!(actions = batch.len(), workers, "syncing in parallel");
        }
        let mut queue = VecDeque::from(batch);
        if workers == 1 {
            while let Some(action) = queue.pop_front() {
                self.all_pages(action).await?;
                queue.extend(lock(&self.planned).drain(..));
            }
            return Ok(());
        }
        let mut running = JoinSet::new();
        loop {
            while running.len() < workers {
                let Some(action) = queue.pop_front() else { break };
                let engine = Arc::clone(self);
                running.spawn(async move { engine.all_pages(action).await });
            }
            let Some(finished) = running.join_next().await else {
                return Ok(());
            };
            let failed = |panic| Err(Error::unknown("a listing panicked").with_source(panic));
            if let Err(error) = finished.unwrap_or_else(failed) {
                // Rows that an interrupted step handed over are there again after its page is repeated.
                running.shutdown().await;
                return Err(error);
            }
            queue.extend(lock(&self.planned).drain(..));
        }
    }

    async fn all_pages(&self, action: Action) -> Result<()> {
        let mut next = Some(action);
        while let Some(action) = next {
            self.check_stopped()?;
            next = self.page(&action).await?;
        }
        Ok(())
    }
}
