//! What one run leaves for the next: its work when it is killed, the syncs of the file otherwise.

use c1z::{Error, Options, Retention, Store, SyncType};

use crate::schema::database;
use crate::support::{Folder, fill_sync, names, open, reader, resource, write_sync};

#[test]
fn rows_and_token_are_committed_together() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut store = open(&path).unwrap();
    let id = store.start_sync(SyncType::Full, None).unwrap();
    store.put(&[resource("user", "a", "kept")]).unwrap();
    store.session_set("p/key", b"kept").unwrap();
    store.checkpoint("one").unwrap();
    store.put(&[resource("user", "a", "lost"), resource("user", "b", "lost")]).unwrap();
    store.session_set("p/key", b"lost").unwrap();
    // Like a kill: nothing is told to the store.
    drop(store);
    assert_eq!(folder.names(), ["sync.c1z.work"]);
    assert!(!path.exists());

    let mut store = open(&path).unwrap();
    assert!(store.adopted());
    let run = store.resume(&SyncType::Full).unwrap().unwrap();
    assert_eq!((run.id, run.token.as_str()), (id, "one"));
    assert_eq!(store.session_get("p/key").unwrap().unwrap(), b"kept");
    store.put(&[resource("user", "c", "kept")]).unwrap();
    store.end_sync().unwrap();
    store.save().unwrap();
    assert_eq!(names(&path), [("user:a", "kept"), ("user:c", "kept")].map(|(k, v)| (k.into(), v.into())).into());
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[test]
fn what_a_killed_run_left_is_of_no_use_once_the_output_has_changed() {
    let folder = Folder::new();
    let (path, other) = (folder.join("sync.c1z"), folder.join("other.c1z"));
    write_sync(&path, 1);
    let mut store = open(&path).unwrap();
    fill_sync(&mut store, 2);
    store.checkpoint("half").unwrap();
    drop(store);
    write_sync(&other, 3);
    std::fs::rename(&other, &path).unwrap();
    let mut store = open(&path).unwrap();
    assert!(!store.adopted());
    assert_eq!(store.syncs().unwrap().len(), 1);
    assert!(store.resume(&SyncType::Full).unwrap().is_none());
    store.discard().unwrap();
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[test]
fn a_finished_sync_that_was_not_saved_is_found_again() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    write_sync(&path, 1);
    let mut store = open(&path).unwrap();
    fill_sync(&mut store, 2);
    let id = store.current().unwrap().clone();
    store.end_sync().unwrap();
    drop(store);
    let store = open(&path).unwrap();
    let left: Vec<_> = store.left_unsaved().unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(left, [id]);
    store.save().unwrap();
    assert_eq!(open(&path).unwrap().left_unsaved().unwrap(), []);
    assert_eq!(reader(&path).syncs().unwrap().len(), 2);
}

#[test]
fn two_runs_on_one_file_are_refused() {
    let folder = Folder::new();
    let (path, temp) = (folder.join("sync.c1z"), folder.join("temp"));
    for temp_dir in [None, Some(temp.clone())] {
        let options = || Options { temp_dir: temp_dir.clone(), ..Options::default() };
        let first = Store::open(&path, options()).unwrap();
        let error = Store::open(&path, options()).unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        first.discard().unwrap();
        Store::open(&path, options()).unwrap().discard().unwrap();
    }
}

#[test]
fn a_working_folder_elsewhere_is_found_again_and_removed() {
    let folder = Folder::new();
    let (path, temp) = (folder.join("sync.c1z"), folder.join("temp"));
    let options = || Options { temp_dir: Some(temp.clone()), ..Options::default() };
    let mut store = Store::open(&path, options()).unwrap();
    fill_sync(&mut store, 2);
    store.checkpoint("half").unwrap();
    drop(store);
    assert_eq!(folder.names(), ["temp"]);
    let mut store = Store::open(&path, options()).unwrap();
    assert_eq!(store.resume(&SyncType::Full).unwrap().unwrap().token, "half");
    store.end_sync().unwrap();
    store.save().unwrap();
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0);
    assert_eq!(names(&path).len(), 3);
}

#[test]
fn an_output_that_cannot_be_written_is_noticed_at_once() {
    let folder = Folder::new();
    let temp = folder.join("temp");
    let options = Options { temp_dir: Some(temp), ..Options::default() };
    let error = Store::open(&folder.join("missing/sync.c1z"), options).unwrap_err();
    assert!(error.to_string().contains("missing/sync.c1z.tmp"), "{error}");
}

#[test]
fn syncs_are_kept_and_removed_as_the_rules_say() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut sizes = Vec::new();
    for round in 0..4 {
        let mut store = open(&path).unwrap();
        fill_sync(&mut store, 300);
        let gone = store.cleanup(Retention::default()).unwrap();
        assert_eq!(gone.len(), usize::from(round >= 2));
        store.end_sync().unwrap();
        sizes.push(store.save().unwrap().decoded_bytes);
        let conn = database(&path, &folder);
        let unused: i64 = conn.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap();
        assert_eq!(unused, 0);
        let healthy: String = conn.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(healthy, "ok");
    }
    let runs = reader(&path).syncs().unwrap();
    assert_eq!(runs.len(), 2);
    assert!(sizes[3] <= sizes[1] + sizes[1] / 20, "the file grows: {sizes:?}");
}
