//! Deleting users. Source of the rules: connector-cli §11.8.

use baton_whimsical::model::Role;
use connector_sdk::error::Code;
use connector_sdk::resource::resource_id;

use crate::lab::{Lab, assert_fails};

#[tokio::test]
async fn one_who_is_gone_is_deleted_again() {
    let lab = Lab::new();
    let user = lab.member(Role::Editor);
    for _ in 0..2 {
        lab.subject.delete(&user).await.unwrap();
        assert_eq!(lab.role(&user), "none");
        assert!(!lab.subject.list().await.unwrap().contains_key(&user));
    }
}

#[tokio::test]
async fn only_users_are_deleted() {
    let lab = Lab::new();
    let user = lab.member(Role::Editor);
    let syncer = lab.subject.syncer("user");
    let deleted = syncer.deleter().unwrap().delete_resource(&resource_id("role", &user), None).await;
    assert_fails(deleted, Code::Unimplemented, "`role`");
    assert_eq!(lab.role(&user), "editor");
    assert!(lab.subject.syncer("role").deleter().is_none());
}

#[tokio::test]
async fn a_refusal_gives_the_reason_of_the_workspace_and_no_other() {
    let lab = Lab::new();
    let listed = lab.subject.list().await.unwrap();
    let mut refused = 0;
    for user in listed.keys().filter(|user| lab.role(user) == "editor") {
        if let Err(error) = lab.subject.delete(user).await {
            refused += 1;
            assert_eq!(error.code(), Code::PermissionDenied, "{error}");
            assert!(error.message().contains("administrator") && !error.message().contains("SAML"), "{error}");
        }
    }
    assert_eq!(refused, 1, "the last administrator stays");
}
