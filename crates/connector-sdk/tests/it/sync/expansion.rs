//! Grant expansion: the worked example of the contract and its variations.

use c1z::Grants;
use connector_sdk::entitlement;
use connector_sdk::grant::grant;
use connector_sdk::sync::{Cycles, Expansion};
use proto::c1::connector::v2::{Grant, GrantExpandable};

use super::{options, run, synced};
use crate::fake::{Fake, World, expandable, group, group_type, id, runtime, user, user_type};
use crate::file::{Folder, grants, ids};

fn over(groups: &[&str]) -> GrantExpandable {
    GrantExpandable {
        entitlement_ids: groups.iter().map(|name| format!("group:{name}:member")).collect(),
        ..GrantExpandable::default()
    }
}

fn member(group_name: &str, user_name: &str) -> Grant {
    grant(&group(group_name), "member", &id("user", user_name))
}

/// The grant of membership in `outer` to the group `inner`, and so to its members.
#[expect(clippy::needless_pass_by_value, reason = "the tables below read better")]
fn nested(outer: &str, inner: &str, how: GrantExpandable) -> Grant {
    expandable(&group(outer), "member", &id("group", inner), &how)
}

/// Groups g1 to g3 with the members u1 to u3 in that order, and these further grants.
fn groups(further: Vec<Grant>) -> World {
    let names = ["g1", "g2", "g3"];
    let direct = names.iter().zip(["u1", "u2", "u3"]).map(|(group, user)| member(group, user));
    World {
        types: vec![user_type(), group_type()],
        resources: names.iter().map(|name| group(name)).chain(["u1", "u2", "u3"].map(user)).collect(),
        entitlements: names
            .iter()
            .map(|name| entitlement::assignment(&group(name), "member", &[user_type()]))
            .collect(),
        grants: direct.chain(further).collect(),
        ..World::default()
    }
}

fn chain() -> Vec<Grant> {
    vec![nested("g1", "g2", over(&["g2"])), nested("g2", "g3", over(&["g3"]))]
}

/// Syncs the groups with these further grants and compares what is beside the direct members.
async fn check(further: Vec<Grant>, expect: &[&str]) {
    let folder = synced(groups(further)).await;
    let direct = ["group:g1:member:user:u1", "group:g2:member:user:u2", "group:g3:member:user:u3"];
    let mut found = grants(&folder.file());
    found.retain(|text| !direct.contains(&text.as_str()));
    assert_eq!(found, expect);
}

#[tokio::test]
async fn the_worked_example() {
    check(
        chain(),
        &[
            "group:g1:member:group:g2",
            "group:g1:member:group:g3 <- group:g2:member (direct) [GrantImmutable]",
            "group:g1:member:user:u2 <- group:g2:member (direct) [GrantImmutable]",
            "group:g1:member:user:u3 <- group:g2:member [GrantImmutable]",
            "group:g2:member:group:g3",
            "group:g2:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
        ],
    )
    .await;
}

#[tokio::test]
async fn rows_of_the_connector_keep_their_place_and_their_expansion() {
    let folder = synced(groups(chain())).await;
    let connector: Vec<String> = ids(&folder.file(), Grants::NeedingExpansion);
    assert_eq!(connector.len(), 2);
    assert_eq!(ids(&folder.file(), Grants::All).len(), 9);
    assert!(crate::file::finished(&folder.file()).token.contains(r#""needs_expansion":true"#));
}

#[tokio::test]
async fn grants_that_exist_gain_sources() {
    let mut further = chain();
    further.extend([member("g1", "u2"), member("g1", "u3")]);
    check(
        further,
        &[
            "group:g1:member:group:g2",
            "group:g1:member:group:g3 <- group:g2:member (direct) [GrantImmutable]",
            "group:g1:member:user:u2 <- group:g1:member (direct) <- group:g2:member (direct)",
            "group:g1:member:user:u3 <- group:g1:member (direct) <- group:g2:member",
            "group:g2:member:group:g3",
            "group:g2:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
        ],
    )
    .await;
}

#[tokio::test]
async fn groups_that_contain_each_other_do_not_share_their_members() {
    let mut further = chain();
    further.push(nested("g2", "g1", over(&["g1"])));
    check(
        further,
        &[
            "group:g1:member:group:g2",
            "group:g1:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
            "group:g2:member:group:g1",
            "group:g2:member:group:g3",
            "group:g2:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_filter_lets_only_those_types_through() {
    let users_only = |name: &str| GrantExpandable { resource_type_ids: vec!["user".to_owned()], ..over(&[name]) };
    check(
        vec![nested("g1", "g2", users_only("g2")), nested("g2", "g3", users_only("g3"))],
        &[
            "group:g1:member:group:g2",
            "group:g1:member:user:u2 <- group:g2:member (direct) [GrantImmutable]",
            "group:g1:member:user:u3 <- group:g2:member [GrantImmutable]",
            "group:g2:member:group:g3",
            "group:g2:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_shallow_edge_passes_direct_members_only() {
    let shallow = GrantExpandable { shallow: true, ..over(&["g2"]) };
    check(
        vec![nested("g1", "g2", shallow), nested("g2", "g3", over(&["g3"]))],
        &[
            "group:g1:member:group:g2",
            "group:g1:member:group:g3 <- group:g2:member (direct) [GrantImmutable]",
            "group:g1:member:user:u2 <- group:g2:member (direct) [GrantImmutable]",
            "group:g2:member:group:g3",
            "group:g2:member:user:u3 <- group:g3:member (direct) [GrantImmutable]",
        ],
    )
    .await;
}

#[tokio::test]
async fn an_edge_from_nowhere_is_dropped() {
    check(vec![nested("g1", "g2", over(&["gone"]))], &["group:g1:member:group:g2"]).await;
}

async fn fails(world: World, expansion: Expansion) -> String {
    let folder = Folder::new();
    let mut options = options(&folder);
    options.expansion = expansion;
    run(&Fake::new(world), options, &runtime().0).await.unwrap_err().to_string()
}

#[tokio::test]
async fn broken_graphs_fail_the_sync() {
    let strict = |cycles, max_depth| Expansion::Follow { cycles, max_depth };
    let wrong = groups(vec![nested("g1", "g2", over(&["g3"]))]);
    let message = "source entitlement resource id did not match grant principal id";
    assert_eq!(fails(wrong, Expansion::default()).await, message);
    let mut cycle = chain();
    cycle.push(nested("g2", "g1", over(&["g1"])));
    let message = fails(groups(cycle), strict(Cycles::Refuse, 20)).await;
    assert!(message.contains("cycle detected in entitlement graph: group:g1:member, group:g2:member"), "{message}");
    let message = fails(groups(chain()), strict(Cycles::Merge, 1)).await;
    assert!(message.contains("max depth exceeded"), "{message}");
}

#[tokio::test]
async fn expansion_can_be_left_out() {
    let folder = Folder::new();
    let mut options = options(&folder);
    options.expansion = Expansion::Leave;
    run(&Fake::new(groups(chain())), options, &runtime().0).await.unwrap();
    assert_eq!(ids(&folder.file(), Grants::All).len(), 5);
}
