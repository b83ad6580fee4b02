//! What the engine refuses from a connector.

use connector_sdk::annotations::{Annotations, pack};
use connector_sdk::entitlement;
use proto::c1::connector::v2::{BatonId, EnqueuePageTokens, Entitlement, EntitlementExclusionGroup, Resource};

use super::{options, run, synced};
use crate::fake::{Fake, World, id, role, role_type, runtime, user, user_type};
use crate::file::{Folder, finished, ids};

async fn refused(world: World) -> String {
    let folder = Folder::new();
    run(&Fake::new(world), options(&folder), &runtime().0).await.unwrap_err().to_string()
}

fn users(resources: Vec<Resource>) -> World {
    World { types: vec![user_type()], resources, ..World::default() }
}

#[tokio::test]
async fn a_resource_needs_the_traits_of_its_type() {
    let bare = Resource { annotations: vec![], ..user("u1") };
    assert_eq!(refused(users(vec![bare])).await, "resource was missing expected trait UserTrait");
}

#[tokio::test]
async fn the_mark_of_external_principals_is_not_for_connectors() {
    let mut marked = user("u1");
    marked.annotations.push(pack(&BatonId::default()));
    let message = refused(users(vec![marked])).await;
    assert!(message.starts_with("rpc error: code = Internal desc = "), "{message}");
}

#[tokio::test]
async fn records_without_an_id_are_left_out_and_counted() {
    let nameless = Resource { id: Some(id("user", "")), ..user("u1") };
    let folder = synced(users(vec![nameless, user("u2"), Resource { id: None, ..user("u3") }])).await;
    assert_eq!(ids(&folder.file(), c1z::Resources::All), ["user:u2"]);
    assert!(finished(&folder.file()).token.contains(r#""invalid_resources_observed":2"#));
}

fn grouped(members: usize, defaults: usize) -> Vec<Entitlement> {
    let member = |number: usize| {
        let group = EntitlementExclusionGroup {
            exclusion_group_id: "level".to_owned(),
            is_default: number < defaults,
            ..EntitlementExclusionGroup::default()
        };
        let mut one = entitlement::permission(&role("r"), &format!("p{number}"), &[]);
        one.annotations.push(pack(&group));
        one
    };
    (0..members).map(member).collect()
}

#[tokio::test]
async fn exclusion_groups_have_to_make_sense() {
    for (members, defaults, problem) in
        [(50, 1, None), (2, 2, Some("more than one default")), (51, 0, Some("more than 50"))]
    {
        let world = World {
            types: vec![role_type()],
            resources: vec![role("r")],
            entitlements: grouped(members, defaults),
            ..World::default()
        };
        let folder = Folder::new();
        let result = run(&Fake::new(world), options(&folder), &runtime().0).await;
        match problem {
            None => assert!(result.is_ok(), "{result:?}"),
            Some(problem) => {
                let message = result.unwrap_err().to_string();
                assert!(message.contains("invariant I5") && message.contains(problem), "{message}");
                assert!(crate::file::syncs(&folder.file())[0].ended_at.is_none());
            }
        }
    }
}

fn with_cursors(tokens: &[&str]) -> World {
    let request = EnqueuePageTokens {
        page_tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        ..EnqueuePageTokens::default()
    };
    World {
        types: vec![user_type()],
        resources: (0..9).map(|number| user(&format!("u{number}"))).collect(),
        page_size: 3,
        annotations: [("resources user".to_owned(), Annotations::new().with(&request))].into(),
        ..World::default()
    }
}

#[tokio::test]
async fn sibling_cursors_are_walked_too() {
    let fake = Fake::new(with_cursors(&["a", "b"]));
    let folder = Folder::new();
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let calls: Vec<String> = fake.calls().into_iter().filter(|call| call.starts_with("resources ")).collect();
    assert!(calls.contains(&"resources user@a".to_owned()) && calls.contains(&"resources user@b".to_owned()));
    assert_eq!(ids(&folder.file(), c1z::Resources::All).len(), 9);
}

#[tokio::test]
async fn requests_for_cursors_have_limits() {
    let many: Vec<String> = (0..1025).map(|number| format!("t{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (tokens, problem) in [
        (&many[..], "more than 1024 page tokens"),
        (&["a", ""][..], "an empty page token"),
        (&["a", "a"][..], "the same page token twice"),
    ] {
        let message = refused(with_cursors(tokens)).await;
        assert!(message.contains(problem), "{message}");
    }
}
