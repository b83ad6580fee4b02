//! Principals of another file.

use c1z::{Grants, ResourceTypes, Resources};
use connector_sdk::annotations::{contains, pack};
use connector_sdk::entitlement;
use connector_sdk::grant::grant;
use connector_sdk::sync::ExternalSource;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    BatonId, ExternalResourceMatch, ExternalResourceMatchAll, ExternalResourceMatchId, Grant, GrantExpandable, Resource,
};
use proto::{Message, Name};

use super::{options, run, synced};
use crate::fake::{Fake, World, group, group_type, id, role, role_type, runtime, user, user_type};
use crate::file::{Folder, get, grants, ids};

/// The directory: users u1 and u2, both in the group g.
async fn directory() -> Folder {
    synced(World {
        types: vec![user_type(), group_type(), role_type()],
        resources: vec![user("u1"), user("u2"), group("g"), role("internal")],
        entitlements: vec![entitlement::assignment(&group("g"), "member", &[user_type()])],
        grants: ["u1", "u2"].map(|name| grant(&group("g"), "member", &id("user", name))).into(),
        ..World::default()
    })
    .await
}

/// The role grant to whom the annotation names.
fn to<M: Message + Name>(wish: &M) -> Grant {
    let mut one = grant(&role("editor"), "assigned", &id("user", "placeholder"));
    one.annotations.push(pack(wish));
    one
}

async fn with_directory(wish: Grant, entitlement_id: Option<&str>) -> Folder {
    let other = directory().await;
    let folder = Folder::new();
    let mut options = options(&folder);
    options.external = Some(ExternalSource {
        file: other.file(),
        entitlement_id: entitlement_id.map(str::to_owned),
        traits: Vec::new(),
    });
    let world = World {
        types: vec![role_type()],
        resources: vec![role("editor")],
        entitlements: vec![entitlement::assignment(&role("editor"), "assigned", &[])],
        grants: vec![wish],
        ..World::default()
    };
    run(&Fake::new(world), options, &runtime().0).await.unwrap();
    folder
}

#[tokio::test]
async fn grants_find_their_principals() {
    let all = ExternalResourceMatchAll { resource_type: Trait::User.into() };
    let one = ExternalResourceMatchId { id: "u2".to_owned() };
    let by_email = ExternalResourceMatch {
        resource_type: Trait::User.into(),
        key: "email".to_owned(),
        value: "u1@example.com".to_owned(),
    };
    for (wish, expect) in [(to(&all), &["u1", "u2"][..]), (to(&one), &["u2"]), (to(&by_email), &["u1"])] {
        let folder = with_directory(wish, None).await;
        let mut found = ids(&folder.file(), Grants::OfEntitlement("role:editor:assigned"));
        found.sort();
        let expect: Vec<String> = expect.iter().map(|name| format!("role:editor:assigned:user:{name}")).collect();
        assert_eq!(found, expect);
    }
}

#[tokio::test]
async fn principals_come_with_their_types_and_memberships() {
    let folder = with_directory(to(&ExternalResourceMatchId { id: "nobody".to_owned() }), None).await;
    let file = folder.file();
    let mut types = ids(&file, ResourceTypes::All);
    types.sort();
    assert_eq!(types, ["group", "role", "user"]);
    let mut resources = ids(&file, Resources::All);
    resources.sort();
    assert_eq!(resources, ["group:g", "role:editor", "user:u1", "user:u2"]);
    let brought: Resource = get(&file, "user:u1").unwrap();
    assert!(contains::<BatonId>(&brought.annotations));
    assert_eq!(grants(&file), ["group:g:member:user:u1 [GrantImmutable]", "group:g:member:user:u2 [GrantImmutable]"]);
}

#[tokio::test]
async fn an_expandable_grant_to_a_group_reaches_its_members() {
    let mut wish = to(&ExternalResourceMatchId { id: "g".to_owned() });
    wish.annotations.push(pack(&GrantExpandable {
        entitlement_ids: vec!["bid:e:group/g:member".to_owned()],
        ..GrantExpandable::default()
    }));
    let folder = with_directory(wish, None).await;
    let mut found = ids(&folder.file(), Grants::OfEntitlement("role:editor:assigned"));
    found.sort();
    assert_eq!(found, ["role:editor:assigned:group:g", "role:editor:assigned:user:u1", "role:editor:assigned:user:u2"]);
}

#[tokio::test]
async fn an_entitlement_limits_who_is_brought() {
    let all = ExternalResourceMatchAll { resource_type: Trait::User.into() };
    let folder = with_directory(to(&all), Some("group:g:member")).await;
    let mut resources = ids(&folder.file(), Resources::All);
    resources.sort();
    assert_eq!(resources, ["role:editor", "user:u1", "user:u2"]);
}
