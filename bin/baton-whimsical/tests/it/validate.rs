//! The probe before everything else, and what its failures tell a person. Source: connector-cli §11.9.

use connector_sdk::connector::Connector as _;
use connector_sdk::error::Code;
use serde_json::json;
use testkit::TOKEN;

use crate::lab::{Lab, Subject, assert_fails, settings};

#[tokio::test]
async fn a_good_token_is_accepted() {
    assert!(Lab::new().subject.0.validate().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_token_is_named() {
    let lab = Lab::new();
    let subject = Subject::of(settings(&lab.workspace.scim_url(), "whscim_secret_of_another"));
    let error = subject.0.validate().await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(error.message().contains("the token is wrong or has been rotated"), "{error}");
    assert!(!format!("{error:?}").contains("secret_of_another"), "{error:?}");
}

#[tokio::test]
async fn a_wrong_base_url_is_named() {
    let lab = Lab::new();
    let subject = Subject::at(&format!("{}/elsewhere", lab.workspace.url()));
    assert_fails(subject.0.validate().await, Code::NotFound, "the base URL is wrong");
    let subject = Subject::at(&lab.workspace.url());
    assert_fails(subject.0.validate().await, Code::NotFound, "the base URL is wrong");
}

#[tokio::test]
async fn a_workspace_with_scim_off_is_named_whatever_its_status() {
    for (status, code) in [("403", Code::PermissionDenied), ("401", Code::Unauthenticated), ("404", Code::NotFound)] {
        let lab = Lab::new();
        lab.switch(&json!({"disabled_status": status}));
        lab.workspace.call("DELETE", "/api/workspace/scim").unwrap();
        assert_fails(lab.subject.0.validate().await, code, "switched off");
        // A listing that is "not found" must not pass for an empty one.
        let code = if code == Code::NotFound { Code::FailedPrecondition } else { code };
        assert_fails(lab.subject.list().await, code, "switched off");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let subject = Subject::of(settings(&format!("http://{address}/scim-v2"), TOKEN));
    assert_fails(subject.0.validate().await, Code::Unavailable, "cannot be reached");
}
