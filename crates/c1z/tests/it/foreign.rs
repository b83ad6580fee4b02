//! Files of older and other writers: missing tables, columns and indexes, slim rows, a WAL header.

use c1z::{Entitlements, Error, Grants, Limits, Reader, ResourceRef, Row};
use camino::Utf8Path;
use proto::Message;
use proto::c1::connector::v2::{Grant, Resource};
use rusqlite::Connection;

use crate::support::{Folder, expandable, grant, open, resource, write_sync};

/// Packs a database made of `sql` and whatever `fill` does into a file.
fn pack(folder: &Folder, fill: impl FnOnce(&Connection)) -> camino::Utf8PathBuf {
    let (database, path) = (folder.join("made.db"), folder.join("made.c1z"));
    let conn = Connection::open(&database).unwrap();
    fill(&conn);
    conn.close().unwrap();
    let content = std::fs::read(&database).unwrap();
    std::fs::remove_file(&database).unwrap();
    std::fs::write(&path, [b"C1ZF\0", zstd::encode_all(content.as_slice(), 3).unwrap().as_slice()].concat()).unwrap();
    path
}

const OLD_TABLES: &str = "
    CREATE TABLE v1_sync_runs (id integer primary key, sync_id text not null, started_at datetime not null,
        ended_at datetime, sync_token text not null);
    CREATE TABLE v1_grants (id integer primary key, resource_type_id text not null, resource_id text not null,
        entitlement_id text not null, principal_resource_type_id text not null, principal_resource_id text not null,
        external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
    INSERT INTO v1_sync_runs VALUES (1, 'one', '2026-01-02 03:04:05', '2026-01-02 03:04:06.5', '');";

fn insert_grant(conn: &Connection, grant: &Grant, data: &[u8]) {
    let entitlement = grant.entitlement.as_ref().unwrap();
    let on = entitlement.resource.as_ref().unwrap().id.as_ref().unwrap();
    let by = grant.principal.as_ref().unwrap().id.as_ref().unwrap();
    conn.execute(
        "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
             principal_resource_id, external_id, data, sync_id, discovered_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'one', '2026-01-02 03:04:05')",
        (&on.resource_type, &on.resource, &entitlement.id, &by.resource_type, &by.resource, &grant.id, data),
    )
    .unwrap();
}

fn check_old(path: &Utf8Path, stored: &Grant) {
    let before = std::fs::read(path).unwrap();
    let reader = Reader::open(path, &Limits::default()).unwrap();
    let runs = reader.syncs().unwrap();
    assert_eq!(runs[0].kind, c1z::SyncType::Full);
    assert_eq!(runs[0].ended_at.unwrap().to_string(), "2026-01-02T03:04:06.5Z");
    let view = reader.view(&runs[0].id);
    assert_eq!(view.page(Grants::All, 0, 10).unwrap()[0].message, *stored);
    assert_eq!(view.count(Entitlements::All).unwrap(), 0);
    assert_eq!(reader.stats(&runs[0]).unwrap().grants, 1);
    assert_eq!(std::fs::read(path).unwrap(), before);
}

#[test]
fn an_old_file_gets_what_it_lacks() {
    let folder = Folder::new();
    let plain = grant("viewer", "u1");
    let path = pack(&folder, |conn| {
        conn.execute_batch(OLD_TABLES).unwrap();
        insert_grant(conn, &plain, &plain.encode_to_vec());
    });
    check_old(&path, &plain);
}

#[test]
fn a_file_in_wal_mode_opens() {
    let folder = Folder::new();
    let plain = grant("viewer", "u1");
    let path = pack(&folder, |conn| {
        conn.pragma_update(None, "journal_mode", "wal").unwrap();
        conn.execute_batch(OLD_TABLES).unwrap();
        insert_grant(conn, &plain, &plain.encode_to_vec());
    });
    check_old(&path, &plain);
    // A complete one is not opened for writing at all.
    let sync = folder.join("sync.c1z");
    write_sync(&sync, 1);
    let database = zstd::decode_all(&std::fs::read(&sync).unwrap()[5..]).unwrap();
    let wal = pack(&folder, |conn| {
        let path = conn.path().unwrap().to_owned();
        std::fs::write(&path, &database).unwrap();
        conn.pragma_update(None, "journal_mode", "wal").unwrap();
        conn.execute_batch("UPDATE v1_sync_runs SET sync_token = 'touched'").unwrap();
    });
    assert_eq!(Reader::open(&wal, &Limits::default()).unwrap().syncs().unwrap()[0].token, "touched");
    let mut store = open(&wal).unwrap();
    let id = store.syncs().unwrap()[0].id.clone();
    store.recalculate_stats(&id).unwrap();
    store.save().unwrap();
    let saved = zstd::decode_all(&std::fs::read(&wal).unwrap()[5..]).unwrap();
    assert_eq!(saved[18..20], [1, 1], "a saved file is not in WAL mode");
}

#[test]
fn expansion_of_an_old_file_moves_to_its_column() {
    let folder = Folder::new();
    let plain = grant("viewer", "u1");
    let with = expandable(plain.clone(), &["group:g:member"]);
    let path = pack(&folder, |conn| {
        conn.execute_batch(OLD_TABLES).unwrap();
        insert_grant(conn, &with, &with.encode_to_vec());
    });
    check_old(&path, &plain);
    let reader = Reader::open(&path, &Limits::default()).unwrap();
    let view = reader.view(&"one".into());
    assert_eq!(view.count(Grants::NeedingExpansion).unwrap(), 1);
    view.each(Grants::All, |row: Row<'_, Grant>| {
        assert_eq!(row.decode_with_expansion()?, with);
        Ok::<_, Error>(())
    })
    .unwrap();
}

#[test]
fn slim_rows_are_made_whole() {
    let folder = Folder::new();
    let full = grant("viewer", "u1");
    let slim = Grant { entitlement: None, principal: None, ..full.clone() };
    let path = pack(&folder, |conn| {
        conn.execute_batch(OLD_TABLES).unwrap();
        insert_grant(conn, &full, &slim.encode_to_vec());
    });
    let reader = Reader::open(&path, &Limits::default()).unwrap();
    let view = reader.view(&"one".into());
    let made = view.get::<Grant>(&full.id).unwrap().unwrap();
    let entitlement = made.entitlement.unwrap();
    assert_eq!(entitlement.id, "role:viewer:assigned");
    assert_eq!(entitlement.resource.unwrap().id, resource("role", "viewer", "").id);
    assert_eq!(made.principal.unwrap(), resource("user", "u1", ""));
    view.each(Grants::All, |row: Row<'_, Grant>| {
        assert_eq!(row.stored()?, slim.encode_to_vec());
        assert_eq!(Grant::decode(row.bytes()?.as_ref()).unwrap(), row.decode()?);
        Ok::<_, Error>(())
    })
    .unwrap();
    let by = ResourceRef { resource_type: "user", resource: "u1" };
    assert_eq!(view.count(Grants::OfPrincipal(by)).unwrap(), 1);
    assert!(view.get::<Resource>("user:u1").unwrap().is_none());
}
