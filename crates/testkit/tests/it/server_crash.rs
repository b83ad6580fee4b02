//! `kill -9` of the server at named moments: whoever works with it tries again, everything ends well, and once.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use testkit::database::Database;
use testkit::{Podium, Workspace};

use crate::scene::{Scene, stderr};
use crate::self_hosted::{QUICK, SelfHosted, is_connected, next_applied};

/// Looks until a condition holds; fails after a minute.
fn watch(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < end, "waited a minute for {what}");
        std::thread::yield_now();
    }
}

/// How many files are on their way into the storage.
fn incoming(folder: &Utf8Path) -> usize {
    folder.join("files/incoming").read_dir_utf8().map_or(0, Iterator::count)
}

#[test]
fn killed_inside_an_upload_the_server_gets_the_file_again_and_applies_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let workspace = Workspace::start(1_000, &[]).unwrap();
    let mut podium = Podium::start(folder, &QUICK).unwrap();
    let connector = SelfHosted::add(&podium);
    let _running = connector.start(&podium, &workspace);
    let mut applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();
    let mut syncs = 1;
    let mut hits = 0;
    while hits < 2 {
        podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
        syncs += 1;
        let left = incoming(folder);
        watch("an upload", || incoming(folder) > left);
        podium.kill().unwrap();
        // What is left proves that it died before the upload had ended.
        hits += usize::from(incoming(folder) > left);
        podium.restart(&QUICK).unwrap();
        applied = next_applied(&podium, &connector.path, &applied);
        assert!(syncs < 20, "no upload was hit");
    }
    let list = podium.done("GET", &format!("{}/syncs?page_size=50", connector.path), None).unwrap();
    let states: Vec<&Value> = list["list"].as_array().unwrap().iter().map(|sync| &sync["state"]).collect();
    assert_eq!(states, vec![&json!("applied"); syncs], "{list}");
}

#[test]
fn killed_while_a_connector_signs_in_the_server_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let workspace = Workspace::start(25, &[]).unwrap();
    let mut podium = Podium::start(folder, &QUICK).unwrap();
    let connector = SelfHosted::add(&podium);
    let used = |podium: &Podium| {
        let list = podium.done("GET", &format!("{}/credentials", connector.path), None).unwrap();
        list["list"][0]["lastUsedAt"].clone()
    };
    let mut applied = Value::Null;
    // Before, inside and after the token request, the Hello and the first question for work.
    for moment in 0..6 {
        let before = used(&podium);
        let _running = connector.start(&podium, &workspace);
        std::thread::sleep(Duration::from_millis(8 * moment));
        podium.kill().unwrap();
        podium.restart(&QUICK).unwrap();
        watch("a token", || used(&podium) != before);
        if moment > 0 {
            podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
        }
        applied = next_applied(&podium, &connector.path, &applied);
    }
}

/// The sync file of a workspace with so many members.
fn sync_file(users: u32) -> (Scene, Utf8PathBuf) {
    let scene = Scene::new(users);
    let output = scene.run(&["--file", "sync.c1z"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let file = scene.file("sync.c1z");
    (scene, file)
}

fn killed_while_it_reads_a_file(database: &Database) {
    let (few, many) = (sync_file(60), sync_file(4_000));
    let settings: Vec<(&str, &str)> =
        QUICK.into_iter().chain([("PODIUM_DATABASE__URL", database.location())]).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &settings).unwrap();
    let connector = SelfHosted::add(&podium);
    let app = podium.done("GET", &connector.path, None).unwrap()["appId"].as_str().unwrap().to_owned();
    let bring = |podium: &Podium, file: &Utf8Path| {
        let sync = podium.bring(&format!("{}/files", connector.path), file).unwrap();
        format!("/api/v1/syncs/{}", sync["id"].as_str().unwrap())
    };
    let accounts = format!("/api/v1/apps/{app}/accounts?page_size=200");
    let seen = |podium: &Podium| podium.done("GET", &accounts, None).unwrap()["list"].as_array().unwrap().len();
    let applied = |sync: &Value| sync["state"] == "applied";
    podium.wait(&bring(&podium, &few.1), applied).unwrap();
    assert_eq!(seen(&podium), 60);

    let sync = bring(&podium, &many.1);
    let state = |podium: &Podium| podium.done("GET", &sync, None).unwrap()["state"].clone();
    watch("the file to be read", || state(&podium) == "ingesting");
    podium.kill().unwrap();
    podium.restart(&settings).unwrap();
    watch("the file to be read again", || {
        let (before, found) = (state(&podium), seen(&podium));
        std::thread::sleep(Duration::from_millis(100));
        // A page is full, or it is as it was.
        assert!(found == 200 || found == 60 && before != "applied", "{found} of 4000 accounts are seen, {before}");
        before == "applied"
    });
    let differences = podium.done("GET", &format!("{sync}/differences?page_size=1"), None).unwrap();
    assert_eq!(differences["list"].as_array().unwrap().len(), 1, "{differences}");
    let syncs = podium.done("GET", &format!("{}/syncs", connector.path), None).unwrap();
    assert_eq!(syncs["list"].as_array().unwrap().len(), 2, "{syncs}");
    assert_eq!(syncs["list"][0]["counts"]["resources"]["user"]["added"], json!(3_940), "{syncs}");
}

#[test]
fn killed_while_it_reads_a_file_the_server_shows_no_half_and_applies_it_once_sqlite() {
    killed_while_it_reads_a_file(&Database::sqlite().unwrap());
}

#[test]
fn killed_while_it_reads_a_file_the_server_shows_no_half_and_applies_it_once_postgres() {
    killed_while_it_reads_a_file(&Database::postgres().unwrap());
}
