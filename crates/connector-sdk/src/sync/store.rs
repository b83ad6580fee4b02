//! The way to the database: one thread owns it, the engine sends it work.
//!
//! Start at [`Store`]. Writes are handed over without waiting, at most [`QUEUE`] at a time, so that the next page is
//! fetched while the last one is stored. The first failure is kept and given to whoever asks next.

use std::sync::{Arc, Mutex};

use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::engine::lock;
use super::ingest::{skips_entitlements, skips_grants};
use super::options::{Cycles, Depth, ExternalSource, SyncOptions};
use super::{Restart, Scope};
use crate::error::{Error, Result};
use crate::runtime::Runtime;

/// How many writes may wait: pages in memory.
const QUEUE: usize = 4;

/// Rows to be stored together.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) resource_types: Vec<ResourceType>,
    pub(super) resources: Vec<Resource>,
    pub(super) entitlements: Vec<Entitlement>,
    pub(super) grants: Vec<Grant>,
}

impl Page {
    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.resource_types.len() + self.resources.len() + self.entitlements.len() + self.grants.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a sync began.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub(super) sync_id: String,
    pub(super) sync_type: String,
    pub(super) resumed: bool,
    /// The sync was finished by a run that was killed before it saved the file.
    pub(super) ended: bool,
    /// The last checkpoint; empty for a new sync.
    pub(super) token: String,
    /// What a resumed sync has stored.
    pub(super) resource_types: Vec<ResourceType>,
}

/// A resource whose entitlements or grants may have to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedResource {
    pub(super) resource_type: String,
    pub(super) resource: String,
    pub(super) skips_entitlements: bool,
    pub(super) skips_grants: bool,
}

impl PlannedResource {
    /// What planning needs of the resource; `None` when it has no id.
    pub(super) fn new(resource: Resource) -> Option<Self> {
        let skips_entitlements = skips_entitlements(&resource);
        let skips_grants = skips_grants(&resource);
        let id = resource.id?;
        Some(Self { resource_type: id.resource_type, resource: id.resource, skips_entitlements, skips_grants })
    }
}

/// What becomes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// What is stored replaces the file.
    Save,
    /// The file stays as it was.
    Discard,
}

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// The engine's end of the thread.
#[derive(Debug)]
pub(super) struct Store {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    failure: Arc<Mutex<Option<Error>>>,
    thread: Mutex<Option<std::thread::JoinHandle<Option<Database>>>>,
}

impl Store {
    /// Opens the file of these options on a thread of its own.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub(super) async fn open(options: &SyncOptions, runtime: &Runtime) -> Result<Self> {
        let (jobs, mut inbox) = mpsc::channel::<Job>(QUEUE);
        let (opened, is_open) = oneshot::channel();
        let options = options.clone();
        let runtime = runtime.clone();
        let thread = std::thread::Builder::new()
            .name("c1z".to_owned())
            .spawn(move || match Database::open(&options, &runtime) {
                Err(error) => {
                    let _ = opened.send(Err(error));
                    None
                }
                Ok(mut database) => {
                    let _ = opened.send(Ok(()));
                    while let Some(job) = inbox.blocking_recv() {
                        job(&mut database);
                    }
                    Some(database)
                }
            })
            .map_err(|error| Error::unknown("start the thread of the database").with_source(error))?;
        is_open.await.map_err(|_| gone())??;
        Ok(Self { jobs: Mutex::new(Some(jobs)), failure: Arc::default(), thread: Mutex::new(Some(thread)) })
    }

    /// Starts a new sync or takes up an unfinished one.
    pub(super) async fn begin(&self, depth: Depth, scope: Scope, restart: Restart) -> Result<Begun> {
        self.ask(move |database| database.begin(depth, scope, restart)).await
    }

    /// Hands rows over to be written.
    pub(super) async fn put(&self, page: Page) -> Result<()> {
        self.tell(move |database| database.put(page)).await
    }

    /// Makes everything handed over so far last, together with the state behind it.
    pub(super) async fn checkpoint(&self, token: String) -> Result<()> {
        self.tell(move |database| database.checkpoint(&token)).await
    }

    /// Notes that the expansion column of the grants is complete.
    pub(super) async fn mark_supports_diff(&self) -> Result<()> {
        self.tell(Database::mark_supports_diff).await
    }

    /// The stored resource with this id.
    pub(super) async fn resource(&self, id: ResourceId) -> Result<Option<Resource>> {
        self.ask(move |database| database.resource(&id)).await
    }

    /// The next resources of these types behind a cursor, and the cursor behind them.
    pub(super) async fn plan_resources(
        &self,
        types: Vec<String>,
        cursor: String,
    ) -> Result<(Vec<PlannedResource>, Option<String>)> {
        self.ask(move |database| database.plan_resources(&types, &cursor)).await
    }

    /// The next resources of a type behind a row, and the last of their rows.
    pub(super) async fn resources_of_type(
        &self,
        resource_type: &str,
        after: i64,
    ) -> Result<(Vec<Resource>, Option<i64>)> {
        let resource_type = resource_type.to_owned();
        self.ask(move |database| database.resources_of_type(&resource_type, after)).await
    }

    /// Follows the expandable grants.
    pub(super) async fn expand_grants(
        &self,
        cycles: Cycles,
        max_depth: usize,
        cancel: CancellationToken,
    ) -> Result<()> {
        self.ask(move |database| database.expand_grants(cycles, max_depth, &cancel)).await
    }

    /// The resource types that another file brings.
    pub(super) async fn external_types(&self, source: ExternalSource) -> Result<Vec<ResourceType>> {
        self.ask(move |_| super::external::resource_types(&source)).await
    }

    /// Copies the principals of another file.
    pub(super) async fn bring_in(&self, source: ExternalSource) -> Result<()> {
        self.ask(move |database| super::external::bring_in(database, &source)).await
    }

    /// Rewrites the grants that name their principal by a property.
    pub(super) async fn assign_grants(&self) -> Result<()> {
        self.ask(super::external::assign_grants).await
    }

    /// Checks what must hold before the sync may end.
    pub(super) async fn check_invariants(&self) -> Result<()> {
        self.ask(super::invariants::check_exclusion_groups).await
    }

    /// Removes old syncs and ends this one.
    pub(super) async fn end(&self) -> Result<()> {
        self.ask(Database::end).await
    }

    /// Ends the thread, and replaces the file or leaves it.
    ///
    /// # Errors
    /// The failure of an earlier write, or that of saving; the old file is intact then.
    pub(super) async fn close(&self, ending: Ending) -> Result<()> {
        lock(&self.jobs).take();
        let Some(thread) = lock(&self.thread).take() else {
            return Err(gone());
        };
        let failed = lock(&self.failure).take();
        let closing = tokio::task::spawn_blocking(move || match thread.join() {
            Ok(Some(database)) if ending == Ending::Save => database.save(),
            Ok(Some(database)) => database.discard(),
            Ok(None) | Err(_) => Err(gone()),
        });
        let closed = closing.await.map_err(|_| gone())?;
        failed.map_or(closed, Err)
    }

    /// Has the work done without waiting for it.
    async fn tell(&self, work: impl FnOnce(&mut Database) -> Result<()> + Send + 'static) -> Result<()> {
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |database| {
            if lock(&failure).is_none()
                && let Err(error) = work(database)
            {
                *lock(&failure) = Some(error);
            }
        }))
        .await
    }

    /// Has the work done, after everything handed over before, and returns its result.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let failure = Arc::clone(&self.failure);
        self.send(Box::new(move |database| {
            let failed = lock(&failure).take();
            let _ = answer.send(failed.map_or_else(|| work(database), Err));
        }))
        .await?;
        answered.await.map_err(|_| gone())?
    }

    async fn send(&self, job: Job) -> Result<()> {
        if let Some(error) = lock(&self.failure).take() {
            return Err(error);
        }
        let jobs = lock(&self.jobs).clone().ok_or_else(gone)?;
        jobs.send(job).await.map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::unknown("the thread of the database has ended early")
}
