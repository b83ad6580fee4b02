//! Writing the rows of the open sync.

use proto::c1::connector::v2::Grant;

use super::Store;
use crate::record::{Conflict, Scratch, insert_sql};
use crate::{Error, Record, Result, Table, time};

impl Store {
    /// Writes messages to the open sync. Where the sync has the id already, only the message changes (and, for grants, the
    /// expansion): the row keeps its place, its time and its other columns.
    ///
    /// Nothing is on disk for good before the next [`checkpoint`](Store::checkpoint). Larger batches are faster; all rows of
    /// one call get the same time.
    ///
    /// # Errors
    /// [`Error::NoSync`] when no sync is open, [`Error::DiskFull`], or what SQLite says. After an error everything since the
    /// last checkpoint is undone, and every further write is refused with [`Error::Failed`].
    pub fn put<'m, R: Record + 'm>(&mut self, messages: impl IntoIterator<Item = &'m R>) -> Result<()> {
        let conflict = if self.is_indexed(R::TABLE)? { Conflict::Replace } else { Conflict::Append };
        self.insert(messages, conflict)
    }

    /// Writes grants that come out of expansion: where the sync has the id already, the columns of expansion stay.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put_expanded<'m>(&mut self, grants: impl IntoIterator<Item = &'m Grant>) -> Result<()> {
        self.ensure_indexes(Table::Grants)?;
        self.insert(grants, Conflict::PreserveExpansion)
    }

    /// Removes the messages with these ids from the open sync; ids that it does not have are no error.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn delete<'m, R: Record>(&mut self, ids: impl IntoIterator<Item = &'m str>) -> Result<()> {
        self.ensure_indexes(R::TABLE)?;
        self.write(|store, sync| {
            let sql = format!("DELETE FROM {} WHERE external_id = ?1 AND sync_id = ?2", R::TABLE.name());
            let mut delete = store.conn.prepare_cached(&sql)?;
            for id in ids {
                delete.execute([id, sync])?;
            }
            Ok(())
        })
    }

    /// Writes an asset to the open sync. Empty content is not stored; an empty content type becomes `unknown`.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put_asset(&mut self, id: &str, content_type: &str, content: &[u8]) -> Result<()> {
        if content.is_empty() {
            return Ok(());
        }
        let content_type = if content_type.is_empty() { "unknown" } else { content_type };
        let now = time::format(self.clock.now());
        self.write(|store, sync| {
            store
                .conn
                .prepare_cached(
                    "INSERT INTO v1_assets (external_id, content_type, data, sync_id, discovered_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (external_id, sync_id) DO UPDATE SET data = excluded.data",
                )?
                .execute((id, content_type, content, sync, now))?;
            Ok(())
        })
    }

    fn insert<'m, R: Record + 'm>(
        &mut self,
        messages: impl IntoIterator<Item = &'m R>,
        conflict: Conflict,
    ) -> Result<()> {
        let now = time::format(self.clock.now());
        let mut scratch = std::mem::take(&mut self.scratch);
        let written = self.write(|store, sync| insert_all(store, sync, &now, messages, conflict, &mut scratch));
        self.scratch = scratch;
        written
    }

    /// Runs a write of the open sync within the transaction. After an error the store is at its last checkpoint for good.
    pub(super) fn write<T>(&mut self, write: impl FnOnce(&Self, &str) -> Result<T>) -> Result<T> {
        let sync = self.current().ok_or(Error::NoSync)?.clone();
        self.guarded(|store| write(store, sync.as_str()))
    }

    /// Runs a write within the transaction. After an error the store is at its last checkpoint for good.
    pub(super) fn guarded<T>(&mut self, write: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if self.failed {
            return Err(Error::Failed);
        }
        let written = self.begin().and_then(|()| write(self));
        written.map_err(|error| {
            self.failed = true;
            self.indexed.clear();
            // SQLite may have rolled back by itself; if it cannot, nothing is committed any more either.
            if !self.conn.is_autocommit() {
                let _ = self.conn.execute_batch("ROLLBACK");
            }
            match error {
                Error::Database(source) => Error::database(&self.work.database(), source),
                other => other,
            }
        })
    }

    /// Begins the transaction that the next checkpoint ends.
    fn begin(&self) -> Result<()> {
        if self.conn.is_autocommit() {
            self.conn.execute_batch("BEGIN IMMEDIATE")?;
        }
        Ok(())
    }
}

fn insert_all<'m, R: Record + 'm>(
    store: &Store,
    sync: &str,
    now: &str,
    messages: impl IntoIterator<Item = &'m R>,
    conflict: Conflict,
    scratch: &mut Scratch,
) -> Result<()> {
    let mut insert = store.conn.prepare_cached(&insert_sql::<R>(R::TABLE.name(), conflict))?;
    insert.raw_bind_parameter(1, sync)?;
    insert.raw_bind_parameter(2, now)?;
    for message in messages {
        message.bind(&mut insert, scratch)?;
        insert.raw_execute()?;
    }
    Ok(())
}
