use camino::Utf8PathBuf;
use rusqlite::Connection;

use super::*;
use crate::envelope::encode;

struct File {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
}

/// Writes a file with one sync, 2 MiB of assets, and then `token` as the token of the sync.
fn file(token: &str, pragma: &str) -> File {
    let folder = temporary_folder(None).unwrap();
    let database = folder_path(&folder).unwrap().join("db");
    let conn = Connection::open(&database).unwrap();
    conn.execute_batch(pragma).unwrap();
    schema::complete(&conn).unwrap();
    conn.execute_batch(
        "INSERT INTO v1_sync_runs (sync_id, started_at, sync_token, grants_backfilled) \
         VALUES ('one', '2026-11-23 02:28:22', '', 1);
         INSERT INTO v1_assets (external_id, content_type, data, sync_id, discovered_at) \
         SELECT value, 'image/png', randomblob(20000), 'one', '2026-11-23 02:28:22' FROM \
         (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100) SELECT value FROM n)",
    )
    .unwrap();
    conn.execute("UPDATE v1_sync_runs SET sync_token = ?1", [token]).unwrap();
    drop(conn);
    let path = folder_path(&folder).unwrap().join("sync.c1z");
    encode(&database, &path).unwrap();
    File { path, _folder: folder }
}

fn from_prefix(path: &Utf8Path) -> Option<Vec<SyncRun>> {
    let prefix = prefix(path, PREFIX_BYTES, &Limits::default()).unwrap();
    assert_eq!(prefix.bytes.len(), PREFIX_BYTES);
    syncs_in(path, prefix).ok().flatten()
}

#[test]
fn the_beginning_is_enough_for_a_large_file() {
    for pragma in ["", "PRAGMA page_size = 512", "PRAGMA page_size = 16384", "PRAGMA journal_mode = WAL"] {
        let file = file("{}", pragma);
        let runs = from_prefix(&file.path).expect(pragma);
        assert_eq!(runs, Reader::open(&file.path, &Limits::default()).unwrap().syncs().unwrap(), "{pragma}");
        assert_eq!(runs[0].token, "{}");
    }
}

#[test]
fn a_row_that_goes_on_behind_the_beginning_is_read_from_the_whole() {
    let token = "x".repeat(20_000);
    let file = file(&token, "");
    assert_eq!(from_prefix(&file.path), None, "the end of the token must be missed, not made up");
    assert_eq!(read_syncs(&file.path, &Limits::default()).unwrap()[0].token, token);
}

#[test]
fn a_schema_that_goes_on_behind_the_beginning_is_read_from_the_whole() {
    // There are more tables and indexes than the beginning has pages.
    let file = file("{}", "PRAGMA page_size = 65536");
    assert_eq!(from_prefix(&file.path), None);
    assert_eq!(read_syncs(&file.path, &Limits::default()).unwrap()[0].token, "{}");
}

#[test]
fn a_file_that_is_not_whole_is_refused_as_by_the_reader() {
    let File { path, _folder } = &file("", "");
    let whole = std::fs::read(path).unwrap();
    let check = |bytes: &[u8], what: &str| {
        std::fs::write(path, bytes).unwrap();
        let (ours, reader) =
            (read_syncs(path, &Limits::default()).unwrap_err(), Reader::open(path, &Limits::default()).unwrap_err());
        assert_eq!(ours.to_string(), reader.to_string(), "{what}");
    };
    for length in [0, 3, 5, 12, 1000, whole.len() / 2, whole.len() - 5, whole.len() - 4, whole.len() - 1] {
        check(&whole[..length], &format!("{length} bytes of {}", whole.len()));
    }
    check(&[&whole[..], b"x"].concat(), "a byte too many");
    let small = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };
    std::fs::write(path, &whole).unwrap();
    assert!(matches!(read_syncs(path, &small), Err(Error::DeclaredTooLarge { .. })));
}

#[test]
fn the_beginning_is_enough_for_what_a_bulk_sync_writes() {
    use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId};

    let id = |kind: &str, id: &str| ResourceId {
        resource_type: kind.to_owned(),
        resource: id.to_owned(),
        ..ResourceId::default()
    };
    let named = |kind: &str, name: &str| Resource {
        id: Some(id(kind, name)),
        display_name: "x".repeat(200),
        ..Resource::default()
    };
    let folder = temporary_folder(None).unwrap();
    let path = folder_path(&folder).unwrap().join("sync.c1z");
    let mut store = crate::Store::open(&path, crate::Options::default()).unwrap();
    store.start_sync(crate::SyncType::Full, None).unwrap();
    let users_by_name: Vec<String> = (0..6_000).map(|user| format!("u{user}")).collect();
    let users: Vec<Resource> = users_by_name.iter().map(|name| named("user", name)).collect();
    let grants: Vec<Grant> = users
        .iter()
        .zip(&users_by_name)
        .map(|(user, name)| Grant {
            id: format!("role:editor:assigned:user:{name}"),
            entitlement: Some(Entitlement { resource: Some(named("role", "editor")), ..Entitlement::default() }),
            principal: Some(user.clone()),
            ..Grant::default()
        })
        .collect();
    store.put(&users).unwrap();
    store.put(&grants).unwrap();
    store.end_sync().unwrap();
    store.save().unwrap();

    let runs = from_prefix(&path).expect("the names of the indexes must not lie behind the rows");
    assert_eq!(runs, Reader::open(&path, &Limits::default()).unwrap().syncs().unwrap());
}
