//! The machine that works off the plan of a sync: state, checkpoints, and the loop around the steps.
//!
//! Start at [`Engine::work`]. What a step does is in [`super::step`]; how steps run side by side in [`super::batch`].

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use proto::c1::connector::v2::ResourceType;
use tokio_util::sync::CancellationToken;

use super::action::Action;
use super::ingest::{TypeFilter, Types};
use super::options::SyncOptions;
use super::progress::Progress;
use super::state::State;
use super::store::{Page, Store};
use super::token;
use crate::bid::ResourceBid;
use crate::connector::{Connector, ResourceSyncer};
use crate::error::{Code, Error, Result};
use crate::retry::Retry;

/// More warnings than this, and more than a tenth of the steps, end the sync.
const MANY_WARNINGS: usize = 10;

/// One running sync.
pub(super) struct Engine {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) syncers: BTreeMap<String, Arc<dyn ResourceSyncer>>,
    pub(super) options: SyncOptions,
    pub(super) targets: Vec<ResourceBid>,
    pub(super) store: Store,
    pub(super) progress: Progress,
    pub(super) retry: Retry,
    pub(super) cancel: CancellationToken,
    pub(super) filter: TypeFilter,
    /// The stored resource types; known after the first phase.
    pub(super) types: RwLock<Arc<Types>>,
    /// The resource types that the other file brings.
    pub(super) external: Vec<ResourceType>,
    /// Child listings that have been planned: (child type, parent type, parent).
    pub(super) children: Mutex<HashSet<(String, String, String)>>,
    /// Cursors that a connector has asked for, so that none is walked twice.
    pub(super) cursors: Mutex<HashSet<(String, String, String)>>,
    /// Children planned by the running batch, to be taken into it.
    pub(super) planned: Mutex<Vec<Action>>,
    pub(super) warnings: Mutex<Vec<Error>>,
    pub(super) stored_any: AtomicBool,
    state: Mutex<State>,
    started: Instant,
    checkpointed: Mutex<Instant>,
}

/// What one page of a step leads to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Where the step goes on; `None` when it is done.
    pub(super) next: Option<String>,
    /// New steps, the last one to be done first.
    pub(super) children: Vec<Action>,
}

/// The parts that [`Engine::new`] puts together.
pub(super) struct Parts {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) options: SyncOptions,
    pub(super) targets: Vec<ResourceBid>,
    pub(super) store: Store,
    pub(super) progress: Progress,
    pub(super) retry: Retry,
    pub(super) cancel: CancellationToken,
    pub(super) filter: TypeFilter,
    pub(super) state: State,
    pub(super) types: Types,
    pub(super) external: Vec<ResourceType>,
}

impl Engine {
    pub(super) fn new(parts: Parts) -> Self {
        let syncers = parts.connector.syncers().into_iter().map(|syncer| (syncer.resource_type().id, syncer)).collect();
        Self {
            connector: parts.connector,
            syncers,
            options: parts.options,
            targets: parts.targets,
            store: parts.store,
            progress: parts.progress,
            retry: parts.retry,
            cancel: parts.cancel,
            filter: parts.filter,
            types: RwLock::new(Arc::new(parts.types)),
            external: parts.external,
            children: Mutex::default(),
            cursors: Mutex::default(),
            planned: Mutex::default(),
            warnings: Mutex::default(),
            stored_any: AtomicBool::new(false),
            state: Mutex::new(parts.state),
            started: Instant::now(),
            checkpointed: Mutex::new(Instant::now()),
        }
    }

    /// Works until nothing is left to do.
    ///
    /// # Errors
    /// The first error that is no warning; what is done until then is in the store, with a checkpoint.
    pub(super) async fn work(self: &Arc<Self>) -> Result<()> {
        let result = self.work_off().await;
        // On a failure too: the next run goes on from here.
        let checkpoint = self.checkpoint().await;
        result.and(checkpoint)
    }

    async fn work_off(self: &Arc<Self>) -> Result<()> {
        self.checkpoint().await?;
        loop {
            self.check_stopped()?;
            self.check_warnings()?;
            self.checkpoint_when_due().await?;
            let Some(action) = self.state().top().cloned() else {
                return Ok(());
            };
            let batch =
                if self.runs_in_batches(&action) { self.state().batch(super::batch::LIMIT) } else { Vec::new() };
            if batch.is_empty() {
                self.page(&action).await?;
            } else {
                self.run_batch(batch).await?;
            }
        }
    }

    /// Runs one page of the step and enters the outcome into the state.
    ///
    /// Returns the step as it goes on; `None` when it is done.
    pub(super) async fn page(&self, action: &Action) -> Result<Option<Action>> {
        let outcome = match self.step(action).await {
            Err(error) if Self::is_warning(&error, action) => {
                tracing::warn!(
                    error = %error,
                    operation = action.operation.name(),
                    resource_type_id = action.resource_type_id,
                    resource_id = action.resource_id,
                    "skipping sync action"
                );
                lock(&self.warnings).push(error);
                Outcome::default()
            }
            other => other?,
        };
        let next = {
            let mut state = self.state();
            let next = outcome.next.map(|page_token| Action { page_token, ..action.clone() });
            match &next {
                Some(next) => state.set_page_token(&action.id, next.page_token.clone()),
                None => state.finish(&action.id),
            }
            let mut planned = lock(&self.planned);
            for mut child in outcome.children {
                child.id = state.push(child.clone());
                if child.operation == action.operation && !action.resource_type_id.is_empty() {
                    planned.push(child);
                }
            }
            next
        };
        self.checkpoint_when_due().await?;
        Ok(next)
    }

    /// The state, locked for a moment.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The stored resource types.
    pub(super) fn types(&self) -> Arc<Types> {
        self.types.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The syncer of a type.
    ///
    /// # Errors
    /// `NotFound` when the connector has no such type.
    pub(super) fn syncer(&self, resource_type: &str) -> Result<&Arc<dyn ResourceSyncer>> {
        self.syncers
            .get(resource_type)
            .ok_or_else(|| Error::not_found(format!("the connector has no resource type '{resource_type}'")))
    }

    /// Hands rows to the store without waiting for them to be written.
    pub(super) async fn put(&self, page: Page) -> Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        self.stored_any.store(true, Ordering::Relaxed);
        self.store.put(page).await
    }

    /// Stores the state behind all rows handed over so far.
    pub(super) async fn checkpoint(&self) -> Result<()> {
        let text = token::write(&self.state())?;
        *lock(&self.checkpointed) = Instant::now();
        self.store.checkpoint(text).await
    }

    async fn checkpoint_when_due(&self) -> Result<()> {
        let due = lock(&self.checkpointed).elapsed() >= self.options.checkpoint_interval;
        if due {
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// Fails when the run is to stop here. Source: sync.md §3.
    pub(super) fn check_stopped(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(Code::Canceled, "context canceled"));
        }
        if self.options.max_duration.is_some_and(|max| self.started.elapsed() >= max) {
            return Err(Error::unknown(super::NOT_COMPLETE));
        }
        Ok(())
    }

    /// Source: sync.md §3, stop rules.
    fn check_warnings(&self) -> Result<()> {
        let warnings = lock(&self.warnings).len();
        let completed = usize::try_from(self.state().completed()).unwrap_or(usize::MAX);
        if warnings > MANY_WARNINGS && warnings.saturating_mul(10) > completed {
            return Err(Error::unknown(super::TOO_MANY_WARNINGS));
        }
        Ok(())
    }

    /// Whether the failure only skips the step: things that vanish while they are listed.
    ///
    /// A top-level listing that is not found fails the sync: a file without its users must not look complete.
    ///
    /// Source: sync.md §3.1.
    fn is_warning(error: &Error, action: &Action) -> bool {
        use super::action::Operation;
        let applies = match action.operation {
            Operation::ListResources => !action.parent_resource_id.is_empty(),
            Operation::ListStaticEntitlements
            | Operation::ListEntitlements
            | Operation::ListGrants
            | Operation::TargetedResourceSync => !action.resource_type_id.is_empty(),
            _ => false,
        };
        applies && error.code() == Code::NotFound
    }
}

/// The content of a lock; a panic elsewhere does not make it useless, since every change is a single statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
