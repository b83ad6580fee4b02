//! Brings a database of an older or another writer up to the schema: what is missing is added, nothing is taken away.

use camino::Utf8Path;
use prost::Message;
use proto::c1::connector::v2::Grant;
use rusqlite::Connection;

use super::index::{build_all, is_indexed};
use super::{DEFINITIONS, Definition};
use crate::record::split_expansion;
use crate::{Error, Result};

/// Refuses a database that is not that of a `.c1z`.
///
/// An empty one is accepted, and so is one that lacks some tables, or columns that were added over time.
///
/// # Errors
/// [`Error::ForeignDatabase`] when there are tables, and none of ours or one without its columns;
/// [`Error::DamagedDatabase`] when it cannot be read.
pub(crate) fn verify(conn: &Connection, path: &Utf8Path) -> Result<()> {
    let foreign = |reason| Err(Error::ForeignDatabase { path: path.into(), reason });
    let fail = |source| Error::database(path, source);
    let mut tables = Vec::new();
    for definition in &DEFINITIONS {
        let columns = column_names(conn, definition).map_err(fail)?;
        if !columns.is_empty() {
            tables.push((definition, columns));
        }
    }
    let mut objects = conn.prepare("SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view')").map_err(fail)?;
    if tables.is_empty() && objects.exists([]).map_err(fail)? {
        return foreign("it has none of the v1_ tables".to_owned());
    }
    for (definition, columns) in tables {
        let lacking = definition
            .columns
            .iter()
            .filter_map(|column| column.split(' ').next())
            .find(|name| !definition.added.contains(name) && !columns.iter().any(|column| column == name));
        if let Some(name) = lacking {
            return foreign(format!("the table {} has no column {name}", definition.name));
        }
    }
    Ok(())
}

/// Tells whether the database has everything, so that [`complete`] would change nothing.
pub(crate) fn is_complete(conn: &Connection) -> Result<bool> {
    for definition in &DEFINITIONS {
        if column_names(conn, definition)?.len() < definition.columns.len() || !is_indexed(conn, definition)? {
            return Ok(false);
        }
    }
    Ok(is_backfilled(conn)?)
}

/// Adds the tables, columns and indexes that are missing, and moves the expansion of grants to its column.
pub(crate) fn complete(conn: &Connection) -> Result<()> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    for definition in &DEFINITIONS {
        conn.execute_batch(&definition.create_sql())?;
        let present = column_names(conn, definition)?;
        for column in definition.columns {
            let name = column.split(' ').next().unwrap_or_default();
            if !present.iter().any(|present| present == name) {
                conn.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {column}", definition.name))?;
            }
        }
        build_all(conn, definition)?;
    }
    if !is_backfilled(conn)? {
        backfill_expansion(conn)?;
    }
    conn.execute_batch("COMMIT")?;
    Ok(())
}

/// Tells whether the expansion of all grants stands in its column.
fn is_backfilled(conn: &Connection) -> rusqlite::Result<bool> {
    Ok(!conn.prepare("SELECT 1 FROM v1_sync_runs WHERE grants_backfilled = 0")?.exists([])?)
}

fn column_names(conn: &Connection, definition: &Definition) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached("SELECT name FROM pragma_table_info(?1)")?
        .query_map([definition.name], |row| row.get(0))?
        .collect()
}

/// Moves the expansion of the grants of older syncs out of the messages.
fn backfill_expansion(conn: &Connection) -> Result<()> {
    let mut next = conn.prepare(
        "SELECT id, data FROM v1_grants WHERE id > ?1 AND expansion IS NULL \
         AND sync_id IN (SELECT sync_id FROM v1_sync_runs WHERE grants_backfilled = 0) ORDER BY id LIMIT 1000",
    )?;
    let mut update =
        conn.prepare("UPDATE v1_grants SET data = ?2, expansion = ?3, needs_expansion = 1 WHERE id = ?1")?;
    let mut after = 0_i64;
    loop {
        let page: Vec<(i64, Vec<u8>)> =
            next.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (id, data) in page {
            // A grant that does not decode stays as it is; whoever lists it gets the error, with its id.
            let Ok(grant) = Grant::decode(data.as_slice()) else { continue };
            if let (stored, Some(expansion)) = split_expansion(&grant) {
                update.execute((id, stored.encode_to_vec(), expansion))?;
            }
        }
    }
    conn.execute_batch("UPDATE v1_sync_runs SET grants_backfilled = 1 WHERE grants_backfilled = 0")?;
    Ok(())
}
