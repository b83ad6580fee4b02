//! Listing users with their grants, and reading a single one.

use baton_whimsical::model::{Role, user_id};
use connector_sdk::connector::PageToken;
use connector_sdk::error::Code;
use serde_json::{Value, json};

use crate::lab::{EXTENSION, Lab, USERS, assert_fails, grant, id};
use crate::scripted::{Reply, Server};

#[tokio::test]
async fn every_user_is_listed_once_with_the_role_that_is_held() {
    let lab = Lab::new();
    let removed = lab.member(Role::Editor);
    lab.remove(&removed);
    let users = lab.subject.list().await.unwrap();
    assert_eq!(users.len(), USERS as usize);
    assert_eq!(users[&removed], Vec::<String>::new());
    for role in Role::ALL {
        for member in lab.members(role) {
            assert_eq!(users[&member], [grant(role, &member).id]);
        }
    }
}

#[tokio::test]
async fn one_user_is_read_as_the_listing_tells_it() {
    let lab = Lab::new();
    let (editor, removed) = (lab.member(Role::Editor), lab.member(Role::Viewer));
    lab.remove(&removed);
    let syncer = lab.subject.syncer("user");
    let listed = syncer.list_resources(None, &PageToken::start()).await.unwrap();
    let getter = syncer.getter().unwrap();
    for (user, grants) in [(&editor, vec![grant(Role::Editor, &editor)]), (&removed, vec![])] {
        let found = getter.get_resource(&user_id(user), None).await.unwrap();
        assert_eq!(Some(&found.resource), listed.resources.iter().find(|resource| id(resource) == **user));
        assert_eq!(found.grants, grants);
    }
    let nobody = getter.get_resource(&user_id("00000000-0000-4000-8000-000000000000"), None).await;
    assert_fails(nobody.map(|found| id(&found.resource)), Code::NotFound, "the user is not in the workspace");
}

#[tokio::test]
async fn both_roles_are_there_in_an_empty_workspace() {
    let server = Server::start(|_, _| Reply::json(200, &json!({"totalResults": 0})));
    let syncer = server.subject().syncer("role");
    let page = syncer.list_resources(None, &PageToken::start()).await.unwrap();
    assert_eq!(page.resources.iter().map(id).collect::<Vec<_>>(), ["editor", "viewer"]);
    for role in &page.resources {
        let entitlements = syncer.list_entitlements(role, &PageToken::start()).await.unwrap().entitlements;
        let ids: Vec<_> = entitlements.iter().map(|entitlement| entitlement.id.clone()).collect();
        assert_eq!(ids, [format!("role:{}:assigned", id(role))]);
    }
    assert_eq!(server.requests().len(), 0, "roles need no request");
}

#[tokio::test]
async fn a_page_token_of_others_is_refused() {
    let lab = Lab::new();
    let page = lab.subject.syncer("user").list_resources(None, &PageToken::new("101")).await;
    assert_fails(page.map(|_| ()), Code::InvalidArgument, "page token");
}

/// A service with 250 users in pages of at most 100, whose pages go through `spoil`.
fn service(spoil: impl Fn(u64, Value) -> Value + Send + 'static) -> Server {
    Server::start(move |request, _| {
        let start = request.start_index();
        let user = |id: u64| json!({"id": format!("u{id}"), "userName": "a@x.io", EXTENSION: {"editor": id > 99}});
        let users: Vec<Value> = (start..(start + 100).min(251)).map(user).collect();
        Reply::json(200, &spoil(start, json!({"totalResults": 250, "Resources": users})))
    })
}

#[tokio::test]
async fn each_page_is_asked_for_once() {
    let server = service(|_, page| page);
    assert_eq!(server.subject().list().await.unwrap().len(), 250);
    let starts: Vec<u64> = server.requests().iter().map(crate::scripted::Request::start_index).collect();
    assert_eq!(starts, [1, 101, 201, 251]);
    let head = &server.requests()[0].head;
    assert!(head.contains("accept: application/scim+json, application/json\n"), "{head}");
    assert!(head.contains(&format!("authorization: bearer {}\n", testkit::TOKEN)), "{head}");
}

#[tokio::test]
async fn a_short_listing_never_passes_for_a_complete_one() {
    type Spoil = fn(u64, Value) -> Value;
    let no_resources: Spoil = |_, _| json!({"totalResults": 250});
    let high_total: Spoil = |_, mut page| {
        page["totalResults"] = json!("251");
        page
    };
    let lost: Spoil = |start, mut page| {
        if start == 101 {
            page["Resources"].as_array_mut().unwrap().clear();
        }
        page
    };
    for spoil in [no_resources, high_total, lost] {
        assert_fails(service(spoil).subject().list().await, Code::Internal, "list users");
    }
    let deaf = Server::start(|_, _| Reply::json(200, &json!({"totalResults": 2, "Resources": [{"id": "u1"}]})));
    assert_fails(deaf.subject().list().await, Code::Internal, "startIndex");
}

#[tokio::test]
async fn a_few_unreadable_users_are_skipped_and_many_are_an_error() {
    let without_id = |bad: usize| {
        move |start: u64, mut page: Value| {
            let users = page["Resources"].as_array_mut().unwrap().iter_mut();
            users.take(if start == 1 { bad } else { 0 }).for_each(|user| user["id"] = Value::Null);
            page
        }
    };
    assert_eq!(service(without_id(5)).subject().list().await.unwrap().len(), 245);
    assert_fails(service(without_id(6)).subject().list().await, Code::Internal, "6 of 100 users");
}
