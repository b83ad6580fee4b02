//! Room for the names of indexes at the beginning of the database.
//!
//! SQLite keeps the names and statements of all tables and indexes in a tree of its own. An index that is built after
//! the rows are in would put a page of that tree behind them, and then nobody could list the syncs of a file without
//! decoding all of it ([`crate::read_syncs`]). So a bulk sync makes one small table for each index to come, while the
//! database is still small, and gives its pages free right before that index is built.
//!
//! Losing this room costs time later and nothing else.

use rusqlite::{Connection, OptionalExtension as _};

/// What a table keeps room for.
#[derive(Clone, Copy)]
pub(super) enum Pages {
    /// An index without rows: more room would be left over, and the file packed because of it.
    Root,
    /// An index whose rows take up whatever is left over.
    RootAndName,
}

/// Makes one table of so many pages.
///
/// An index needs one page for its root, which SQLite refuses to see behind the end of a database, and perhaps one for
/// its name.
pub(super) fn make(conn: &Connection, number: usize, pages: Pages) -> rusqlite::Result<()> {
    conn.execute_batch(&format!("CREATE TABLE IF NOT EXISTS podium_reserve_{number} (room blob)"))?;
    match pages {
        Pages::Root => Ok(()),
        Pages::RootAndName => {
            conn.execute_batch(&format!("INSERT INTO podium_reserve_{number} VALUES (zeroblob(4096))"))
        }
    }
}

/// Drops the first of the tables, if there is one; tells whether there was.
pub(super) fn release_one(conn: &Connection) -> rusqlite::Result<bool> {
    let name: Option<String> = conn
        .query_row(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'podium_reserve_*' ORDER BY rowid LIMIT 1",
            (),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(name) = &name {
        conn.execute_batch(&format!("DROP TABLE {name}"))?;
    }
    Ok(name.is_some())
}

/// Drops what is left of the tables.
pub(crate) fn release_all(conn: &Connection) -> rusqlite::Result<()> {
    while release_one(conn)? {}
    Ok(())
}
