//! Syncs made from syncs: the difference of two in one file, and one merged from several files.
//!
//! Start at [`diff`] or [`compact`]. Both block: call them where blocking is allowed.
//!
//! Source: sync.md §10; c1z.md §3.8.

use c1z::{
    Entitlements, Filter, Grants, Limits, Options, Reader, Record, ResourceTypes, Resources, Store, SyncId, SyncRun,
    SyncType, resource_key,
};
use camino::{Utf8Path, Utf8PathBuf};
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::sync::{Cycles, expand};

/// Rows per page of reading and writing.
const PAGE: u32 = 1_000;

/// One sync of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file.
    pub file: Utf8PathBuf,
    /// The id of a finished sync in it.
    pub sync_id: String,
}

/// A merged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// The file.
    pub file: Utf8PathBuf,
    /// The id of its only sync.
    pub sync_id: String,
}

/// Adds to the file a finished partial sync with what `applied` has and `base` has not; returns its id.
///
/// Only additions are in it, and no expansion columns.
///
/// # Errors
/// When one of the syncs is not in the file or not finished, or the file cannot be read or written.
pub fn diff(file: &Utf8Path, base: &str, applied: &str, limits: Limits, runtime: &Runtime) -> Result<String> {
    let (base, applied) = (SyncId::from(base), SyncId::from(applied));
    let mut store = Store::open(file, options(limits, runtime))?;
    let added = add_difference(&mut store, &base, &applied);
    match added {
        Ok(id) => {
            store.save()?;
            tracing::info!(sync_id = %id, "generated diff of syncs");
            Ok(id.to_string())
        }
        Err(error) => {
            store.discard()?;
            Err(error)
        }
    }
}

fn add_difference(store: &mut Store, base: &SyncId, applied: &SyncId) -> Result<SyncId> {
    let runs = store.syncs()?;
    for id in [base, applied] {
        finished(&runs, id)?;
    }
    let id = store.start_sync(SyncType::Partial, Some(base))?;
    copy_added::<ResourceType, _>(store, base, applied, ResourceTypes::All)?;
    copy_added::<Resource, _>(store, base, applied, Resources::All)?;
    copy_added::<Entitlement, _>(store, base, applied, Entitlements::All)?;
    copy_added::<Grant, _>(store, base, applied, Grants::All)?;
    store.end_sync()?;
    Ok(id)
}

fn copy_added<R: Record + Named, F: Filter<Record = R>>(
    store: &mut Store,
    base: &SyncId,
    applied: &SyncId,
    all: F,
) -> Result<()> {
    let mut after = 0;
    loop {
        let page = store.view_of(applied)?.page(all, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.row;
        let known = store.view_of(base)?;
        let mut added = Vec::new();
        for stored in page {
            if !known.contains::<R>(&stored.message.key())? {
                added.push(stored.message);
            }
        }
        store.put(&added)?;
    }
}

/// Merges syncs of several files into a new file: what a later sync has replaces what an earlier one has.
///
/// Nothing is taken away. The type is the widest of the inputs. `output` is the new file, or a folder for it.
/// Expandable grants are followed again.
///
/// # Errors
/// With fewer than two inputs, when one is not a finished sync, or when the output exists or cannot be written.
pub fn compact(inputs: &[Input], output: &Utf8Path, limits: Limits, runtime: &Runtime) -> Result<Compacted> {
    if inputs.len() < 2 {
        return Err(Error::unknown("compacting needs at least two syncs; hint: name each file with its sync id"));
    }
    let mut sources = Vec::new();
    for input in inputs {
        let reader = Reader::open(&input.file, &limits)?;
        let run = finished(&reader.syncs()?, &SyncId::from(input.sync_id.as_str()))?.clone();
        sources.push((reader, run));
    }
    sources.sort_by_key(|(_, run)| run.started_at);
    let kind = widest(&sources);

    let file = if output.is_dir() { output.join("compacted.c1z") } else { output.to_owned() };
    if file.exists() {
        return Err(Error::unknown(format!("`{file}` exists already; hint: choose another --compact-output-path")));
    }
    let mut store = Store::open(&file, options(limits, runtime))?;
    let merged = merge(&mut store, &sources, kind, &runtime.cancel);
    match merged {
        Ok(id) => {
            store.save()?;
            tracing::info!(file_path = %file, sync_id = %id, "compacted file");
            Ok(Compacted { file, sync_id: id.to_string() })
        }
        Err(error) => {
            store.discard()?;
            Err(error)
        }
    }
}

fn merge(
    store: &mut Store,
    sources: &[(Reader, SyncRun)],
    kind: SyncType,
    cancel: &CancellationToken,
) -> Result<SyncId> {
    let has_grants = kind != SyncType::ResourcesOnly;
    let id = store.start_sync(kind, None)?;
    for (reader, run) in sources {
        let view = reader.view(&run.id);
        copy_all(store, |after| view.page(ResourceTypes::All, after, PAGE))?;
        copy_all(store, |after| view.page(Resources::All, after, PAGE))?;
        copy_all(store, |after| view.page(Entitlements::All, after, PAGE))?;
        copy_grants(store, &view)?;
    }
    if has_grants {
        store.set_supports_diff()?;
        expand(store, Cycles::Merge, usize::MAX, cancel)?;
    }
    store.end_sync()?;
    Ok(id)
}

fn copy_all<R: Record>(store: &mut Store, mut page: impl FnMut(i64) -> c1z::Result<Vec<c1z::Stored<R>>>) -> Result<()> {
    let mut after = 0;
    loop {
        let rows = page(after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.row;
        store.put(rows.iter().map(|stored| &stored.message))?;
    }
}

/// Copies grants with their expansion.
fn copy_grants(store: &mut Store, view: &c1z::View<'_>) -> Result<()> {
    let mut page = Vec::new();
    view.each(Grants::All, |row| {
        page.push(row.decode_with_expansion()?);
        if page.len() >= PAGE as usize {
            store.put(&page)?;
            page.clear();
        }
        Ok::<_, Error>(())
    })?;
    Ok(store.put(&page)?)
}

fn widest(sources: &[(Reader, SyncRun)]) -> SyncType {
    let kinds = [SyncType::Full, SyncType::ResourcesOnly];
    let found = kinds.into_iter().find(|kind| sources.iter().any(|(_, run)| run.kind == *kind));
    found.unwrap_or(SyncType::Partial)
}

fn finished<'a>(runs: &'a [SyncRun], id: &SyncId) -> Result<&'a SyncRun> {
    let run = runs.iter().find(|run| run.id == *id).ok_or_else(|| c1z::Error::NoSuchSync { sync: id.clone() })?;
    if run.ended_at.is_none() {
        return Err(c1z::Error::Unfinished { sync: id.clone() }.into());
    }
    Ok(run)
}

fn options(limits: Limits, runtime: &Runtime) -> Options {
    Options { limits, temp_dir: None, clock: runtime.clock.clone(), rng: runtime.rng.clone() }
}

/// A message with the id of its row.
trait Named {
    fn key(&self) -> String;
}

impl Named for ResourceType {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Named for Resource {
    fn key(&self) -> String {
        self.id.as_ref().map_or_else(String::new, |id| resource_key(&id.resource_type, &id.resource))
    }
}

impl Named for Entitlement {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Named for Grant {
    fn key(&self) -> String {
        self.id.clone()
    }
}
