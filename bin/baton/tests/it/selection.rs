//! Which rows, and of which sync, a command reads.

use c1z::{Options, Store, SyncType};
use serde_json::Value;

use crate::support::{Folder, entitlement, fixture, grant, on, resource, roles, user, users, write_sync};

fn ids(json: &Value, list: &str, pointer: &str) -> Vec<String> {
    let list = json[list].as_array().cloned().unwrap_or_default();
    list.iter().map(|entry| entry.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_options_of_grants_have_a_precedence() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    write_sync(&file, |store| {
        let (viewer, editor) = (entitlement("viewer", "assigned"), entitlement("editor", "assigned"));
        store.put(&[roles(), users()]).unwrap();
        store.put(&[resource("role", "viewer", "Viewer"), resource("role", "editor", "Editor")]).unwrap();
        store.put(&[user("a", "A"), user("b", "B")]).unwrap();
        store.put(&[viewer.clone(), editor.clone()]).unwrap();
        store.put(&[grant(&editor, "b"), grant(&viewer, "a"), grant(&viewer, "b")]).unwrap();
    });
    let (eb, va, vb) = ("role:editor:assigned:user:b", "role:viewer:assigned:user:a", "role:viewer:assigned:user:b");
    let cases: [(&[&str], &[&str]); 7] = [
        (&[], &[eb, va, vb]),
        (&["-t", "role"], &[eb, va, vb]),
        (&["-t", "user"], &[]),
        (&["-t", "role", "-r", "viewer"], &[va, vb]),
        (&["-e", "role:editor:assigned"], &[eb]),
        // The type goes before the entitlement.
        (&["-t", "role", "-e", "role:editor:assigned"], &[eb, va, vb]),
        (&["-e", "nope"], &[]),
    ];
    for (arguments, expect) in cases {
        let json = on(&file, &[&["-o", "json", "grants"], arguments].concat()).json();
        assert_eq!(ids(&json, "grants", "/grant/id"), expect, "{arguments:?}");
    }
    let cases: [(&[&str], &[&str]); 5] = [
        (&[], &["b", "a"]),
        (&["-e", "role:viewer:assigned"], &["a", "b"]),
        (&["-e", "role:editor:assigned"], &["b"]),
        (&["-t", "role", "-r", "viewer"], &["a", "b"]),
        (&["-e", "nope"], &[]),
    ];
    for (arguments, expect) in cases {
        let json = on(&file, &[&["-o", "json", "principals"], arguments].concat()).json();
        assert_eq!(ids(&json, "resources", "/resource/id/resource"), expect, "{arguments:?}");
    }
}

#[test]
fn a_sync_can_be_chosen() {
    let file = fixture("users25-28-sqlite.c1z");
    let syncs = ids(&on(&file, &["-o", "json", "syncs"]).json(), "syncs", "/id");
    for (sync, users) in syncs.iter().zip([25, 28]) {
        let chosen = ["-o", "json", "resources", "-t", "user", "--sync-id", sync];
        assert_eq!(ids(&on(&file, &chosen).json(), "resources", "/resource/id/resource").len(), users);
    }
    let latest = on(&file, &["-o", "json", "resources", "-t", "user"]).json();
    assert_eq!(ids(&latest, "resources", "/resource/id/resource").len(), 28);
}

#[test]
fn an_unfinished_sync_is_shown_when_there_is_no_other() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    let mut store = Store::open(&file, Options::default()).unwrap();
    store.start_sync(SyncType::Full, None).unwrap();
    store.put(&[users()]).unwrap();
    store.put(&[user("a", "A")]).unwrap();
    store.checkpoint("{}").unwrap();
    store.save().unwrap();

    assert_eq!(ids(&on(&file, &["-o", "json", "resources"]).json(), "resources", "/resource/id/resource"), ["a"]);
    for format in ["json", "console"] {
        let stats = on(&file, &["-o", format, "stats"]);
        assert_eq!((stats.code, stats.out.as_str()), (0, " INFO  No finished sync found in the c1z\n"));
    }
    let syncs = on(&file, &["-o", "json", "syncs"]).json();
    assert_eq!(syncs["syncs"][0].get("endedAt"), None);
    let out = folder.join("out.c1z");
    let id = syncs["syncs"][0]["id"].as_str().unwrap();
    let export = on(&file, &["export", "c1z", "--out", out.as_str(), "--sync-id", id]);
    assert_eq!(export.code, 9, "{}", export.err);
    assert!(!out.exists());
}
