//! What happens on this machine: checks before the work, and operations on files.

use std::fs::OpenOptions;

use c1z::Limits;
use camino::{Utf8Path, Utf8PathBuf};

use crate::derived::{Input, compact, diff};
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::sync::SyncOptions;

/// Checks that the file can be written when the time comes: a new file beside it, renamed over it.
///
/// # Errors
/// What stands in the way.
pub(super) fn check_writable(file: &Utf8Path) -> Result<()> {
    let refuse = |why: String| Error::unknown(format!("{why}\nhint: choose another --file"));
    if file.is_dir() {
        return Err(refuse(format!("write `{file}`: it is a folder")));
    }
    let folder = match file.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".baton-")
        .tempfile_in(folder)
        .map_err(|error| refuse(format!("write into `{folder}`: {}", error.kind())))?;
    if file.exists() {
        OpenOptions::new().write(true).open(file).map_err(|error| refuse(format!("write `{file}`: {error}")))?;
    }
    Ok(())
}

/// No connector of this SDK has actions: after the arguments have been checked, none of that name is found.
pub(super) fn invoke_action(name: &str, arguments: &str) -> Result<()> {
    match serde_json::from_str(arguments) {
        Ok(serde_json::Value::Object(_)) => Err(Error::not_found(format!("action '{name}' not found"))),
        _ => Err(Error::unknown("invoke-action-args is no JSON object")),
    }
}

/// No connector of this SDK has tickets: after the template has been read, the operation is refused.
pub(super) fn ticket(task_type: &str, template: Option<&str>) -> Result<()> {
    if let Some(path) = template {
        let content = std::fs::read(path)
            .map_err(|error| Error::unknown(format!("read the ticket template `{path}`: {error}")))?;
        serde_json::from_slice::<serde_json::Value>(&content)
            .map_err(|error| Error::unknown(format!("the ticket template `{path}` is not JSON: {error}")))?;
    }
    Err(Error::unimplemented(format!("{task_type} is not offered by this connector")))
}

pub(super) async fn diff_syncs(options: SyncOptions, base: String, applied: String, runtime: &Runtime) -> Result<()> {
    let runtime = runtime.clone();
    blocking(move || diff(&options.file, &base, &applied, options.limits, &runtime).map(|_| ())).await
}

pub(super) async fn compact_syncs(
    limits: Limits,
    files: Vec<String>,
    sync_ids: Vec<String>,
    output: String,
    runtime: &Runtime,
) -> Result<()> {
    if files.len() != sync_ids.len() {
        return Err(Error::unknown(format!(
            "compact-file-paths names {} files and compact-sync-ids {} syncs; hint: give one sync id for each file",
            files.len(),
            sync_ids.len()
        )));
    }
    let inputs: Vec<Input> = files
        .into_iter()
        .zip(sync_ids)
        .map(|(file, sync_id)| Input { file: Utf8PathBuf::from(file), sync_id })
        .collect();
    let runtime = runtime.clone();
    blocking(move || compact(&inputs, Utf8Path::new(&output), limits, &runtime).map(|_| ())).await
}

/// The result of work that blocks.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::unknown("a worker stopped").with_source(error))?
}
