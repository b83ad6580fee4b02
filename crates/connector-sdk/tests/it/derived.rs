//! Syncs made from syncs.

use std::sync::Arc;

use c1z::{Grants, Limits, Resources, SyncType};
use connector_sdk::derived::{Input, compact, diff};
use connector_sdk::entitlement;
use connector_sdk::grant::grant;
use connector_sdk::sync::{self, SyncOptions, Unobserved};
use proto::c1::connector::v2::{GrantExpandable, Resource};

use crate::fake::{Fake, World, expandable, group, group_type, id, runtime, user, user_type, workspace};
use crate::file::{Folder, finished, get, grants, ids, syncs};

async fn sync_into(folder: &Folder, name: &str, world: World) -> Input {
    let file = folder.path(name);
    let options = SyncOptions::new(file.clone());
    let report = sync::run(Fake::new(world).connector(), options, &runtime().0, Arc::new(Unobserved)).await.unwrap();
    Input { file, sync_id: report.sync_id }
}

#[tokio::test]
async fn a_diff_holds_what_was_added() {
    let folder = Folder::new();
    let base = sync_into(&folder, "a.c1z", workspace(3)).await;
    let applied = sync_into(&folder, "a.c1z", workspace(5)).await;
    let made = diff(&base.file, &base.sync_id, &applied.sync_id, Limits::default(), &runtime().0).unwrap();

    let run = finished(&base.file);
    assert_eq!((run.id.as_str(), run.kind), (made.as_str(), SyncType::Partial));
    assert_eq!(run.parent.unwrap().as_str(), base.sync_id);
    assert_eq!(ids(&base.file, Resources::All), ["user:u004", "user:u005"]);
    assert_eq!(ids(&base.file, Grants::All).len(), 2);
    assert_eq!(syncs(&base.file).len(), 3);
}

#[tokio::test]
async fn a_diff_of_unknown_syncs_leaves_the_file_alone() {
    let folder = Folder::new();
    let base = sync_into(&folder, "a.c1z", workspace(3)).await;
    let before = std::fs::read(&base.file).unwrap();
    diff(&base.file, &base.sync_id, "nothing", Limits::default(), &runtime().0).unwrap_err();
    assert_eq!(std::fs::read(&base.file).unwrap(), before);
    assert_eq!(folder.names(), ["a.c1z"]);
}

#[tokio::test]
async fn compacting_keeps_the_newest_and_follows_grants_across_files() {
    let folder = Folder::new();
    let types = || vec![user_type(), group_type()];
    let member = |name: &str| entitlement::assignment(&group(name), "member", &[user_type()]);
    let over = GrantExpandable { entitlement_ids: vec!["group:b:member".to_owned()], ..GrantExpandable::default() };
    let older = World {
        types: types(),
        resources: vec![user("u1"), group("a"), group("b")],
        entitlements: vec![member("a"), member("b")],
        grants: vec![expandable(&group("a"), "member", &id("group", "b"), &over)],
        ..World::default()
    };
    let newer = World {
        types: types(),
        resources: vec![Resource { display_name: "Renamed".to_owned(), ..user("u1") }, group("b")],
        entitlements: vec![member("b")],
        grants: vec![grant(&group("b"), "member", &id("user", "u1"))],
        ..World::default()
    };
    let inputs = [sync_into(&folder, "a.c1z", older).await, sync_into(&folder, "b.c1z", newer).await];
    // The order in which they are named does not decide.
    let named = [inputs[1].clone(), inputs[0].clone()];
    let out = folder.path("out.c1z");
    let made = compact(&named, &out, Limits::default(), &runtime().0).unwrap();
    assert_eq!((made.file.as_str(), made.sync_id.as_str()), (out.as_str(), finished(&out).id.as_str()));
    assert_eq!(get::<Resource>(&out, "user:u1").unwrap().display_name, "Renamed");
    assert_eq!(
        grants(&out),
        [
            "group:a:member:group:b",
            "group:a:member:user:u1 <- group:b:member (direct) [GrantImmutable]",
            "group:b:member:user:u1",
        ]
    );
    assert!(compact(&named, &out, Limits::default(), &runtime().0).is_err(), "the output exists");
    assert!(compact(&named[..1], &folder.path("x.c1z"), Limits::default(), &runtime().0).is_err());
}
