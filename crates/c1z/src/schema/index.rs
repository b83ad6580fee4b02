//! Building indexes late: a sorted build costs a fraction of keeping eight indexes up to date row by row.
//!
//! During a bulk sync a table has no index but those already there. The first look into it, or the end of the sync,
//! builds the missing ones. What is missing is read from the schema, never remembered, so a killed run needs no care.

use rusqlite::{Connection, ErrorCode};

use super::reserve::{self, Pages};
use super::{Definition, definition};
use crate::{Result, Table};

/// The tables that a bulk sync fills without indexes. Resource types are few, and often looked up.
const BULK: [Table; 3] = [Table::Resources, Table::Entitlements, Table::Grants];

/// Drops the indexes of the tables that a bulk sync fills, and keeps room for their names.
pub(crate) fn drop_for_bulk(conn: &Connection) -> rusqlite::Result<()> {
    let indexes = || BULK.iter().filter_map(|table| definition(*table)).flat_map(|definition| definition.indexes);
    for index in indexes() {
        conn.execute_batch(&format!("DROP INDEX IF EXISTS {}", index.name))?;
    }
    for (number, index) in indexes().enumerate() {
        let pages = if index.is_partial() { Pages::Root } else { Pages::RootAndName };
        reserve::make(conn, number, pages)?;
    }
    Ok(())
}

/// Tells whether `table` has all its indexes.
pub(crate) fn has_all(conn: &Connection, table: Table) -> rusqlite::Result<bool> {
    definition(table).map_or(Ok(true), |definition| is_indexed(conn, definition))
}

pub(super) fn is_indexed(conn: &Connection, definition: &Definition) -> rusqlite::Result<bool> {
    let mut find = conn.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")?;
    for index in definition.indexes {
        if !find.exists([index.name])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Builds the indexes that `table` lacks, and unites rows of one id on the way.
pub(crate) fn build(conn: &Connection, table: Table) -> Result<()> {
    definition(table).map_or(Ok(()), |definition| build_all(conn, definition))
}

pub(super) fn build_all(conn: &Connection, definition: &Definition) -> Result<()> {
    // The unique index comes first: it may have to remove rows, and the fewer indexes there are the cheaper that is.
    let (unique, others): (Vec<_>, Vec<_>) = definition.indexes.iter().partition(|index| index.unique);
    for index in unique {
        reserve::release_one(conn)?;
        let sql = index.create_sql(definition.name);
        match conn.execute_batch(&sql) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                unite(conn, definition)?;
                conn.execute_batch(&sql)?;
            }
            other => other?,
        }
    }
    for index in others {
        reserve::release_one(conn)?;
        conn.execute_batch(&index.create_sql(definition.name))?;
    }
    Ok(())
}

/// Unites the rows that have one id in one sync, as an upsert of each after the other would have: the first row stays,
/// with the data of the last.
fn unite(conn: &Connection, definition: &Definition) -> rusqlite::Result<()> {
    let table = definition.name;
    let (key, owner) = if definition.columns.iter().any(|column| column.starts_with("external_id ")) {
        ("external_id", "sync_id")
    } else if definition.columns.iter().any(|column| column.starts_with("key ")) {
        ("key", "sync_id")
    } else {
        // Two syncs of one id: nothing says which is meant, so the first stays as it is.
        return conn.execute_batch(&format!(
            "DELETE FROM {table} WHERE id NOT IN (SELECT min(id) FROM {table} GROUP BY sync_id)"
        ));
    };
    let data = if key == "key" { "value" } else { "data" };
    // A grant that is expandable in the end needs expansion when that changed on the way.
    let expansion = if table == Table::Grants.name() {
        format!(
            ", expansion = last.expansion, needs_expansion = CASE \
             WHEN last.expansion IS NULL OR length(last.expansion) = 0 THEN 0 \
             WHEN EXISTS (SELECT 1 FROM {table} AS other WHERE other.{key} = {table}.{key} \
                          AND other.{owner} = {table}.{owner} AND other.expansion IS NOT last.expansion) THEN 1 \
             ELSE {table}.needs_expansion END"
        )
    } else {
        String::new()
    };
    conn.execute_batch(&format!(
        "CREATE INDEX podium_unite ON {table} ({key}, {owner});
         CREATE TEMP TABLE united AS
             SELECT min(id) AS first, max(id) AS last FROM {table} GROUP BY {key}, {owner} HAVING count(*) > 1;
         UPDATE {table} SET {data} = last.{data}{expansion}
             FROM united JOIN {table} AS last ON last.id = united.last WHERE {table}.id = united.first;
         DELETE FROM {table} WHERE id IN (
             SELECT again.id FROM united JOIN {table} AS first ON first.id = united.first
             JOIN {table} AS again ON again.{key} = first.{key} AND again.{owner} = first.{owner}
             WHERE again.id > first.id);
         DROP TABLE united;
         DROP INDEX podium_unite;"
    ))
}
