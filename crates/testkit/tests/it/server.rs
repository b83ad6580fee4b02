//! The server with real connectors over real TLS: it is killed, doubled, and loses nothing.

use std::process::Command;

use camino::Utf8Path;
use serde_json::{Value, json};
use testkit::database::Database;
use testkit::{Podium, TOKEN, Workspace, binary};

use crate::self_hosted::{QUICK, SelfHosted, is_connected, next_applied};

#[test]
fn a_hosted_connector_syncs_and_writes_without_a_file_being_carried_around() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::start(25, &[]).unwrap();
    let podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &QUICK).unwrap();
    let connector = podium.done("POST", "/api/v1/connectors", Some(&json!({"catalogId": "whimsical"}))).unwrap();
    let path = format!("/api/v1/connectors/{}", connector["id"].as_str().unwrap());
    assert_eq!(connector["label"], "Setup needed");

    let wrong = json!({"settings": {"token": "not-the-token", "baseUrl": workspace.scim_url()}});
    let refused = podium.call("PUT", &format!("{path}/settings"), Some(&wrong)).unwrap();
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("failed_precondition")), "{}", refused.body);

    let settings = json!({"settings": {"token": TOKEN, "baseUrl": workspace.scim_url()}});
    podium.done("PUT", &format!("{path}/settings"), Some(&settings)).unwrap();
    let connected = podium.wait(&path, is_connected).unwrap();
    assert!(!connected.to_string().contains(TOKEN), "the token is not shown again");

    let app = format!("/api/v1/apps/{}", connected["appId"].as_str().unwrap());
    let accounts = podium.done("GET", &format!("{app}/accounts?page_size=200"), None).unwrap();
    assert_eq!(accounts["list"].as_array().unwrap().len(), 25);
    let viewer = accounts["list"].as_array().unwrap().iter().find(|account| account["profile"]["role"] == "viewer");
    let entitlements = podium.done("GET", &format!("{app}/entitlements"), None).unwrap();
    let editor =
        entitlements["list"].as_array().unwrap().iter().find(|found| found["externalId"] == "role:editor:assigned");
    let wish = json!({"kind": "grant", "accountId": viewer.unwrap()["id"], "entitlementId": editor.unwrap()["id"]});
    let task = podium.done("POST", &format!("{path}/tasks"), Some(&wish)).unwrap();
    let task = format!("{path}/tasks/{}", task["id"].as_str().unwrap());
    let done = podium.wait(&task, |task| task["finishedAt"].is_string()).unwrap();
    assert_eq!(done["outcome"], "success", "{done}");
    // The change is in the workspace itself, and the next sync sees it.
    let before = podium.done("GET", &path, None).unwrap()["appliedSyncId"].clone();
    podium.done("POST", &format!("{path}/sync"), None).unwrap();
    next_applied(&podium, &path, &before);
    let grants =
        podium.done("GET", &format!("{app}/entitlements/{}/grants", editor.unwrap()["id"].as_str().unwrap()), None);
    let holds = |grant: &Value| grant["accountId"] == viewer.unwrap()["id"];
    assert!(grants.unwrap()["list"].as_array().unwrap().iter().any(holds));
}

#[test]
fn hosted_connectors_do_not_reach_private_networks_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::start(1, &[]).unwrap();
    let podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &[]).unwrap();
    let connector = podium.done("POST", "/api/v1/connectors", Some(&json!({"catalogId": "whimsical"}))).unwrap();
    let path = format!("/api/v1/connectors/{}/settings", connector["id"].as_str().unwrap());
    for base_url in [workspace.scim_url(), workspace.scim_url().replace("127.0.0.1", "localhost")] {
        let settings = json!({"settings": {"token": TOKEN, "baseUrl": base_url}});
        let refused = podium.call("PUT", &path, Some(&settings)).unwrap();
        assert_eq!(refused.status, 409, "{base_url}: {}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("not a public address"), "{}", refused.body);
    }
    let asked = workspace.call("GET", "/lab/requests").unwrap();
    assert!(!asked.contains("/Users"), "{asked}");
}

#[test]
fn a_self_hosted_connector_outlives_crashes_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::start(500, &[]).unwrap();
    let mut podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &QUICK).unwrap();
    let connector = SelfHosted::add(&podium);
    let _running = connector.start(&podium, &workspace);
    let mut applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();
    for _ in 0..3 {
        podium.done("POST", &format!("{}/sync", connector.path), None).unwrap();
        podium.kill().unwrap();
        podium.restart(&QUICK).unwrap();
        applied = next_applied(&podium, &connector.path, &applied);
    }
    let verified = Command::new(binary("podium").unwrap())
        .args(["admin", "verify", "--data-dir", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let metrics = podium.done("GET", "/metrics", None).unwrap();
    assert!(metrics.as_str().unwrap().contains("podium_grpc_calls_total"), "{metrics}");
}

#[test]
fn of_two_servers_on_one_database_either_may_die() {
    let database = Database::postgres().unwrap();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first, second] = folders.each_ref().map(|folder| Utf8Path::from_path(folder.path()).unwrap());
    let keys = first.join("keys");
    let files = [("PODIUM_DATABASE__URL", database.location()), ("PODIUM_SECRETS__KEY_FILE", keys.as_str())];
    let settings: Vec<(&str, &str)> = QUICK.into_iter().chain(files).collect();
    let workspace = Workspace::start(100, &[]).unwrap();
    let mut a = Podium::start(first, &settings).unwrap();
    // Both need the same object storage; a folder can be shared by a link.
    std::os::unix::fs::symlink(first.join("files"), second.join("files")).unwrap();
    let b = a.join(second, &settings).unwrap();
    let connector = SelfHosted::add(&a);
    let _on_a = connector.start(&a, &workspace);
    let _on_b = connector.start(&b, &workspace);
    let mut applied = a.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();
    for round in 0..4 {
        let server = if round % 2 == 0 { &a } else { &b };
        server.done("POST", &format!("{}/sync", connector.path), None).unwrap();
        applied = next_applied(&b, &connector.path, &applied);
    }
    b.done("POST", &format!("{}/sync", connector.path), None).unwrap();
    a.kill().unwrap();
    next_applied(&b, &connector.path, &applied);
    // Every sync was made by one task, which was taken once or, after the crash, twice.
    let tasks = b.done("GET", &format!("{}/tasks?page_size=50", connector.path), None).unwrap();
    for task in tasks["list"].as_array().unwrap().iter().skip(1) {
        assert_eq!((&task["state"], &task["attempts"]), (&json!("done"), &json!(1)), "{task}");
    }
    let syncs = b.done("GET", &format!("{}/syncs?page_size=50", connector.path), None).unwrap();
    for sync in syncs["list"].as_array().unwrap() {
        assert_eq!(sync["state"], "applied", "{sync}");
    }
}
