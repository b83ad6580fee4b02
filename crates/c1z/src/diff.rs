//! What differs between two syncs of a file, found by the database.

use rusqlite::Connection;

use crate::record::decode;
use crate::{Error, Record, Result, Row, SyncId};

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the new sync has it.
    Created,
    /// Both have it, with different messages.
    Modified,
    /// Only the old sync has it.
    Deleted,
}

/// Visits every difference; see [`crate::Reader::diff`].
pub(crate) fn diff<R: Record, E: From<Error>>(
    conn: &Connection,
    old: &SyncId,
    new: &SyncId,
    mut visit: impl FnMut(Change, Row<'_, R>) -> Result<(), E>,
) -> Result<(), E> {
    let (table, columns) = (R::TABLE.name(), qualified(R::TABLE.columns()));
    let select = format!("SELECT this.id, this.external_id, this.data, {columns}");
    let join = format!(
        "FROM {table} AS this NOT INDEXED LEFT JOIN {table} AS that \
         ON that.external_id = this.external_id AND that.sync_id = ?2 WHERE this.sync_id = ?1"
    );
    let only_here = format!("{select}, NULL {join} AND that.id IS NULL ORDER BY this.id");
    let changed = format!("{select}, that.data {join} AND that.data <> this.data ORDER BY this.id");
    for (change, sql, this, that) in [
        (Change::Created, &only_here, new, old),
        (Change::Modified, &changed, new, old),
        (Change::Deleted, &only_here, old, new),
    ] {
        let fail = |source: rusqlite::Error| E::from(source.into());
        let mut statement = conn.prepare(sql).map_err(fail)?;
        let mut rows = statement.query([this.as_str(), that.as_str()]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            let changed = Row::<R>::new(row);
            if change != Change::Modified || differs(&changed, row)? {
                visit(change, changed)?;
            }
        }
    }
    Ok(())
}

/// Tells whether the messages differ, and not merely their encodings.
fn differs<R: Record>(new: &Row<'_, R>, row: &rusqlite::Row<'_>) -> Result<bool> {
    let old = row.get_ref(Row::<R>::COLUMNS)?.as_bytes().map_err(rusqlite::Error::from)?;
    let mut old = old.to_vec();
    // Rows of one id have the same identity columns, so what this row lacks the other lacks too.
    if let Some(rest) = R::missing(&old, &new.columns()?) {
        old.extend(rest);
    }
    Ok(new.decode()? != decode::<R>(new.external_id()?, &old)?)
}

/// Puts the name of the table before each column.
fn qualified(columns: &str) -> String {
    let qualify = |column: &str| match column {
        "''" | "NULL" => column.to_owned(),
        column => format!("this.{column}"),
    };
    columns.split(", ").map(qualify).collect::<Vec<_>>().join(", ")
}
