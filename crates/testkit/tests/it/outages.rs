//! What the server stands on fails under it: disks fill up, the database goes away. The server says so, loses nothing, and
//! goes on by itself.

use camino::Utf8Path;
use serde_json::{Value, json};
use testkit::postgres::Cluster;
use testkit::{Podium, SmallDisk, Workspace};

use crate::self_hosted::{QUICK, SelfHosted, is_connected, next_applied};

fn log(podium: &Podium, connector: &SelfHosted) -> String {
    let lines = podium.done("GET", &format!("{}/log?page_size=100", connector.path), None).unwrap();
    let words = |line: &Value| line["message"].as_str().unwrap().to_owned();
    lines["list"].as_array().unwrap().iter().map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_full_disk_under_the_files_fails_syncs_with_its_reason_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let files = folder.join("files");
    let podium = Podium::start_on(SmallDisk { at: &files, mebibytes: 4 }, folder, &QUICK).unwrap();
    let workspace = Workspace::start(300, &[]).unwrap();
    let connector = SelfHosted::add(&podium);
    let _running = connector.start(&podium, &workspace);
    let applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();

    let filler = podium.fill("files").unwrap();
    let sync = podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
    let sync = format!("/api/v1/syncs/{}", sync["id"].as_str().unwrap());
    let failed = podium.wait(&sync, |sync| sync["state"] == "failed").unwrap();
    assert!(failed["error"].as_str().unwrap().contains("no space left"), "{failed}");
    assert!(log(&podium, &connector).contains("no space left"), "{}", log(&podium, &connector));
    let before = podium.done("GET", &connector.path, None).unwrap();
    assert_eq!(before["appliedSyncId"], applied);

    std::fs::remove_file(filler).unwrap();
    podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
    next_applied(&podium, &connector.path, &applied);
}

#[test]
fn a_full_disk_under_the_database_refuses_changes_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let podium = Podium::start_on(SmallDisk { at: folder, mebibytes: 24 }, folder, &QUICK).unwrap();
    let workspace = Workspace::start(100, &[]).unwrap();
    let connector = SelfHosted::add(&podium);
    let _running = connector.start(&podium, &workspace);
    let applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();

    let filler = podium.fill("").unwrap();
    // The log of the database may have room for a few.
    let mut added = 0;
    let refused = loop {
        let app = json!({"name": format!("app {added}")});
        let answer = podium.call("POST", "/api/v1/apps", Some(&app)).unwrap();
        if answer.status != 201 {
            break answer;
        }
        added += 1;
        assert!(added < 5_000, "the disk does not fill up");
    };
    assert_eq!((refused.status, &refused.body["code"]), (503, &json!("unavailable")), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("no space left"), "{}", refused.body);
    podium.done("GET", &connector.path, None).unwrap();

    std::fs::remove_file(filler).unwrap();
    let last = json!({"name": format!("app {added}")});
    podium.done("POST", "/api/v1/apps", Some(&last)).unwrap();
    podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
    next_applied(&podium, &connector.path, &applied);
    let apps = podium.done("GET", "/api/v1/apps?page_size=200", None).unwrap();
    assert!(apps["list"].as_array().unwrap().len() > added, "{added}: {apps}");
}

#[test]
fn while_postgresql_is_away_requests_are_refused_and_then_all_goes_on() {
    let cluster = Cluster::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = cluster.url();
    let settings: Vec<(&str, &str)> = QUICK.into_iter().chain([("PODIUM_DATABASE__URL", url.as_str())]).collect();
    let podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &settings).unwrap();
    let workspace = Workspace::start(200, &[]).unwrap();
    let connector = SelfHosted::add(&podium);
    let _running = connector.start(&podium, &workspace);
    let mut applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();

    for round in 0..2 {
        podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
        cluster.stop().unwrap();
        let app = json!({"name": format!("app {round}")});
        for (method, path, body) in [
            ("GET", connector.path.as_str(), None),
            ("POST", "/api/v1/apps", Some(&app)),
            ("GET", "/health/ready", None),
        ] {
            let refused = podium.call(method, path, body).unwrap();
            assert_eq!(
                (refused.status, &refused.body["code"]),
                (503, &json!("unavailable")),
                "{path} {}",
                refused.body
            );
            assert!(refused.body["detail"].as_str().unwrap().contains("database"), "{}", refused.body);
        }
        podium.done("GET", "/health/live", None).unwrap();
        cluster.start().unwrap();
        podium.wait("/health/ready", |health| health["status"] == "ok").unwrap();
        podium.done("POST", "/api/v1/apps", Some(&app)).unwrap();
        applied = next_applied(&podium, &connector.path, &applied);
    }
    let syncs = podium.done("GET", &format!("{}/syncs?page_size=50", connector.path), None).unwrap();
    for sync in syncs["list"].as_array().unwrap() {
        assert_eq!(sync["state"], "applied", "{sync}");
    }
}
