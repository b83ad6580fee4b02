//! The rows of one sync.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::marker::PhantomData;

use proto::c1::connector::v2::Grant;
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};

use crate::filter::sealed::Choice;
use crate::record::{attach_expansion, decode};
use crate::{Columns, Filter, Record, Result, SyncId, Table};

/// The rows of one sync, listed in the order in which they were first written.
///
/// Memory does not grow with the number of rows.
#[derive(Debug, Clone)]
pub struct View<'c> {
    conn: &'c Connection,
    sync: SyncId,
}

/// A message with the number of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<R> {
    /// The number of the row; grows along a listing.
    pub row: i64,
    /// The message.
    pub message: R,
}

/// A row as it is read; what is not asked for is not decoded.
#[derive(Debug)]
pub struct Row<'r, R> {
    row: &'r rusqlite::Row<'r>,
    record: PhantomData<R>,
}

impl<'c> View<'c> {
    pub(crate) fn new(conn: &'c Connection, sync: SyncId) -> Self {
        Self { conn, sync }
    }

    /// Returns the id of the sync.
    #[must_use]
    pub fn sync(&self) -> &SyncId {
        &self.sync
    }

    /// Calls `visit` with every row that `filter` chooses.
    ///
    /// `visit` may use this view. It must not write to the sync.
    ///
    /// # Errors
    /// The first error of `visit`, which ends the listing, or what SQLite says.
    pub fn each<F: Filter, E: From<crate::Error>>(
        &self,
        filter: F,
        mut visit: impl FnMut(Row<'_, F::Record>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rows(&filter.choice(), F::Record::TABLE, 0, -1, |row| visit(Row::new(row)))
    }

    /// Returns up to `limit` decoded messages that `filter` chooses and whose rows come after the row `after`, which is 0
    /// for the first page.
    ///
    /// # Errors
    /// [`crate::Error::Message`] when a message does not decode, or what SQLite says.
    pub fn page<F: Filter>(&self, filter: F, after: i64, limit: u32) -> Result<Vec<Stored<F::Record>>> {
        let mut page = Vec::new();
        self.rows(&filter.choice(), F::Record::TABLE, after, i64::from(limit), |row| {
            let row = Row::<F::Record>::new(row);
            page.push(Stored { row: row.id()?, message: row.decode()? });
            Ok::<_, crate::Error>(())
        })?;
        Ok(page)
    }

    /// Returns how many rows `filter` chooses.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count<F: Filter>(&self, filter: F) -> Result<u64> {
        let choice = filter.choice();
        let sql = format!("SELECT count(*) FROM {}{}", F::Record::TABLE.name(), conditions(&choice, 1));
        let mut count = self.conn.prepare_cached(&sql)?;
        let count: i64 = count.query_row(params_from_iter(values_of(&choice, &self.sync)), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Returns the message whose id is `id`; the id of a resource is its [`crate::resource_key`].
    ///
    /// # Errors
    /// [`crate::Error::Message`] when the message does not decode, or what SQLite says.
    pub fn get<R: Record>(&self, id: &str) -> Result<Option<R>> {
        self.with(id, |row: Row<'_, R>| row.decode())
    }

    /// Returns what `read` makes of the row whose id is `id`.
    ///
    /// # Errors
    /// The error of `read`, or what SQLite says.
    pub fn with<R: Record, T>(&self, id: &str, read: impl FnOnce(Row<'_, R>) -> Result<T>) -> Result<Option<T>> {
        let sql = format!(
            "SELECT id, external_id, data, {} FROM {} WHERE external_id = ?1 AND sync_id = ?2",
            R::TABLE.columns(),
            R::TABLE.name()
        );
        self.conn
            .prepare_cached(&sql)?
            .query_row([id, self.sync.as_str()], |row| Ok(read(Row::new(row))))
            .optional()?
            .transpose()
    }

    /// Tells whether the sync has a message whose id is `id`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn contains<R: Record>(&self, id: &str) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE external_id = ?1 AND sync_id = ?2", R::TABLE.name());
        Ok(self.conn.prepare_cached(&sql)?.exists([id, self.sync.as_str()])?)
    }

    fn rows<E: From<crate::Error>>(
        &self,
        choice: &Choice<'_>,
        table: Table,
        after: i64,
        limit: i64,
        mut visit: impl FnMut(&rusqlite::Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = listing(choice, table);
        let mut values: Vec<&dyn ToSql> = vec![&after, &limit];
        let texts = values_of(choice, &self.sync);
        values.extend(texts.iter().map(|text| text as &dyn ToSql));
        let fail = |source: rusqlite::Error| E::from(source.into());
        let mut statement = self.conn.prepare_cached(&sql).map_err(fail)?;
        let mut rows = statement.query(values.as_slice()).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            visit(row)?;
        }
        Ok(())
    }
}

/// Returns the SQL of a listing: `?1` is the row it comes after, `?2` the most rows, then come the values of the choice.
fn listing(choice: &Choice<'_>, table: Table) -> String {
    let (columns, name) = (table.columns(), table.name());
    let conditions = conditions(choice, 3);
    format!("SELECT id, external_id, data, {columns} FROM {name}{conditions} AND id > ?1 ORDER BY id LIMIT ?2")
}

/// Returns the `WHERE` of a choice, whose [values](values_of) start at the place `first`.
fn conditions(choice: &Choice<'_>, first: usize) -> String {
    let mut sql = String::from(if choice.by_index { "" } else { " NOT INDEXED" });
    let _ = write!(sql, " WHERE sync_id = ?{first}");
    for (place, (column, _)) in (first + 1..).zip(&choice.equal) {
        let _ = write!(sql, " AND {column} = ?{place}");
    }
    if !choice.condition.is_empty() {
        let _ = write!(sql, " AND {}", choice.condition);
    }
    sql
}

fn values_of<'a>(choice: &Choice<'a>, sync: &'a SyncId) -> Vec<&'a str> {
    std::iter::once(sync.as_str()).chain(choice.equal.iter().map(|(_, value)| *value)).collect()
}

impl<'r, R: Record> Row<'r, R> {
    /// How many columns a row has.
    pub(crate) const COLUMNS: usize = 9;

    pub(crate) fn new(row: &'r rusqlite::Row<'r>) -> Self {
        Self { row, record: PhantomData }
    }

    /// Returns the number of the row; it grows along a listing.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn id(&self) -> Result<i64> {
        Ok(self.row.get(0)?)
    }

    /// Returns the id of the message; the [`crate::resource_key`] of a resource.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn external_id(&self) -> Result<&str> {
        self.text(1)
    }

    /// Returns the message as it is stored, which may be [slim](Self::bytes).
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stored(&self) -> Result<&[u8]> {
        self.blob(2)
    }

    /// Returns the encoded message, whole: some writers leave out of a grant what its columns say too.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        let stored = self.stored()?;
        Ok(match R::missing(stored, &self.columns()?) {
            None => Cow::Borrowed(stored),
            Some(rest) => Cow::Owned([stored, &rest].concat()),
        })
    }

    /// Returns the message.
    ///
    /// # Errors
    /// [`crate::Error::Message`] when it does not decode, or what SQLite says.
    pub fn decode(&self) -> Result<R> {
        decode(self.external_id()?, &self.bytes()?)
    }

    /// Returns what the row says outside of the message.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn columns(&self) -> Result<Columns<'_>> {
        Ok(Columns {
            resource_type_id: self.text(3)?,
            resource_id: self.text(4)?,
            other_type_id: self.text(5)?,
            other_id: self.text(6)?,
            entitlement_id: self.text(7)?,
            expansion: match self.row.get_ref(8)? {
                rusqlite::types::ValueRef::Null => None,
                value => Some(value.as_bytes().map_err(rusqlite::Error::from)?),
            },
        })
    }

    fn text(&self, column: usize) -> Result<&str> {
        Ok(self.row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default())
    }

    fn blob(&self, column: usize) -> Result<&[u8]> {
        Ok(self.row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from)?)
    }
}

impl Row<'_, Grant> {
    /// Returns the grant with its `GrantExpandable` annotation put back as the last one.
    ///
    /// # Errors
    /// As [`Row::decode`].
    pub fn decode_with_expansion(&self) -> Result<Grant> {
        let mut grant = self.decode()?;
        if let Some(expansion) = self.columns()?.expansion {
            attach_expansion(&mut grant, expansion);
        }
        Ok(grant)
    }
}

#[cfg(test)]
mod tests;
