//! One sync of a file as a file of its own.

use camino::Utf8Path;
use rusqlite::Connection;

use crate::reader::{configure, folder_path, immutable_uri, temporary_folder};
use crate::{Error, Result, SyncId, envelope, schema};

/// Writes the sync `id` of the database at `source` to a new file at `out`.
pub(crate) fn export(source: &Utf8Path, id: &SyncId, out: &Utf8Path) -> Result<()> {
    if out.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: out.into() });
    }
    let folder = temporary_folder(source.parent())?;
    let database = folder_path(&folder)?.join("db");
    copy(source, id, &database).map_err(|error| Error::database(&database, error))?;
    let indexed = Connection::open(&database).map_err(Error::from).and_then(|conn| {
        scratch(&conn)?;
        schema::complete(&conn)
    });
    match indexed {
        Err(Error::Database(source)) => return Err(Error::database(&database, source)),
        other => other?,
    }
    envelope::encode(&database, out)?;
    Ok(())
}

fn copy(source: &Utf8Path, id: &SyncId, database: &Utf8Path) -> rusqlite::Result<()> {
    let conn = Connection::open(database)?;
    scratch(&conn)?;
    conn.execute("ATTACH ?1 AS source", [immutable_uri(source)])?;
    conn.execute_batch("BEGIN")?;
    for definition in &schema::DEFINITIONS {
        conn.execute_batch(&definition.create_sql())?;
        if definition.name == "v1_connector_sessions" {
            continue;
        }
        let columns: Vec<&str> =
            definition.columns.iter().skip(1).filter_map(|column| column.split(' ').next()).collect();
        let columns = columns.join(", ");
        let name = definition.name;
        conn.execute(
            &format!(
                "INSERT INTO main.{name} ({columns}) SELECT {columns} FROM source.{name} NOT INDEXED \
                 WHERE sync_id = ?1 ORDER BY id"
            ),
            [id.as_str()],
        )?;
    }
    conn.execute_batch("COMMIT; DETACH source")
}

/// Sets what a database needs that nobody will look for after a crash.
pub(crate) fn scratch(conn: &Connection) -> rusqlite::Result<()> {
    configure(conn)?;
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;")
}
