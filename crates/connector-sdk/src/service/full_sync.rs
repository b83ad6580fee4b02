//! Syncs everything, or what the server names, into a file of its own and uploads it.
//!
//! Start at [`carry_out`]. Source: baton-service-mode §9, `sync_full`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::FutureExt;
use proto::c1::connectorapi::baton::v1::task::SyncFullTask;
use tempfile::TempDir;

use super::api::Api;
use super::debug_log::DebugLog;
use super::options::{FullSync, Options};
use super::status;
use super::task::TaskOutcome;
use super::upload::upload;
use crate::bid::ResourceBid;
use crate::connector::Connector;
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;
use crate::sync::{self, Depth, Expansion, StorageEngine, SyncOptions, Unobserved};

/// What the name of the folder of a sync begins with. Source: sync.md §11.
const PREFIX: &str = "baton-sdk-sync-upload";

/// A sync that the server asked for.
pub(super) struct Job<'a> {
    pub(super) api: &'a Api,
    pub(super) connector: &'a Arc<dyn Connector>,
    pub(super) options: &'a Options,
    /// Cancelled when this sync is to stop.
    pub(super) runtime: &'a Runtime,
    pub(super) task_id: &'a str,
    /// Whether the server wants to see the log.
    pub(super) debug: bool,
}

/// Syncs, uploads, cleans up, and says what to report.
pub(super) async fn carry_out(job: Job<'_>, task: &SyncFullTask) -> TaskOutcome {
    match in_folder(&job, task).await {
        Ok(()) => TaskOutcome::Success { response: None, annotations: Vec::new() },
        Err(error) => {
            tracing::error!(error = %error, task_id = job.task_id, "the sync failed");
            failure(&error)
        }
    }
}

/// The outcome of a sync that failed. Only data that break an invariant will do so again.
pub(super) fn failure(error: &Error) -> TaskOutcome {
    let non_retryable = error.message().starts_with("ingest invariant");
    let status = if non_retryable { status::non_retryable_status(error) } else { status::status(error) };
    TaskOutcome::Failure { status, non_retryable, annotations: Vec::new() }
}

async fn in_folder(job: &Job<'_>, task: &SyncFullTask) -> Result<()> {
    let parent = job.options.sync.temp_dir.clone();
    let folder = blocking(move || folder_in(parent.as_deref())).await??;
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned())
        .map_err(|path| Error::unknown(format!("the temporary folder `{}` is not UTF-8", path.display())))?;
    let result = if job.debug {
        let log = DebugLog::open(path.join("debug.log"))?;
        let result = log.record(sync_and_upload(job, task, &path)).await;
        if result.is_ok() {
            upload_log(job, &log).await;
        }
        result
    } else {
        sync_and_upload(job, task, &path).await
    };
    // What can't be removed now is the business of the system.
    let _ = blocking(move || folder.close()).await;
    result
}

async fn sync_and_upload(job: &Job<'_>, task: &SyncFullTask, folder: &Utf8Path) -> Result<()> {
    let file = folder.join("sync.c1z");
    let options = sync_options(job.options, task, folder, &file)?;
    let sync = sync::run(Arc::clone(job.connector), options, job.runtime, Arc::new(Unobserved));
    // Nothing of the sync is used after its panic.
    let report = AssertUnwindSafe(sync).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(task_id = job.task_id, "the connector panicked in a sync");
        Err(Error::new(Code::Internal, "Internal Server Error"))
    })?;
    let sending = upload(job.api, job.task_id, &file, job.runtime);
    job.runtime
        .cancel
        .run_until_cancelled(sending)
        .await
        .unwrap_or_else(|| Err(Error::new(Code::Canceled, "context canceled")))?;
    tracing::info!(task_id = job.task_id, sync_id = report.sync_id, sync_type = report.sync_type, "uploaded the sync");
    Ok(())
}

/// The log is a help for people; the sync has arrived without it.
async fn upload_log(job: &Job<'_>, log: &DebugLog) {
    let sending = upload(job.api, job.task_id, log.path(), job.runtime);
    if let Some(Err(error)) = job.runtime.cancel.run_until_cancelled(sending).await {
        tracing::warn!(error = %error, task_id = job.task_id, "the debug log was not uploaded");
    }
}

/// The settings of the program, and of the task.
fn sync_options(options: &Options, task: &SyncFullTask, folder: &Utf8Path, file: &Utf8Path) -> Result<SyncOptions> {
    let mut sync = SyncOptions { file: file.to_owned(), temp_dir: Some(folder.to_owned()), ..options.sync.clone() };
    sync.depth = if options.full_sync == FullSync::Skipped {
        Depth::Nothing
    } else if task.skip_entitlements_and_grants || sync.depth == Depth::SkipEntitlementsAndGrants {
        Depth::SkipEntitlementsAndGrants
    } else if task.skip_grants || sync.depth == Depth::SkipGrants {
        Depth::SkipGrants
    } else {
        sync.depth
    };
    if task.skip_expand_grants {
        sync.expansion = Expansion::Leave;
    }
    if !task.sync_resource_type_ids.is_empty() {
        sync.resource_types.clone_from(&task.sync_resource_type_ids);
    }
    if !task.targeted_sync_resources.is_empty() {
        let target = |resource: &proto::c1::connector::v2::Resource| {
            let id = resource.id.clone().filter(|id| !id.resource.is_empty() && !id.resource_type.is_empty());
            let id = id.ok_or_else(|| Error::invalid_argument("a resource to sync has no id"))?;
            Ok(ResourceBid { id, parent: resource.parent_resource_id.clone() })
        };
        sync.targets = task.targeted_sync_resources.iter().map(target).collect::<Result<_>>()?;
    }
    if sync.storage_engine == StorageEngine::Default {
        match task.storage_engine.as_str() {
            "" | "sqlite" => {}
            // Every reader of v3 files reads v1 files too.
            "pebble" => tracing::warn!("the server asks for the storage engine pebble; this version writes sqlite"),
            engine => return Err(Error::invalid_argument(format!("unknown storage engine '{engine}'"))),
        }
        sync.storage_engine = StorageEngine::Sqlite;
    }
    Ok(sync)
}

fn folder_in(parent: Option<&Utf8Path>) -> Result<TempDir> {
    let parent = parent.map_or_else(std::env::temp_dir, |parent| parent.as_std_path().to_owned());
    let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent);
    made.map_err(|error| Error::unknown(format!("make a temporary folder in `{}`: {error}", parent.display())))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Code::Internal, format!("work on files: {error}")))
}
