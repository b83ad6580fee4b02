//! Granting a role. Source of the rules: connector-cli §11.5.

use baton_whimsical::model::{ROLE_TYPE, Role, USER_TYPE};
use baton_whimsical::{Settings, ViewerRevoke};
use connector_sdk::error::Code;
use connector_sdk::resource::resource_id;
use proto::c1::connector::v2::{Entitlement, GrantAlreadyExists, GrantReplaced, Resource};
use testkit::TOKEN;

use crate::lab::{Lab, Subject, assert_fails, entitlement, grant, made, settings};

#[tokio::test]
async fn a_role_that_is_held_is_granted_without_a_write() {
    let lab = Lab::new();
    for role in Role::ALL {
        let user = lab.member(role);
        let before = lab.scim(&user).await;
        let granted = lab.subject.grant(role, &user).await.unwrap();
        assert!(granted.annotations.has::<GrantAlreadyExists>());
        assert!(!granted.annotations.has::<GrantReplaced>());
        assert_eq!(granted.grants, [grant(role, &user)]);
        assert_eq!(lab.scim(&user).await, before);
    }
}

#[tokio::test]
async fn a_new_role_replaces_the_other() {
    let lab = Lab::new();
    for role in Role::ALL {
        let user = lab.member(role.other());
        let granted = lab.subject.grant(role, &user).await.unwrap();
        let replaced: GrantReplaced = granted.annotations.pick().unwrap().unwrap();
        assert_eq!(replaced.replaced_grant_id, format!("role:{}:assigned:user:{user}", role.other().id()));
        assert!(!granted.annotations.has::<GrantAlreadyExists>());
        assert_eq!(granted.grants, [grant(role, &user)]);
        assert_eq!(lab.role(&user), role.id());
    }
}

#[tokio::test]
async fn a_pending_user_is_given_the_role_to_come() {
    let lab = Lab::new();
    let user = made(lab.subject.create("new@example.com", &[("editor", false.into())]).await);
    lab.subject.grant(Role::Editor, &user).await.unwrap();
    assert_eq!(lab.role(&user), "(editor)");
}

#[tokio::test]
async fn one_who_is_not_there_is_not_found() {
    let lab = Lab::new();
    for user in ["00000000-0000-4000-8000-000000000000", "a/../b?c", "ü"] {
        let granted = lab.subject.grant(Role::Editor, user).await;
        assert_fails(granted, Code::NotFound, "the user is not in the workspace");
    }
}

#[tokio::test]
async fn one_who_was_removed_has_to_come_back_first() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    lab.remove(&user);
    assert_fails(lab.subject.grant(Role::Editor, &user).await, Code::FailedPrecondition, "removed");
    assert_eq!(lab.scim(&user).await["active"], false);
}

#[tokio::test]
async fn only_users_hold_only_the_two_roles() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    for principal in [resource_id(ROLE_TYPE, "viewer"), resource_id("team", &user), resource_id("", &user)] {
        let granted = lab.subject.grant_to(principal, &entitlement(Role::Editor)).await;
        assert_fails(granted, Code::InvalidArgument, "only users");
    }
    let of = |kind: &str, id: &str| Entitlement {
        id: format!("{kind}:{id}:assigned"),
        resource: Some(Resource { id: Some(resource_id(kind, id)), ..Resource::default() }),
        ..Entitlement::default()
    };
    let foreign = [of("team", "editor"), of(ROLE_TYPE, "owner"), of(ROLE_TYPE, "Editor"), Entitlement::default()];
    for entitlement in foreign {
        let granted = lab.subject.grant_to(resource_id(USER_TYPE, &user), &entitlement).await;
        assert_fails(granted, Code::InvalidArgument, &entitlement.id);
    }
    assert_eq!(lab.role(&user), "viewer");
}

#[tokio::test]
async fn another_slug_is_in_every_id() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    let settings = settings(&lab.workspace.scim_url(), TOKEN);
    let settings = Settings { slug: "member".to_owned(), viewer_revoke: ViewerRevoke::NothingToDo, ..settings };
    let granted = Subject::of(settings).grant(Role::Editor, &user).await.unwrap();
    assert_eq!(granted.grants[0].id, format!("role:editor:member:user:{user}"));
    let replaced: GrantReplaced = granted.annotations.pick().unwrap().unwrap();
    assert_eq!(replaced.replaced_grant_id, format!("role:viewer:member:user:{user}"));
}
