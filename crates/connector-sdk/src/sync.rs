//! The sync engine: everything that a connector lists, written into a `.c1z` file.
//!
//! Start at [`run`]. The plan of a sync is a stack of steps (`state`, `action`), stored with the rows as a
//! checkpoint (`token`) so that a run that was stopped goes on where it was. Rows and checkpoints are written by one
//! thread (`store`) while the next page is fetched; memory is bounded by a few pages.
//!
//! Source: sync.md.

mod action;
mod batch;
mod database;
mod engine;
mod expand;
mod external;
mod ingest;
mod invariants;
mod options;
mod progress;
mod quality;
mod state;
mod step;
mod store;
mod token;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use proto::c1::connector::v2::ResourceType;

pub(crate) use expand::expand;
pub use options::{Cycles, Depth, Expansion, ExternalSource, StorageEngine, SyncOptions, Workers};
pub use progress::{Observer, Phase, Unobserved};

use self::action::{Action, Operation};
use self::engine::{Engine, Parts, lock};
use self::ingest::{TypeFilter, Types};
use self::options::wanted_targets;
use self::progress::{Begin, Progress};
use self::quality::Reason;
use self::state::State;
use self::store::{Begun, Ending, Store};
use crate::connector::Connector;
use crate::error::{Code, Error, Result};
use crate::retry::RetryPolicy;
use crate::runtime::Runtime;

/// The message of a sync that met too many missing things.
const TOO_MANY_WARNINGS: &str = "too many warnings, exiting sync";
/// The message of a sync that ran out of time.
const NOT_COMPLETE: &str = "sync exited without finishing";

/// A finished sync.
#[derive(Debug)]
pub struct SyncReport {
    /// The id of the sync in the file.
    pub sync_id: String,
    /// `full`, `partial` or `resources_only`.
    pub sync_type: String,
    /// What was skipped because it was not found.
    pub warnings: Vec<Error>,
    /// How many steps it took.
    pub completed_steps: u64,
}

impl SyncReport {
    fn new(begun: &Begun, warnings: Vec<Error>, completed_steps: u64) -> Self {
        Self { sync_id: begun.sync_id.clone(), sync_type: begun.sync_type.clone(), warnings, completed_steps }
    }
}

/// Syncs everything that `options` ask for into their file: a new sync, or the rest of an unfinished one.
///
/// # Errors
/// The first error of the connector that is neither transient nor a warning; a storage error; `Canceled`. Whatever
/// was stored until then is saved as an unfinished sync, which the next run resumes; when nothing was stored, the file
/// is left as it was, or not made.
pub async fn run(
    connector: Arc<dyn Connector>,
    options: SyncOptions,
    runtime: &Runtime,
    observer: Arc<dyn Observer>,
) -> Result<SyncReport> {
    if options.storage_engine == StorageEngine::Pebble {
        return Err(Error::unknown(
            "storage engine pebble is not offered by this version; hint: leave out --storage-engine, or use sqlite",
        ));
    }
    let mut restarted = false;
    loop {
        let begin = if restarted { Restart::Anew } else { Restart::Resume };
        let attempt = attempt(&connector, &options, runtime, &observer, begin).await;
        match attempt {
            Err(Attempt::Restart(error)) if !restarted => {
                tracing::warn!(error = %error, "the upstream listing has changed; starting the sync anew");
                restarted = true;
            }
            Err(Attempt::Restart(error) | Attempt::Failed(error)) => return Err(error),
            Ok(report) => return Ok(report),
        }
    }
}

/// Whether a failed run is worth keeping its file for the next one.
///
/// Source: sync.md §3.1.
#[must_use]
pub fn is_preservable(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::Ok
            | Code::NotFound
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::Unavailable
            | Code::Unauthenticated
            | Code::DeadlineExceeded
    ) || [TOO_MANY_WARNINGS, NOT_COMPLETE].contains(&error.message())
}

/// What to do with an unfinished sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Restart {
    Resume,
    Anew,
}

/// How much of the upstream a sync is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everything,
    Targets,
}

enum Attempt {
    /// The connector cannot go on where the unfinished sync stands.
    Restart(Error),
    Failed(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn attempt(
    connector: &Arc<dyn Connector>,
    options: &SyncOptions,
    runtime: &Runtime,
    observer: &Arc<dyn Observer>,
    restart: Restart,
) -> Result<SyncReport, Attempt> {
    let store = Store::open(options, runtime).await?;
    let prepared = match prepare(connector, options, runtime, &store, restart).await {
        Ok(prepared) => prepared,
        Err(error) => return Err(abandon(&store, Ending::Discard, error).await.into()),
    };
    let begun = prepared.begun.clone();
    if begun.ended {
        store.close(Ending::Save).await?;
        log_complete(&begun, 0, options);
        return Ok(SyncReport::new(&begun, Vec::new(), 0));
    }
    let engine = Arc::new(assemble(connector, options, runtime, observer, store, prepared));
    match finish(&engine, &begun, observer).await {
        Ok(report) => {
            engine.store.close(Ending::Save).await?;
            // Only now: scripts take this line for a complete file.
            log_complete(&begun, report.completed_steps, options);
            Ok(report)
        }
        Err(error) if begun.resumed && error.asks_for_restart() => {
            Err(Attempt::Restart(abandon(&engine.store, Ending::Save, error).await))
        }
        Err(error) => {
            // A partial sync is never resumed, and a sync without a page is not worth a file.
            let resumable = begun.sync_type != "partial";
            let stored_any = begun.resumed || engine.stored_any.load(Ordering::Relaxed);
            let ending = if resumable && stored_any { Ending::Save } else { Ending::Discard };
            Err(abandon(&engine.store, ending, error).await.into())
        }
    }
}

/// Closes the store of a run that failed; gives back why it failed.
async fn abandon(store: &Store, ending: Ending, error: Error) -> Error {
    if let Err(closing) = store.close(ending).await {
        tracing::error!(error = %closing, "the unfinished sync was not saved; the file is as it was before");
    }
    error
}

/// What is known before the first step.
struct Prepared {
    begun: Begun,
    state: State,
    external: Vec<ResourceType>,
}

/// Checks the credentials and starts or resumes the sync. Source: sync.md §2, steps 3 to 6.
async fn prepare(
    connector: &Arc<dyn Connector>,
    options: &SyncOptions,
    runtime: &Runtime,
    store: &Store,
    restart: Restart,
) -> Result<Prepared> {
    let external = match &options.external {
        Some(source) => store.external_types(source.clone()).await?,
        None => Vec::new(),
    };
    let validate = runtime.retry(RetryPolicy::VALIDATE);
    validate.call(|| connector.validate()).await.map_err(|error| error.context("validate failed"))?;
    let scope = if options.targets.is_empty() { Scope::Everything } else { Scope::Targets };
    let begun = store.begin(options.depth, scope, restart).await?;
    let mut state = token::read(&begun.token)?;
    if state.actions().is_empty() {
        state.push(Action::new(Operation::Init));
    }
    if begun.sync_type == "full" {
        state.quality.note(Reason::Unchecked);
    }
    Ok(Prepared { begun, state, external })
}

fn assemble(
    connector: &Arc<dyn Connector>,
    options: &SyncOptions,
    runtime: &Runtime,
    observer: &Arc<dyn Observer>,
    store: Store,
    prepared: Prepared,
) -> Engine {
    let Prepared { begun, state, external } = prepared;
    Engine::new(Parts {
        connector: Arc::clone(connector),
        options: options.clone(),
        targets: wanted_targets(options),
        store,
        progress: Progress::new(Arc::clone(observer), if begun.resumed { Begin::Resumed } else { Begin::Fresh }),
        retry: runtime.retry(RetryPolicy::LISTING),
        cancel: runtime.cancel.clone(),
        filter: if begun.sync_type == "full" { TypeFilter::On } else { TypeFilter::Off },
        types: Types::new(begun.resource_types.iter().chain(&external)),
        state,
        external,
    })
}

/// Works the plan off and ends the sync. Source: sync.md §2, steps 7 to 12.
async fn finish(engine: &Arc<Engine>, begun: &Begun, observer: &Arc<dyn Observer>) -> Result<SyncReport> {
    engine.work().await?;
    let quality = engine.state().quality.clone();
    if quality.filtered() > 0 {
        tracing::warn!(
            entitlements = quality.entitlements_dropped,
            grants = quality.grants_dropped,
            expansion_resource_types = quality.expansion_resource_types_dropped,
            expansions = quality.expansions_dropped,
            "records of resource types that are not synced were left out"
        );
    }
    engine.store.check_invariants().await?;
    if begun.sync_type == "full" {
        tracing::info!(
            skipped_invariants = ?["I7", "I3", "I8", "I9"],
            "ingest invariants: store engine lacks the inspection surface; referential invariants were not evaluated"
        );
    }
    observer.phase(Phase::Saving);
    engine.store.end().await?;
    let warnings = std::mem::take(&mut *lock(&engine.warnings));
    let completed_steps = engine.state().completed();
    if let Err(error) = engine.connector.cleanup(&begun.sync_id).await {
        tracing::error!(error = %error, "connector cleanup failed");
    }
    if !warnings.is_empty() {
        tracing::warn!(warnings = warnings.len(), "sync completed with warnings");
    }
    Ok(SyncReport { sync_id: begun.sync_id.clone(), sync_type: begun.sync_type.clone(), warnings, completed_steps })
}

fn log_complete(begun: &Begun, completed_actions: u64, options: &SyncOptions) {
    tracing::info!(
        sync_id = begun.sync_id,
        sync_type = begun.sync_type,
        completed_actions,
        worker_count = options.workers.count(),
        "Sync complete."
    );
}
