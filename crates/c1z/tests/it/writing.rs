//! What is written is what is read, under the rules for rows that are there already.

use std::collections::BTreeMap;
use std::sync::Arc;

use c1z::{Entitlements, Error, Grants, Ingest, Options, Row, Selection, Store, SyncType, Table};
use ids::{ManualClock, SeededRng};
use jiff::SignedDuration;
use proptest::prelude::*;
use proto::c1::connector::v2::{Grant, Resource};

use crate::schema::database;
use crate::support::{
    Folder, entitlement, expandable, fill_sync, grant, names, open, reader, resource, resource_id, resource_type,
    write_sync,
};

#[test]
fn a_sync_is_read_as_it_was_written() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    fill_sync(&mut store, 10);
    let id = store.current().unwrap().clone();
    store.put_asset("icon", "", b"bytes").unwrap();
    store.put_asset("nothing", "image/png", b"").unwrap();
    store.set_supports_diff().unwrap();
    store.checkpoint(r#"{"version":1}"#).unwrap();
    let stats = store.end_sync().unwrap();
    let ingest = Ingest { generation: "1".into(), coverage: r#"["I5"]"#.into(), mode: "connector".into() };
    store.set_ingest(&id, &ingest).unwrap();
    store.save().unwrap();
    assert_eq!(folder.names(), ["sync.c1z"]);

    let reader = reader(&path);
    let run = reader.sync(&id).unwrap();
    assert_eq!(run.token, r#"{"version":1}"#);
    assert_eq!((run.kind.clone(), run.supports_diff, run.ingest.clone()), (SyncType::Full, true, ingest));
    assert!(run.ended_at > Some(run.started_at));
    assert_eq!(run.stats.as_ref(), Some(&stats));
    assert_eq!(
        serde_json::to_string(&stats).unwrap(),
        r#"{"resource_types":2,"resources":11,"entitlements":1,"grants":10,"assets":1,"resources_by_resource_type":{"role":1,"user":10},"grants_by_resource_type":{"role":10},"entitlements_by_resource_type":{"role":1}}"#
    );
    let view = reader.view(&id);
    let grants = view.page(Grants::All, 0, 4).unwrap();
    assert_eq!(grants.iter().map(|stored| stored.row).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let rest = view.page(Grants::All, 4, 100).unwrap();
    assert_eq!(rest.len(), 6);
    assert_eq!(rest[5].message, grant("viewer", "usr_00000009"));
    assert_eq!(view.page(Entitlements::All, 0, 9).unwrap()[0].message, entitlement("viewer"));
}

#[test]
fn a_second_put_changes_the_message_only() {
    // With and without the unique index in place.
    for look_first in [false, true] {
        let folder = Folder::new();
        let path = folder.join("sync.c1z");
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap());
        let options =
            Options { clock: Arc::new(clock.clone()), rng: Arc::new(SeededRng::new(1)), ..Options::default() };
        let mut store = Store::open(&path, options).unwrap();
        store.start_sync(SyncType::Full, None).unwrap();
        if look_first {
            store.view(&Table::ALL).unwrap();
        }
        let child = Resource { parent_resource_id: Some(resource_id("team", "t1")), ..resource("user", "a", "first") };
        store.put(&[child, resource("user", "b", "b")]).unwrap();
        clock.advance(SignedDuration::from_mins(1));
        store.put(&[resource("user", "a", "second")]).unwrap();
        store.put(&[resource("user", "a", "third")]).unwrap();
        store.end_sync().unwrap();
        store.save().unwrap();
        let rows: Vec<(i64, String, Option<String>, String)> = database(&path, &folder)
            .prepare("SELECT id, external_id, parent_resource_id, discovered_at FROM v1_resources ORDER BY id")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let at = "2026-01-02 03:04:05".to_owned();
        assert_eq!(
            rows,
            [(1, "user:a".into(), Some("t1".into()), at.clone()), (2, "user:b".into(), None, at)],
            "look first: {look_first}"
        );
        assert_eq!(names(&path)["user:a"], "third");
    }
}

#[derive(Debug, Clone)]
struct Put {
    user: u8,
    role: u8,
    sources: Vec<u8>,
}

fn puts() -> impl Strategy<Value = Vec<Put>> {
    let put = (0..6_u8, 0..2_u8, prop::collection::vec(0..3_u8, 0..3));
    prop::collection::vec(put.prop_map(|(user, role, sources)| Put { user, role, sources }), 0..40)
}

/// A row of the grants table: row, id, expansion, needs expansion, message.
type GrantRow = (i64, String, Option<Vec<u8>>, i64, Vec<u8>);

fn stored_grants(puts: &[Put], look_after: usize) -> Vec<GrantRow> {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    store.start_sync(SyncType::Full, None).unwrap();
    for (number, put) in puts.iter().enumerate() {
        if number == look_after {
            store.view(&[Table::Grants]).unwrap();
        }
        let sources: Vec<String> = put.sources.iter().map(|source| format!("e{source}")).collect();
        let mut grant = grant("viewer", &format!("u{}", put.user));
        grant.entitlement.as_mut().unwrap().display_name = format!("from {} by {number}", put.role);
        if put.role == 1 {
            grant = expandable(grant, &sources.iter().map(String::as_str).collect::<Vec<_>>());
        }
        store.put(&[grant]).unwrap();
    }
    store.end_sync().unwrap();
    store.save().unwrap();
    let conn = database(&path, &folder);
    let mut rows =
        conn.prepare("SELECT id, external_id, expansion, needs_expansion, data FROM v1_grants ORDER BY id").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Uniting rows at the end gives what upserting each of them gives, but for the numbers of the rows.
    #[test]
    fn when_indexes_are_built_makes_no_difference(puts in puts(), look_after in 0..40_usize) {
        let strip = |rows: Vec<GrantRow>| rows.into_iter().map(|row| (row.1, row.2, row.3, row.4)).collect::<Vec<_>>();
        let upserted = strip(stored_grants(&puts, 0));
        prop_assert_eq!(&strip(stored_grants(&puts, look_after)), &upserted);
        prop_assert_eq!(&strip(stored_grants(&puts, usize::MAX)), &upserted);
    }

    #[test]
    fn any_text_survives(ids in prop::collection::btree_set("\\PC{0,12}", 0..20), name in "\\PC*") {
        let folder = Folder::new();
        let path = folder.join("sync.c1z");
        let mut store = open(&path).unwrap();
        store.start_sync(SyncType::Full, None).unwrap();
        store.put(&ids.iter().map(|id| resource("user", id, &name)).collect::<Vec<_>>()).unwrap();
        store.end_sync().unwrap();
        store.save().unwrap();
        let expect: BTreeMap<String, String> = ids.iter().map(|id| (format!("user:{id}"), name.clone())).collect();
        prop_assert_eq!(names(&path), expect);
    }
}

#[test]
fn expansion_stands_in_its_own_column() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    store.start_sync(SyncType::Full, None).unwrap();
    let plain = grant("viewer", "u1");
    let with = expandable(grant("viewer", "u2"), &["group:g:member"]);
    let blank = expandable(grant("viewer", "u3"), &[" ", ""]);
    store.put(&[plain.clone(), with.clone(), blank]).unwrap();
    // Expansion writes a grant back without touching the columns.
    let mut expanded = grant("viewer", "u2");
    expanded.entitlement.as_mut().unwrap().display_name = "expanded".into();
    store.put_expanded(&[expanded.clone()]).unwrap();
    let view = store.view(&[Table::Grants]).unwrap();
    assert_eq!(view.count(Grants::NeedingExpansion).unwrap(), 1);
    assert_eq!(view.get::<Grant>(&plain.id).unwrap().unwrap(), plain);
    assert_eq!(view.get::<Grant>(&with.id).unwrap().unwrap(), expanded);
    assert_eq!(view.get::<Grant>("role:viewer:assigned:user:u3").unwrap().unwrap().annotations, []);
    let attached = view.with(&with.id, |row: Row<'_, Grant>| row.decode_with_expansion()).unwrap().unwrap();
    assert_eq!(attached.annotations, with.annotations);
    store.delete::<Grant>([plain.id.as_str(), "nobody"]).unwrap();
    assert_eq!(store.end_sync().unwrap().grants, 2);
}

#[test]
fn one_sync_becomes_a_file_of_its_own() {
    let folder = Folder::new();
    let (path, out) = (folder.join("sync.c1z"), folder.join("out.c1z"));
    write_sync(&path, 3);
    write_sync(&path, 5);
    let two = reader(&path);
    let runs = two.syncs().unwrap();
    two.export(&runs[0].id, &out).unwrap();
    let one = reader(&out);
    assert_eq!(one.syncs().unwrap(), [runs[0].clone()]);
    assert_eq!(one.view(&runs[0].id).count(Grants::All).unwrap(), 3);
    assert!(matches!(two.export(&runs[0].id, &out), Err(Error::Exists { .. })));
    assert!(matches!(two.export(&"nobody".into(), &folder.join("x")), Err(Error::NoSuchSync { .. })));
    let healthy: String =
        database(&out, &folder).pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(healthy, "ok");
    drop((one, two));
    assert_eq!(folder.names(), ["decoded.db", "out.c1z", "sync.c1z"]);
}

#[test]
fn misuse_has_its_own_errors() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    assert!(matches!(store.put(&[resource_type("user")]), Err(Error::NoSync)));
    assert!(matches!(store.checkpoint(""), Err(Error::NoSync)));
    assert!(matches!(store.start_sync(SyncType::Full, Some(&"parent".into())), Err(Error::UnexpectedParent { .. })));
    let id = store.start_sync(SyncType::Partial, Some(&"parent".into())).unwrap();
    assert!(matches!(store.set_ingest(&id, &Ingest::default()), Err(Error::Unfinished { .. })));
    store.end_sync().unwrap();
    assert!(matches!(store.resume_sync(&id), Err(Error::Finished { .. })));
    assert!(matches!(store.resume_sync(&"nobody".into()), Err(Error::NoSuchSync { .. })));
    let runs = store.syncs().unwrap();
    assert_eq!(Selection::new(&runs).latest_finished(None).unwrap().parent, Some("parent".into()));
}

#[test]
fn sessions_belong_to_their_sync() {
    let folder = Folder::new();
    let mut store = open(&folder.join("sync.c1z")).unwrap();
    store.start_sync(SyncType::Full, None).unwrap();
    for key in ["a/1", "a/2", "a_3", "b/1"] {
        store.session_set(key, key.as_bytes()).unwrap();
    }
    store.session_set("a/1", b"again").unwrap();
    assert_eq!(store.session_get("a/1").unwrap().unwrap(), b"again");
    let page = |after| store.session_page("a/", after, 1).unwrap().into_keys().next();
    assert_eq!((page("").as_deref(), page("a/1").as_deref(), page("a/2")), (Some("a/1"), Some("a/2"), None));
    store.session_clear("a/").unwrap();
    store.session_delete("b/1").unwrap();
    assert_eq!(store.session_page("", "", 10).unwrap().into_keys().collect::<Vec<_>>(), ["a_3"]);
    store.start_sync(SyncType::Full, None).unwrap();
    assert_eq!(store.session_get("a_3").unwrap(), None);
}
