//! What the engine asks of the `.c1z` file. Blocking; it lives on the thread of [`super::store`].

use c1z::{Ingest, ResourceTypes, Resources, Selection, SyncId, SyncRun, SyncType, Table, View, resource_key};
use proto::c1::connector::v2::{Grant, Resource, ResourceId};
use tokio_util::sync::CancellationToken;

use super::expand::expand;
use super::options::{Cycles, Depth, SyncOptions};
use super::store::{Begun, Page, PlannedResource};
use super::{Restart, Scope, invariants};
use crate::error::Result;
use crate::runtime::Runtime;

/// Resources per page of planning. Source: sync.md §4.
const PLANNED: usize = 10_000;
/// Resources in memory at a time.
const DECODED: u32 = 1_000;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Database {
    store: c1z::Store,
    /// The sync that this run has started.
    started: Option<SyncId>,
    retention: c1z::Retention,
}

impl Database {
    /// Opens the file, or starts a new one.
    pub(super) fn open(options: &SyncOptions, runtime: &Runtime) -> Result<Self> {
        let store = c1z::Store::open(
            &options.file,
            c1z::Options {
                limits: options.limits,
                temp_dir: options.temp_dir.clone(),
                clock: runtime.clock.clone(),
                rng: runtime.rng.clone(),
            },
        )?;
        Ok(Self { store, started: None, retention: options.retention })
    }

    /// Starts a new sync or takes up an unfinished one. Source: sync.md §2, step 5.
    pub(super) fn begin(&mut self, depth: Depth, scope: Scope, restart: Restart) -> Result<Begun> {
        let kind = match (scope, depth) {
            (Scope::Targets, _) => SyncType::Partial,
            (Scope::Everything, Depth::SkipEntitlementsAndGrants) => SyncType::ResourcesOnly,
            (Scope::Everything, _) => SyncType::Full,
        };
        if scope == Scope::Targets {
            let runs = self.store.syncs()?;
            let parent = Selection::new(&runs).latest_finished(Some(&SyncType::Full));
            let parent = parent.map(|run| run.id.clone());
            return self.start(kind, parent.as_ref());
        }
        if depth == Depth::Nothing {
            return self.start(kind, None);
        }
        match self.store.resume(&kind)? {
            Some(run) if restart == Restart::Anew => {
                self.store.delete_sync(&run.id)?;
                self.start(kind, None)
            }
            Some(run) => self.resumed(run),
            None => match self.store.left_unsaved()?.into_iter().rev().find(|run| run.kind == kind) {
                Some(run) => self.resumed(run),
                None => self.start(kind, None),
            },
        }
    }

    fn start(&mut self, kind: SyncType, parent: Option<&SyncId>) -> Result<Begun> {
        let sync_type = kind.to_string();
        let id = self.store.start_sync(kind, parent)?;
        self.started = Some(id.clone());
        Ok(Begun {
            sync_id: id.to_string(),
            sync_type,
            resumed: false,
            ended: false,
            token: String::new(),
            resource_types: Vec::new(),
        })
    }

    fn resumed(&mut self, run: SyncRun) -> Result<Begun> {
        let ended = run.ended_at.is_some();
        let resource_types = if ended {
            Vec::new()
        } else {
            let stored = self.store.view(&[Table::ResourceTypes])?.page(ResourceTypes::All, 0, u32::MAX)?;
            stored.into_iter().map(|stored| stored.message).collect()
        };
        tracing::info!(sync_id = %run.id, sync_type = %run.kind, "resumed previous sync");
        Ok(Begun {
            sync_id: run.id.to_string(),
            sync_type: run.kind.to_string(),
            resumed: true,
            ended,
            token: run.token,
            resource_types,
        })
    }

    /// Writes rows; they last from the next checkpoint on.
    #[expect(clippy::needless_pass_by_value, reason = "the page ends here")]
    pub(super) fn put(&mut self, page: Page) -> Result<()> {
        if !page.resource_types.is_empty() {
            self.store.put(&page.resource_types)?;
        }
        if !page.resources.is_empty() {
            self.store.put(&page.resources)?;
        }
        if !page.entitlements.is_empty() {
            self.store.put(&page.entitlements)?;
        }
        if !page.grants.is_empty() {
            self.store.put(&page.grants)?;
        }
        Ok(())
    }

    /// Follows the expandable grants.
    pub(super) fn expand_grants(&mut self, cycles: Cycles, max_depth: usize, cancel: &CancellationToken) -> Result<()> {
        expand(&mut self.store, cycles, max_depth, cancel)
    }

    /// Removes grants by their ids.
    pub(super) fn delete_grants<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) -> Result<()> {
        Ok(self.store.delete::<Grant>(ids)?)
    }

    /// Makes the rows last, together with the state behind them.
    pub(super) fn checkpoint(&mut self, token: &str) -> Result<()> {
        Ok(self.store.checkpoint(token)?)
    }

    /// Notes that the expansion column of the grants is complete.
    pub(super) fn mark_supports_diff(&mut self) -> Result<()> {
        Ok(self.store.set_supports_diff()?)
    }

    /// The rows of these tables. Once all rows of a phase are written: the first look builds indexes.
    pub(super) fn view(&mut self, tables: &[Table]) -> Result<View<'_>> {
        Ok(self.store.view(tables)?)
    }

    /// The stored resource with this id.
    pub(super) fn resource(&mut self, id: &ResourceId) -> Result<Option<Resource>> {
        let key = resource_key(&id.resource_type, &id.resource);
        Ok(self.view(&[Table::Resources])?.get(&key)?)
    }

    /// The next resources of these types behind the row `cursor` (`""`: the first), and the cursor behind them.
    pub(super) fn plan_resources(
        &mut self,
        types: &[String],
        cursor: &str,
    ) -> Result<(Vec<PlannedResource>, Option<String>)> {
        if types.is_empty() {
            return Ok((Vec::new(), None));
        }
        // The cursor is the next row, so that other writers of the format can go on from it.
        let after = match cursor {
            "" => 0,
            text => text.parse::<i64>().map_or(0, |next| next - 1),
        };
        let view = self.view(&[Table::Resources])?;
        let mut planned = Vec::new();
        for resource_type in types {
            let first = planned.len();
            let mut row = after;
            while planned.len() - first < PLANNED {
                let page = view.page(Resources::OfType(resource_type), row, DECODED)?;
                let Some(last) = page.last() else { break };
                row = last.row;
                planned.extend(page.into_iter().filter_map(|one| Some((one.row, PlannedResource::new(one.message)?))));
            }
        }
        planned.sort_by_key(|(row, _)| *row);
        planned.truncate(PLANNED);
        let full = planned.len() == PLANNED;
        let next = planned.last().filter(|_| full).map(|(row, _)| (row + 1).to_string());
        Ok((planned.into_iter().map(|(_, resource)| resource).collect(), next))
    }

    /// The next resources of a type behind a row, and the last of their rows while there may be more.
    pub(super) fn resources_of_type(
        &mut self,
        resource_type: &str,
        after: i64,
    ) -> Result<(Vec<Resource>, Option<i64>)> {
        let view = self.view(&[Table::Resources])?;
        let page = view.page(Resources::OfType(resource_type), after, DECODED)?;
        let full = page.len() == DECODED as usize;
        let next = page.last().filter(|_| full).map(|stored| stored.row);
        Ok((page.into_iter().map(|stored| stored.message).collect(), next))
    }

    /// Removes old syncs, ends the present one, and notes that it was checked. Source: sync.md §2, steps 10 and 11.
    pub(super) fn end(&mut self) -> Result<()> {
        let id = self.store.current().cloned().ok_or(c1z::Error::NoSync)?;
        self.store.cleanup(self.retention)?;
        self.store.end_sync()?;
        let ingest = Ingest {
            generation: invariants::GENERATION.to_owned(),
            coverage: invariants::COVERAGE.to_owned(),
            mode: "connector".to_owned(),
        };
        if let Err(error) = self.store.set_ingest(&id, &ingest) {
            tracing::warn!(error = %error, "the proof of the ingest checks was not stored");
        }
        Ok(())
    }

    /// Replaces the file by what is stored.
    pub(super) fn save(self) -> Result<()> {
        self.store.save()?;
        Ok(())
    }

    /// Leaves the file as it was; what a killed run had left stays for the next one.
    pub(super) fn discard(mut self) -> Result<()> {
        if !self.store.adopted() {
            return Ok(self.store.discard()?);
        }
        match self.started {
            Some(id) => Ok(self.store.delete_sync(&id)?),
            None => Ok(()),
        }
    }
}
