//! Revoking a role. Source of the rules: connector-cli §11.6.

use baton_whimsical::model::Role;
use baton_whimsical::{Settings, ViewerRevoke};
use connector_sdk::error::Code;
use connector_sdk::resource::resource_id;
use proto::c1::connector::v2::{GrantAlreadyRevoked, Resource};
use testkit::TOKEN;

use crate::lab::{Lab, Subject, assert_fails, grant, settings};

#[tokio::test]
async fn an_editor_becomes_a_viewer() {
    let lab = Lab::new();
    let user = lab.member(Role::Editor);
    assert!(lab.subject.revoke(Role::Editor, &user).await.unwrap().is_empty());
    assert_eq!(lab.role(&user), "viewer");
}

#[tokio::test]
async fn what_is_not_held_is_revoked_already() {
    let lab = Lab::new();
    let (editor, viewer, removed) =
        (lab.member(Role::Editor), lab.member(Role::Viewer), lab.members(Role::Editor)[1].clone());
    lab.remove(&removed);
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (role, user) in [
        (Role::Editor, viewer.as_str()),
        (Role::Editor, nobody),
        (Role::Editor, &removed),
        (Role::Viewer, &editor),
        (Role::Viewer, nobody),
        (Role::Viewer, &removed),
    ] {
        let annotations = lab.subject.revoke(role, user).await.unwrap();
        assert!(annotations.has::<GrantAlreadyRevoked>(), "{role:?} {user}");
    }
    assert_eq!((lab.role(&editor), lab.role(&viewer)), ("editor".to_owned(), "viewer".to_owned()));
}

#[tokio::test]
async fn there_is_nothing_below_viewer() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    let before = lab.scim(&user).await;
    assert!(lab.subject.revoke(Role::Viewer, &user).await.unwrap().has::<GrantAlreadyRevoked>());

    let settings = settings(&lab.workspace.scim_url(), TOKEN);
    let strict = Subject::of(Settings { viewer_revoke: ViewerRevoke::Refused, ..settings });
    assert_fails(strict.revoke(Role::Viewer, &user).await, Code::FailedPrecondition, "delete the account");
    assert_eq!(lab.scim(&user).await, before);

    // Strict is about viewers only.
    let editor = lab.member(Role::Editor);
    assert!(strict.revoke(Role::Viewer, &editor).await.unwrap().has::<GrantAlreadyRevoked>());
    assert!(strict.revoke(Role::Editor, &editor).await.unwrap().is_empty());
    assert_eq!(lab.role(&editor), "viewer");
}

#[tokio::test]
async fn grants_of_others_are_refused() {
    let lab = Lab::new();
    let user = lab.member(Role::Editor);
    let mut of_role = grant(Role::Editor, &user);
    of_role.principal = Some(Resource { id: Some(resource_id("role", &user)), ..Resource::default() });
    assert_fails(lab.subject.revoke_grant(&of_role).await, Code::InvalidArgument, "only users");
    let mut bare = grant(Role::Editor, &user);
    bare.entitlement = None;
    assert_fails(lab.subject.revoke_grant(&bare).await, Code::InvalidArgument, "entitlement");
    assert_eq!(lab.role(&user), "editor");
}
