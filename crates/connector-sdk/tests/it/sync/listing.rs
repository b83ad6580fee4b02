//! What ends up in the file, and how.

use std::time::Duration;

use c1z::{Entitlements, Grants, ResourceTypes, Resources};
use connector_sdk::annotations::{pack, pick};
use connector_sdk::entitlement;
use connector_sdk::resource::Builder;
use connector_sdk::sync::{Depth, SyncOptions, Workers};
use proto::c1::connector::v2::{
    ChildResourceType, Entitlement, EntitlementExclusionGroup, GrantAlreadyExists, InsertResourceGrants, Resource,
    SkipEntitlements, SkipEntitlementsAndGrants, SkipGrants, TypeScopedEntitlements, TypeScopedGrants,
};

use super::{options, run, synced};
use crate::fake::{
    Fake, World, annotated, group, group_type, id, role, role_type, runtime, user, user_type, workspace,
};
use crate::file::{Folder, content, finished, get, ids};

#[tokio::test]
async fn a_plain_full_sync_ends_as_other_writers_end_it() {
    let folder = synced(workspace(25)).await;
    let run = finished(&folder.file());
    assert_eq!(
        run.token,
        r#"{"current_action_id":15,"completed_actions_count":15,"ingest_quality":{"source_cache_replay_blocked":true,"reason_flags":32},"version":1}"#
    );
    assert_eq!(run.kind, c1z::SyncType::Full);
    assert!(run.supports_diff);
    assert_eq!((run.ingest.generation.as_str(), run.ingest.coverage.as_str()), ("1", r#"["I5","I10"]"#));
    assert_eq!(run.ingest.mode, "connector");
    let stats = run.stats.unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (2, 27, 2, 25));
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[tokio::test]
async fn each_page_is_asked_for_once() {
    let fake = Fake::new(World { grants_with_resources: true, ..workspace(25) });
    let folder = Folder::new();
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let users: Vec<String> = fake.calls().into_iter().filter(|call| call.contains("user")).collect();
    assert_eq!(users, ["resources user", "resources user@10", "resources user@20", "templates user"]);
    assert_eq!(content(&folder.file()), content(&synced(workspace(25)).await.file()));
}

#[tokio::test]
async fn workers_change_nothing_but_the_order() {
    let one = synced(workspace(60)).await;
    for workers in [Workers::Fixed(4), Workers::Auto] {
        let folder = Folder::new();
        let mut options = options(&folder);
        options.workers = workers;
        run(&Fake::new(workspace(60)), options, &runtime().0).await.unwrap();
        assert_eq!(content(&folder.file()), content(&one.file()));
        assert_eq!(finished(&folder.file()).token, finished(&one.file()).token);
    }
}

#[tokio::test]
async fn depth_decides_what_is_read_and_the_type_of_the_sync() {
    for (depth, kind, entitlements, grants) in [
        (Depth::Everything, "full", 2, 5),
        (Depth::SkipGrants, "full", 2, 0),
        (Depth::SkipEntitlementsAndGrants, "resources_only", 0, 0),
        (Depth::Nothing, "full", 0, 0),
    ] {
        for with_resources in [false, true] {
            let fake = Fake::new(World { grants_with_resources: with_resources, ..workspace(5) });
            let folder = Folder::new();
            let mut options = options(&folder);
            options.depth = depth;
            run(&fake, options, &runtime().0).await.unwrap();
            let file = folder.file();
            assert_eq!(finished(&file).kind.as_str(), kind, "{depth:?}");
            assert_eq!(ids(&file, Entitlements::All).len(), entitlements, "{depth:?}");
            assert_eq!(ids(&file, Grants::All).len(), grants, "{depth:?}");
        }
    }
}

#[tokio::test]
async fn the_type_filter_keeps_only_those_types() {
    let folder = Folder::new();
    let mut only_users = options(&folder);
    only_users.resource_types = vec!["user".to_owned()];
    let world = World { grants_with_resources: true, ..workspace(5) };
    run(&Fake::new(world), only_users, &runtime().0).await.unwrap();
    let file = folder.file();
    assert_eq!(ids(&file, ResourceTypes::All), ["user"]);
    assert_eq!(ids(&file, Resources::All).len(), 5);
    // Their entitlements are of a type that is not there.
    assert_eq!(ids(&file, Grants::All), Vec::<String>::new());
    assert!(finished(&file).token.contains(r#""grants_dropped":5,"reason_flags":34"#));
}

#[tokio::test]
async fn an_unknown_type_in_the_filter_is_refused_after_the_credentials_were_checked() {
    let folder = Folder::new();
    let mut options = options(&folder);
    options.resource_types = vec!["user".to_owned(), "team".to_owned()];
    let fake = Fake::new(workspace(5));
    let error = run(&fake, options, &runtime().0).await.unwrap_err();
    assert_eq!(error.to_string(), "invalid resource type 'team' in filter");
    assert_eq!(fake.calls(), ["validate"]);
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[tokio::test]
async fn children_are_listed_once_below_each_parent() {
    let parent = |name: &str| {
        let child = |id: &str| ChildResourceType { resource_type_id: id.to_owned() };
        Builder::new(id("group", name), name)
            .group(proto::c1::connector::v2::GroupTrait::default())
            .annotation(&child("user"))
            .annotation(&child("user"))
            .annotation(&child("unknown"))
            .build()
    };
    let below = |name: &str, group: &str| Resource { parent_resource_id: Some(id("group", group)), ..user(name) };
    let fake = Fake::new(World {
        types: vec![user_type(), group_type()],
        resources: vec![parent("a"), parent("b"), below("u1", "a"), below("u2", "b"), user("u3")],
        ..World::default()
    });
    let folder = Folder::new();
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let mut calls: Vec<String> = fake.calls().into_iter().filter(|call| call.starts_with("resources user")).collect();
    calls.sort();
    assert_eq!(calls, ["resources user", "resources user group:a", "resources user group:b"]);
    let mut users = ids(&folder.file(), Resources::OfType("user"));
    users.sort();
    assert_eq!(users, ["user:u1", "user:u2", "user:u3"]);
}

#[tokio::test]
async fn templates_are_instantiated_for_every_resource() {
    let group_of = |scoped| EntitlementExclusionGroup {
        exclusion_group_id: "level".to_owned(),
        scope_to_resource: scoped,
        ..EntitlementExclusionGroup::default()
    };
    let template = |slug: &str, display_name: &str, scoped| Entitlement {
        slug: slug.to_owned(),
        display_name: display_name.to_owned(),
        annotations: vec![pack(&group_of(scoped))],
        ..Entitlement::default()
    };
    let world = World {
        types: vec![role_type(), user_type()],
        resources: vec![role("a"), role("b"), user("u")],
        templates: [("role".to_owned(), vec![template("read", "Read", true), template("write", "", false)])].into(),
        page_size: 1,
        ..World::default()
    };
    let file = synced(world).await;
    let mut found = ids(&file.file(), Entitlements::All);
    found.sort();
    assert_eq!(found, ["role:a:read", "role:a:write", "role:b:read", "role:b:write"]);
    let entitlement = |id: &str| get::<Entitlement>(&file.file(), id).unwrap();
    let group =
        |id: &str| pick::<EntitlementExclusionGroup>(&entitlement(id).annotations).unwrap().unwrap().exclusion_group_id;
    assert_eq!((entitlement("role:a:read").display_name, group("role:a:read")), ("Read".into(), "level-a".into()));
    assert_eq!((entitlement("role:b:write").display_name, group("role:b:write")), ("Role b".into(), "level".into()));
    assert_eq!(entitlement("role:b:read").resource.unwrap().id, Some(id("role", "b")));
}

#[tokio::test]
async fn annotations_decide_which_listings_are_skipped() {
    let marked = |annotation| Resource { annotations: [group("x").annotations, annotation].concat(), ..group("x") };
    let both = ["entitlements group group:x", "grants group group:x"];
    for (on_type, on_resource, expect) in [
        (group_type(), vec![], &both[..]),
        (annotated::<SkipEntitlementsAndGrants>(group_type()), vec![], &[]),
        (annotated::<SkipEntitlements>(group_type()), vec![], &both[1..]),
        (annotated::<SkipGrants>(group_type()), vec![], &both[..]),
        (group_type(), vec![pack(&SkipEntitlementsAndGrants::default())], &[]),
        (group_type(), vec![pack(&SkipEntitlements::default())], &both[1..]),
        (group_type(), vec![pack(&SkipGrants::default())], &both[..1]),
        (annotated::<TypeScopedEntitlements>(group_type()), vec![], &["all-entitlements group", both[1]]),
        (annotated::<TypeScopedGrants>(group_type()), vec![], &[both[0], "all-grants group"]),
    ] {
        let fake = Fake::new(World {
            types: vec![on_type.clone()],
            resources: vec![marked(on_resource.clone())],
            ..World::default()
        });
        let folder = Folder::new();
        run(&fake, options(&folder), &runtime().0).await.unwrap();
        let listed: Vec<String> = fake
            .calls()
            .into_iter()
            .filter(|call| call.contains("entitlements ") || call.contains("grants "))
            .collect();
        assert_eq!(listed, expect, "{:?} {on_resource:?}", on_type.annotations);
    }
}

#[tokio::test]
async fn whole_type_listings_store_everything() {
    let scoped = annotated::<TypeScopedGrants>(annotated::<TypeScopedEntitlements>(role_type()));
    let world = World { types: vec![annotated::<SkipEntitlementsAndGrants>(user_type()), scoped], ..workspace(25) };
    let entitlements = |file| ids(file, Entitlements::All).len();
    let folder = synced(world).await;
    assert_eq!(entitlements(&folder.file()), 2);
    assert_eq!(ids(&folder.file(), Grants::All).len(), 25);
}

#[tokio::test]
async fn resources_can_be_brought_by_grants() {
    let mut world = workspace(2);
    world.resources.retain(|one| one.id != Some(id("role", "viewer")));
    world.resources.push(role("other"));
    world.grants = vec![connector_sdk::grant::grant(&role("viewer"), "assigned", &id("user", "u001"))];
    for grant in &mut world.grants {
        grant.annotations.push(pack(&GrantAlreadyExists::default()));
    }
    world.types[1] = annotated::<TypeScopedGrants>(role_type());
    let stamped = connector_sdk::annotations::Annotations::new().with(&InsertResourceGrants::default());
    world.annotations.insert("all-grants role".to_owned(), stamped);
    let folder = synced(world).await;
    assert!(ids(&folder.file(), Resources::All).contains(&"role:viewer".to_owned()));
    let grant = "role:viewer:assigned:user:u001 [GrantAlreadyExists] [InsertResourceGrants]";
    assert_eq!(crate::file::grants(&folder.file()), [grant]);
}

#[tokio::test]
async fn a_second_sync_joins_the_first_and_old_ones_go() {
    let folder = Folder::new();
    for users in [3, 4, 5] {
        run(&Fake::new(workspace(users)), options(&folder), &runtime().0).await.unwrap();
    }
    let kept: Vec<u64> =
        crate::file::syncs(&folder.file()).into_iter().map(|run| run.stats.unwrap().resources).collect();
    assert_eq!(kept, [6, 7]);
}

#[test]
fn entitlement_helpers_fill_the_names() {
    let one = entitlement::assignment(&role("a"), "assigned", &[]);
    assert_eq!(
        (one.id.as_str(), one.display_name.as_str(), one.slug.as_str()),
        ("role:a:assigned", "assigned", "assigned")
    );
}

#[tokio::test]
async fn more_resources_than_a_page_of_the_plan_are_all_listed() {
    let users = |number: usize| user(&format!("u{number}"));
    let world = World { types: vec![user_type()], resources: (0..10_001).map(users).collect(), ..World::default() };
    let fake = Fake::new(world);
    let folder = Folder::new();
    let options = SyncOptions { checkpoint_interval: Duration::from_secs(1), ..options(&folder) };
    run(&fake, options, &runtime().0).await.unwrap();
    let mut listed: Vec<String> =
        fake.calls().into_iter().filter(|call| call.starts_with("grants user user:")).collect();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), 10_001);
}
