//! Answers that are lost, late or ask for patience: when a change is repeated. Source: whimsical-scim §3.3.
//!
//! The waits are real, so every test here repeats once or twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use baton_whimsical::model::Role;
use connector_sdk::error::Code;
use serde_json::json;

use crate::lab::{EXTENSION, Lab, assert_fails, made};
use crate::scripted::{Reply, Server};

#[tokio::test]
async fn a_lost_creation_is_looked_up_before_it_is_repeated() {
    for (kind, posts) in [("close_after", 1), ("close_before", 2)] {
        let lab = Lab::new();
        lab.spoil("POST", "/Users", 1, &json!({"kind": kind}));
        // This one does no harm and counts.
        lab.spoil("POST", "/Users", 100, &json!({"kind": "delay", "millis": 0}));
        let user = made(lab.subject.create("new@example.com", &[("editor", true.into())]).await);
        assert_eq!(lab.role(&user), "(editor)");
        assert_eq!(lab.fault()["count"], 100 - posts, "{kind}");
    }
}

#[tokio::test]
async fn a_creation_is_looked_up_after_a_server_error_and_not_after_a_refusal() {
    for (status, expected) in
        [(503, ["POST", "GET", "POST"].as_slice()), (500, &["POST", "GET", "POST"]), (429, &["POST", "POST"])]
    {
        let server = Server::start(move |request, number| match (request.method.as_str(), number) {
            (_, 0) => Reply::json(status, &json!({})).header("Retry-After", "1"),
            ("GET", _) => Reply::json(200, &json!({"totalResults": 0, "Resources": []})),
            _ => Reply::json(201, &json!({"id": "u1", EXTENSION: {}})),
        });
        assert_eq!(made(server.subject().create("a@example.com", &[]).await), "u1");
        assert_eq!(server.methods(), expected, "{status}");
    }
}

#[tokio::test]
async fn one_who_is_found_after_a_lost_answer_is_brought_to_what_was_asked_for() {
    let is_active = AtomicBool::new(false);
    let server = Server::start(move |request, _| {
        if request.method == "POST" {
            return Reply::hang_up();
        }
        is_active.fetch_or(request.method == "PATCH", Ordering::Relaxed);
        let active = is_active.load(Ordering::Relaxed);
        let user = json!({"id": "u1", "userName": "a@example.com", "active": active, EXTENSION: {"editor": active}});
        match request.method.as_str() {
            "PATCH" => Reply::json(200, &user),
            _ => Reply::json(200, &json!({"totalResults": 1, "Resources": [user]})),
        }
    });
    assert_eq!(made(server.subject().create("a@example.com", &[("editor", true.into())]).await), "u1");
    let patch = server.requests().pop().unwrap();
    let value = json!({"active": true, EXTENSION: {"editor": true}});
    assert_eq!(patch.body["Operations"], json!([{"op": "replace", "value": value}]));
}

#[tokio::test]
async fn a_creation_that_is_refused_is_not_repeated() {
    for (status, code) in [
        (400, Code::InvalidArgument),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (501, Code::Unimplemented),
    ] {
        let server = Server::start(move |_, _| Reply::json(status, &json!({"detail": "No."})));
        assert_fails(server.subject().create("a@example.com", &[]).await, code, "No");
        assert_eq!(server.methods(), ["POST"]);
    }
}

#[tokio::test]
async fn a_lost_deletion_is_repeated_and_finds_nobody() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    lab.spoil("DELETE", "/Users", 1, &json!({"kind": "close_after"}));
    lab.subject.delete(&user).await.unwrap();
    assert_eq!((lab.role(&user), lab.fault()), ("none".to_owned(), json!(null)));

    let server = Server::start(|_, number| if number == 0 { Reply::hang_up() } else { Reply::json(404, &json!({})) });
    server.subject().delete("u1").await.unwrap();
    assert_eq!(server.methods(), ["DELETE", "DELETE"]);
}

#[tokio::test]
async fn an_internal_error_is_repeated_twice() {
    let server = Server::start(|_, _| Reply::json(500, &json!({"detail": "Broken."})));
    assert_fails(server.subject().delete("u1").await, Code::Unavailable, "Broken");
    assert_eq!(server.methods(), ["DELETE", "DELETE", "DELETE"]);
}

#[tokio::test]
async fn a_refused_deletion_is_not_repeated() {
    let server = Server::start(|_, _| Reply::json(403, &json!({"detail": "The last one stays."})));
    assert_fails(server.subject().delete("u1").await, Code::PermissionDenied, "The last one stays");
    assert_eq!(server.methods(), ["DELETE"]);
}

#[tokio::test]
async fn a_rate_limit_holds_every_request_back() {
    for status in [429, 503] {
        let server = Server::start(move |_, number| match number {
            0 => Reply::json(status, &json!({})).header("Retry-After", "2"),
            _ => Reply::json(200, &json!({"id": "u1", EXTENSION: {"editor": true}})),
        });
        let subject = server.subject();
        // From before the answer to after the hold: this can only be longer than what was asked for.
        let start = Instant::now();
        let error = subject.grant(Role::Editor, "u1").await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.rate_limit().is_some_and(|limit| limit.reset_at.is_some()), "{error:?}");
        subject.grant(Role::Editor, "u1").await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(2), "{status}");
    }
}

#[tokio::test]
async fn a_wait_beyond_the_budget_ends_the_call_at_once() {
    let server = Server::start(|_, _| Reply::json(429, &json!({"detail": "Later."})).header("Retry-After", "290"));
    assert_fails(server.subject().delete("u1").await, Code::Unavailable, "Later");
    assert_eq!(server.methods(), ["DELETE"]);
}

#[tokio::test]
async fn a_lost_change_of_role_is_an_error_that_may_be_repeated() {
    let lab = Lab::new();
    let user = lab.member(Role::Viewer);
    lab.spoil("PATCH", "/Users", 1, &json!({"kind": "close_after"}));
    let error = lab.subject.grant(Role::Editor, &user).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    lab.subject.grant(Role::Editor, &user).await.unwrap();
    assert_eq!(lab.role(&user), "editor");
}
