//! Syncs of single resources.

use c1z::{Grants, Resources, SyncType};
use connector_sdk::bid::parse_resource;
use connector_sdk::entitlement;
use connector_sdk::error::Error;
use connector_sdk::grant::grant;

use super::{options, run};
use crate::fake::{Fake, World, group, group_type, id, runtime, user, user_type, workspace};
use crate::file::{Folder, finished, ids};

fn world() -> World {
    World {
        types: vec![user_type(), group_type()],
        resources: vec![user("u1"), user("u2"), group("g1"), group("g2")],
        entitlements: vec![entitlement::assignment(&group("g1"), "member", &[user_type()])],
        grants: vec![grant(&group("g1"), "member", &id("user", "u1"))],
        ..World::default()
    }
}

/// Syncs these targets into the folder; returns the calls.
async fn target(fake: &Fake, folder: &Folder, targets: &[&str]) -> Vec<String> {
    let mut options = options(folder);
    options.targets = targets.iter().map(|text| parse_resource(text).unwrap()).collect();
    run(fake, options, &runtime().0).await.unwrap();
    fake.calls()
}

#[tokio::test]
async fn a_target_brings_what_hangs_on_it() {
    let folder = Folder::new();
    let calls = target(&Fake::new(world()), &folder, &["bid:r:group/g1"]).await;
    let expect = ["validate", "get group group:g1", "entitlements group group:g1", "grants group group:g1", "cleanup"];
    assert_eq!(calls, expect);
    assert_eq!(finished(&folder.file()).kind, SyncType::Partial);
    assert_eq!(ids(&folder.file(), Resources::All), ["group:g1"]);
    assert_eq!(ids(&folder.file(), Grants::All), ["group:g1:member:user:u1"]);
}

#[tokio::test]
async fn targets_go_last_first_and_missing_ones_are_skipped() {
    let fake = Fake::new(world());
    fake.fail("get user user:u1", vec![Error::not_found("404")]);
    let folder = Folder::new();
    let calls = target(&fake, &folder, &["bid:r:user/u1", "bid:r:user/u2", "bid:r:user/u2"]).await;
    let fetched: Vec<String> = calls.into_iter().filter(|call| call.starts_with("get ")).collect();
    assert_eq!(fetched, ["get user user:u2", "get user user:u1"]);
    assert_eq!(ids(&folder.file(), Resources::All), ["user:u2"]);
}

#[tokio::test]
async fn a_type_that_cannot_fetch_gives_an_empty_sync() {
    let folder = Folder::new();
    target(&Fake::new(workspace(3)), &folder, &["bid:r:role/editor"]).await;
    let run = finished(&folder.file());
    assert_eq!(run.kind, SyncType::Partial);
    assert_eq!(run.stats.unwrap().resources, 0);
}

#[tokio::test]
async fn a_partial_sync_names_the_full_one_before_it() {
    let folder = Folder::new();
    let fake = Fake::new(world());
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let full = finished(&folder.file());
    target(&fake, &folder, &["bid:r:user/u1"]).await;
    let partial = finished(&folder.file());
    assert_eq!((partial.kind, partial.parent), (SyncType::Partial, Some(full.id)));
}
