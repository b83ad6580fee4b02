//! Starting, resuming, ending and removing syncs.

use super::Store;
use crate::{
    Error, Ingest, Result, Retention, Selection, Stats, SyncId, SyncRun, SyncType, Table, schema, sync_run, time,
};

impl Store {
    /// Starts a sync, to which rows go from now on, and returns its id.
    ///
    /// # Errors
    /// [`Error::UnexpectedParent`] when a full or resources-only sync is given a parent, [`Error::DiskFull`], or what SQLite
    /// says.
    pub fn start_sync(&mut self, kind: SyncType, parent: Option<&SyncId>) -> Result<SyncId> {
        let bulk = matches!(kind, SyncType::Full | SyncType::ResourcesOnly);
        if bulk && parent.is_some() {
            return Err(Error::UnexpectedParent { kind });
        }
        let now = self.clock.now();
        let id = SyncId::generate(now, &*self.rng);
        self.guarded(|store| {
            if bulk {
                schema::drop_for_bulk(&store.conn)?;
            }
            store.conn.execute(
                "INSERT INTO v1_sync_runs (sync_id, started_at, sync_token, sync_type, parent_sync_id, grants_backfilled) \
                 VALUES (?1, ?2, '', ?3, ?4, 1)",
                (id.as_str(), time::format(now), kind.as_str(), parent.map_or("", SyncId::as_str)),
            )?;
            Ok(())
        })?;
        self.indexed.clear();
        self.commit()?;
        self.open = Some((id.clone(), kind));
        Ok(id)
    }

    /// Resumes the unfinished sync of type `kind` that started last, if it started within the last seven days, and returns
    /// it with its last checkpoint.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn resume(&mut self, kind: &SyncType) -> Result<Option<SyncRun>> {
        let runs = self.syncs()?;
        let run = Selection::new(&runs).latest_unfinished(Some(kind), self.clock.now()).cloned();
        if let Some(run) = &run {
            self.open = Some((run.id.clone(), run.kind.clone()));
        }
        Ok(run)
    }

    /// Resumes the sync `id`, whatever its age.
    ///
    /// # Errors
    /// [`Error::NoSuchSync`] when the file has none of that id, [`Error::Finished`] when it has ended.
    pub fn resume_sync(&mut self, id: &SyncId) -> Result<SyncRun> {
        let run = sync_run::find(&self.conn, id)?.ok_or_else(|| Error::NoSuchSync { sync: id.clone() })?;
        if run.ended_at.is_some() {
            return Err(Error::Finished { sync: id.clone() });
        }
        self.open = Some((run.id.clone(), run.kind.clone()));
        Ok(run)
    }

    /// Returns the finished syncs that an earlier run left behind without having saved them.
    ///
    /// When there are some and nothing is to be resumed, all that the earlier run had left to do was [`Store::save`].
    ///
    /// # Errors
    /// What SQLite says.
    pub fn left_unsaved(&self) -> Result<Vec<SyncRun>> {
        let runs = self.syncs()?;
        Ok(runs.into_iter().filter(|run| run.ended_at.is_some() && !self.saved_syncs.contains(&run.id)).collect())
    }

    /// Commits the rows written so far together with `token`, which says how far they reach.
    ///
    /// # Errors
    /// [`Error::NoSync`], [`Error::Failed`] when an earlier write failed, [`Error::DiskFull`], or what SQLite says.
    pub fn checkpoint(&mut self, token: &str) -> Result<()> {
        self.write(|store, sync| {
            store
                .conn
                .prepare_cached("UPDATE v1_sync_runs SET sync_token = ?2 WHERE sync_id = ?1")?
                .execute([sync, token])?;
            Ok(())
        })?;
        self.commit()
    }

    /// Notes that the expansion columns of the open sync can be relied upon when files are compared.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn set_supports_diff(&mut self) -> Result<()> {
        self.write(|store, sync| {
            store.conn.execute("UPDATE v1_sync_runs SET supports_diff = 1 WHERE sync_id = ?1", [sync])?;
            Ok(())
        })
    }

    /// Ends the open sync: builds the indexes, counts the rows, sets the time of its end, and commits.
    ///
    /// # Errors
    /// As [`Store::checkpoint`].
    pub fn end_sync(&mut self) -> Result<Stats> {
        for table in Table::ALL {
            self.ensure_indexes(table)?;
        }
        let now = time::format(self.clock.now());
        let (id, kind) = self.open.clone().ok_or(Error::NoSync)?;
        let stats = self.guarded(|store| {
            let stats = Stats::count(&store.conn, &id, &kind)?;
            store.set_stats(&id, &stats)?;
            store.conn.execute("UPDATE v1_sync_runs SET ended_at = ?2 WHERE sync_id = ?1", [id.as_str(), &now])?;
            Ok(stats)
        })?;
        self.commit()?;
        self.open = None;
        Ok(stats)
    }

    /// Notes on the finished sync `id` that its content was checked.
    ///
    /// # Errors
    /// [`Error::Unfinished`] when the sync has not ended, [`Error::NoSuchSync`], or what SQLite says.
    pub fn set_ingest(&mut self, id: &SyncId, ingest: &Ingest) -> Result<()> {
        let run = sync_run::find(&self.conn, id)?.ok_or_else(|| Error::NoSuchSync { sync: id.clone() })?;
        if run.ended_at.is_none() {
            return Err(Error::Unfinished { sync: id.clone() });
        }
        self.guarded(|store| {
            store.conn.execute(
                "UPDATE v1_sync_runs SET ingest_invariant_generation = ?2, ingest_invariant_coverage = ?3, \
                 ingest_invariant_mode = ?4 WHERE sync_id = ?1",
                [id.as_str(), &ingest.generation, &ingest.coverage, &ingest.mode],
            )?;
            Ok(())
        })?;
        self.commit_unless_open()
    }

    /// Counts the rows of the finished sync `id` again and stores the counts.
    ///
    /// # Errors
    /// As [`Store::set_ingest`].
    pub fn recalculate_stats(&mut self, id: &SyncId) -> Result<Stats> {
        let run = sync_run::find(&self.conn, id)?.ok_or_else(|| Error::NoSuchSync { sync: id.clone() })?;
        if run.ended_at.is_none() {
            return Err(Error::Unfinished { sync: id.clone() });
        }
        for table in Table::ALL {
            self.ensure_indexes(table)?;
        }
        let stats = self.guarded(|store| {
            let stats = Stats::count(&store.conn, &run.id, &run.kind)?;
            store.set_stats(&run.id, &stats)?;
            Ok(stats)
        })?;
        self.commit_unless_open()?;
        Ok(stats)
    }

    /// Removes the syncs that `retention` does not keep, and returns them. The open sync counts as one of those kept.
    ///
    /// Call it before [`Store::end_sync`]: without indexes, removing rows is cheap.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn cleanup(&mut self, retention: Retention) -> Result<Vec<SyncId>> {
        let gone = retention.overflow(&self.syncs()?, self.current());
        for id in &gone {
            self.delete_sync(id)?;
        }
        Ok(gone)
    }

    /// Removes the sync `id` with all its rows. The space is given back by [`Store::save`].
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn delete_sync(&mut self, id: &SyncId) -> Result<()> {
        self.guarded(|store| {
            for definition in schema::DEFINITIONS.iter().rev().filter(|table| table.name != SYNCS) {
                store.conn.execute(&format!("DELETE FROM {} WHERE sync_id = ?1", definition.name), [id.as_str()])?;
            }
            store.conn.execute(&format!("DELETE FROM {SYNCS} WHERE sync_id = ?1"), [id.as_str()])?;
            Ok(())
        })?;
        if self.current() == Some(id) {
            self.open = None;
        }
        self.commit_unless_open()
    }

    fn set_stats(&self, id: &SyncId, stats: &Stats) -> Result<()> {
        let json =
            serde_json::to_string(stats).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.conn.execute("UPDATE v1_sync_runs SET stats = ?2 WHERE sync_id = ?1", [id.as_str(), &json])?;
        Ok(())
    }

    /// Commits what belongs to no sync; with a sync open, its next checkpoint does.
    fn commit_unless_open(&mut self) -> Result<()> {
        if self.open.is_none() { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.guarded(|store| Ok(store.conn.execute_batch("COMMIT")?))
    }
}

const SYNCS: &str = "v1_sync_runs";
