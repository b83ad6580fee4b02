//! Access for a while, in a real workspace, with the server killed between any two steps.

use camino::Utf8Path;
use serde_json::{Value, json};
use testkit::{Podium, TOKEN, Workspace};

use crate::self_hosted::{QUICK, is_connected};

/// The members of a workspace: address and role.
fn members(workspace: &Workspace) -> Vec<(String, String)> {
    let members: Value = serde_json::from_str(&workspace.call("GET", "/api/workspace/members").unwrap()).unwrap();
    let members = members["members"].as_array().unwrap_or_else(|| panic!("{members}"));
    let text = |member: &Value, field: &str| member[field].as_str().unwrap().to_owned();
    members.iter().map(|member| (text(member, "email"), text(member, "role"))).collect()
}

fn role(workspace: &Workspace, email: &str) -> String {
    members(workspace).into_iter().find(|(found, _)| found == email).unwrap().1
}

fn restart(podium: &mut Podium) {
    podium.kill().unwrap();
    podium.restart(&QUICK).unwrap();
}

#[test]
fn a_viewer_is_an_editor_for_some_seconds_whatever_happens_to_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::start(5, &[]).unwrap();
    let mut podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &QUICK).unwrap();
    let (email, _) = members(&workspace).into_iter().find(|(_, role)| role == "viewer").unwrap();
    let person = json!({"primaryEmail": email, "displayName": "Ada"});
    let person = podium.done("POST", "/api/v1/people", Some(&person)).unwrap()["id"].clone();

    let connector = podium.done("POST", "/api/v1/connectors", Some(&json!({"catalogId": "whimsical"}))).unwrap();
    let path = format!("/api/v1/connectors/{}", connector["id"].as_str().unwrap());
    let settings = json!({"settings": {"token": TOKEN, "baseUrl": workspace.scim_url()}});
    podium.done("PUT", &format!("{path}/settings"), Some(&settings)).unwrap();
    let connected = podium.wait(&path, is_connected).unwrap();
    let app = format!("/api/v1/apps/{}", connected["appId"].as_str().unwrap());
    let defaults = json!({"requestable": true, "maxDuration": "PT1H"});
    podium.done("PUT", &format!("{app}/request-defaults"), Some(&defaults)).unwrap();
    // The account belongs to whoever has its address.
    let matched = |events: &Value| events.to_string().contains("account.owner_changed");
    podium.wait("/api/v1/audit?page_size=200", matched).unwrap();

    let entitlements = podium.done("GET", &format!("{app}/entitlements"), None).unwrap();
    let editor = entitlements["list"].as_array().unwrap().iter();
    let editor = editor.into_iter().find(|found| found["externalId"] == "role:editor:assigned").unwrap();
    let asked = json!({"entitlementId": editor["id"], "forPersonId": person, "duration": "PT8S", "reason": "workshop"});
    let request = podium.done("POST", "/api/v1/requests", Some(&asked)).unwrap();
    // Whoever asks for somebody else, and would have been asked, has agreed.
    assert_eq!(request["state"], "approved", "{request}");
    restart(&mut podium);
    let request = format!("/api/v1/requests/{}", request["id"].as_str().unwrap());
    let given = podium.wait(&request, |request| request["state"] == "fulfilled").unwrap();
    assert!(given["grant"]["expiresAt"].is_string(), "{given}");
    assert_eq!(role(&workspace, &email), "editor");
    restart(&mut podium);
    let ended = podium.wait(&request, |request| request["grant"]["state"] == "ended").unwrap();
    assert_eq!(ended["grant"]["endReason"], "expired", "{ended}");
    assert_eq!(role(&workspace, &email), "viewer");
    restart(&mut podium);
    let proved = podium.wait(&request, |request| request["grant"]["endProved"] == true).unwrap();
    let jobs: Vec<(&str, &str)> = proved["jobs"].as_array().unwrap().iter().map(job).collect();
    // It may have ended before a sync could show it; then the end is what is proved.
    assert!(matches!(jobs[0], ("swap", "confirmed" | "cancelled")), "{jobs:?}");
    assert_eq!(&jobs[1..], [("revoke", "confirmed")], "nothing is done twice");
}

fn job(job: &Value) -> (&str, &str) {
    (job["effect"].as_str().unwrap(), job["state"].as_str().unwrap())
}
