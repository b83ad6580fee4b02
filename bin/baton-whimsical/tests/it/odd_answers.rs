//! Answers that are not SCIM, too large, or lead elsewhere: a clear error, and nothing of the token.

use baton_whimsical::model::Role;
use connector_sdk::connector::Connector as _;
use connector_sdk::error::Code;
use serde_json::json;

use crate::lab::{Lab, Subject, assert_fails};
use crate::scripted::{Reply, Server};

#[tokio::test]
async fn an_answer_that_is_not_scim_is_an_error_everywhere() {
    let page = "<!doctype html><title>Sign in</title><p>session of ada@example.com";
    for (reply, code, text) in [
        (Reply::text(200, "text/html", page), Code::Internal, "web page"),
        (Reply::text(502, "text/html", page), Code::Unavailable, "502 Bad Gateway"),
        (Reply::text(401, "text/html", page), Code::Unauthenticated, "the token is wrong"),
        (Reply::empty(302).header("Location", "https://login.example.com/"), Code::FailedPrecondition, "redirects"),
        (Reply::empty(308).header("Location", "/scim-v2/Users"), Code::FailedPrecondition, "redirects"),
        (Reply::empty(200).header("Content-Length", "17000000"), Code::Internal, "larger than"),
        (Reply::json(418, &json!({"detail": "I am a teapot."})), Code::InvalidArgument, "I am a teapot"),
        (Reply::json(408, &json!({})), Code::DeadlineExceeded, "408"),
        (Reply::json(501, &json!({})), Code::Unimplemented, "501"),
    ] {
        let answer = reply.clone();
        let server = Server::start(move |_, _| answer.clone());
        let failures = [
            server.subject().0.validate().await.unwrap_err(),
            server.subject().list().await.unwrap_err(),
            server.subject().grant(Role::Editor, "u1").await.unwrap_err(),
            server.subject().revoke(Role::Editor, "u1").await.unwrap_err(),
        ];
        for error in failures {
            assert_eq!(error.code(), code, "{reply:?}: {error}");
            assert!(error.message().contains(text), "{reply:?}: {error}");
            assert!(!format!("{error:?}").contains("ada@example.com"), "{error:?}");
        }
        assert_eq!(server.requests().len(), 4, "nothing is repeated or followed: {reply:?}");
    }
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect() {
    let other = Server::start(|_, _| Reply::json(200, &json!({"totalResults": 0})));
    let target = other.url();
    let server = Server::start(move |_, _| Reply::empty(307).header("Location", &format!("{target}/Users")));
    assert_fails(server.subject().0.validate().await, Code::FailedPrecondition, "redirects");
    assert_fails(server.subject().create("a@example.com", &[]).await, Code::FailedPrecondition, "redirects");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let body = "x".repeat(17 * 1024 * 1024);
    // Without a length, so that only the reading tells.
    let server = Server::start(move |_, _| Reply::unsized_text(&body));
    assert_fails(server.subject().0.validate().await, Code::Internal, "larger than");
}

#[tokio::test]
async fn a_listing_that_stays_unreadable_is_given_up() {
    let lab = Lab::new();
    lab.spoil("GET", "/Users", 100, &json!({"kind": "truncated_json", "bytes": 400}));
    let subject = Subject::at(&lab.workspace.scim_url());
    for code in [Code::Unavailable, Code::Unavailable, Code::Internal] {
        assert_fails(subject.list().await, code, "not SCIM JSON");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_never_taken_for_whole() {
    let lab = Lab::new();
    for bytes in [0, 1, 400, 2_000] {
        lab.spoil("GET", "/Users", 1, &json!({"kind": "truncated_body", "bytes": bytes}));
        let subject = Subject::at(&lab.workspace.scim_url());
        assert_fails(subject.list().await, Code::Unavailable, "broke");
    }
    assert_eq!(lab.subject.list().await.unwrap().len(), crate::lab::USERS as usize);
}
