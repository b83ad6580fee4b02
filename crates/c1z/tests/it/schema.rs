//! The database of a saved file has the schema of the other implementation.

use camino::Utf8Path;
use rusqlite::Connection;

use crate::support::{Folder, fill_sync, fixture, open, write_sync};

/// Decodes a file with nothing of this crate, and opens the database.
pub(crate) fn database(path: &Utf8Path, folder: &Folder) -> Connection {
    let bytes = std::fs::read(path).unwrap();
    let database = folder.join("decoded.db");
    std::fs::write(&database, zstd::decode_all(&bytes[5..]).unwrap()).unwrap();
    Connection::open(database).unwrap()
}

/// Returns what a database holds, in order, without the freedoms of the notation: comments, case and white space.
fn schema(conn: &Connection) -> Vec<String> {
    conn.prepare("SELECT type || ' ' || name || ': ' || sql FROM sqlite_schema ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|sql| {
            let sql = sql.unwrap().to_lowercase();
            let lines: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap()).collect();
            let words = lines.join(" ").replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn pragma(conn: &Connection, name: &str) -> i64 {
    conn.pragma_query_value(None, name, |row| row.get(0)).unwrap()
}

#[test]
fn a_saved_file_has_the_schema_of_the_other_implementation() {
    let (ours, theirs) = (Folder::new(), Folder::new());
    let path = ours.join("sync.c1z");
    write_sync(&path, 25);
    let ours = database(&path, &ours);
    let theirs = database(&fixture("users25-sqlite.c1z"), &theirs);
    assert_eq!(schema(&ours), schema(&theirs));
    assert_eq!(schema(&ours).len(), 7 + 16);
    for name in ["user_version", "application_id", "page_size", "auto_vacuum", "freelist_count"] {
        assert_eq!(pragma(&ours, name), pragma(&theirs, name), "{name}");
    }
    let healthy: String = ours.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(healthy, "ok");
}

#[test]
fn an_unfinished_sync_is_saved_with_all_indexes() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    fill_sync(&mut store, 3);
    store.checkpoint("half").unwrap();
    store.save().unwrap();
    let theirs = Folder::new();
    let expect = schema(&database(&fixture("users25-sqlite.c1z"), &theirs));
    assert_eq!(schema(&database(&path, &folder)), expect);
}
