//! The shapes of PATCH that set a role, tried in turn. Source: whimsical-scim §3.5.

use std::sync::Mutex;

use baton_whimsical::model::Role;
use connector_sdk::error::Code;
use scim::client::{Entry, Patience};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::lab::{EXTENSION, Lab, assert_fails};
use crate::scripted::{Reply, Request, Server};

/// A user of whom only the id counts.
#[derive(Deserialize)]
struct Changed {
    id: String,
}

impl Entry for Changed {
    fn id(&self) -> &str {
        &self.id
    }
    fn user_name(&self) -> Option<&str> {
        None
    }
    fn is_regular(&self) -> bool {
        true
    }
    fn from_loose(_: &Value) -> Option<Self> {
        None
    }
}

/// Which shape a request has: 0 to 3 for a PATCH, 4 for a PUT.
fn shape(request: &Request) -> Option<usize> {
    if request.method == "PUT" {
        return Some(4);
    }
    let operation = request.body.pointer("/Operations/0")?;
    assert_eq!(request.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]));
    assert_eq!(request.body["Operations"].as_array().unwrap().len(), 1);
    let path = format!("{EXTENSION}:editor");
    match (operation["op"].as_str()?, operation.get("path")) {
        ("replace", Some(at)) if *at == path && operation["value"].is_boolean() => Some(0),
        ("add", Some(at)) if *at == path && operation["value"].is_boolean() => Some(1),
        ("replace", None) if operation["value"][EXTENSION]["editor"].is_boolean() => Some(2),
        ("replace", None) if operation["value"][path].is_boolean() => Some(3),
        _ => None,
    }
}

fn editor(request: &Request) -> bool {
    match request.method.as_str() {
        "PUT" => request.body[EXTENSION]["editor"].as_bool().unwrap(),
        // No shape holds another boolean.
        _ => request.body.to_string().contains("true"),
    }
}

/// A service with one user that understands the shapes from `first` on and refuses others with `refusal`.
fn service(first: usize, refusal: Value) -> Server {
    let is_editor = Mutex::new(false);
    Server::start(move |request, _| {
        let mut is_editor = is_editor.lock().unwrap();
        if request.method != "GET" {
            let shape = shape(request).unwrap_or_else(|| panic!("unknown shape: {}", request.body));
            if shape < first {
                return Reply::json(400, &refusal);
            }
            *is_editor = editor(request);
        }
        let user = json!({"id": "u1", "userName": "a@x.io", "title": "Dr.", EXTENSION: {"editor": *is_editor}});
        Reply::json(200, &user)
    })
}

#[tokio::test]
async fn the_first_shape_that_is_understood_is_remembered() {
    for kind in ["invalidPath", "noTarget", "invalidSyntax", ""] {
        for first in 0..5 {
            let refusal = if kind.is_empty() { json!({"error": "no"}) } else { json!({"scimType": kind}) };
            let server = service(first, refusal);
            let subject = server.subject();
            let shapes = || server.requests().iter().filter_map(shape).collect::<Vec<_>>();
            subject.grant(Role::Editor, "u1").await.unwrap();
            assert_eq!(shapes(), (0..=first).collect::<Vec<_>>(), "{kind}");
            subject.revoke(Role::Editor, "u1").await.unwrap();
            assert_eq!(shapes().split_off(first + 1), [first], "{kind}: the next change starts with what worked");
        }
    }
}

#[tokio::test]
async fn the_whole_user_is_written_as_it_was_read() {
    let server = service(4, json!({}));
    server.subject().grant(Role::Editor, "u1").await.unwrap();
    let put = server.requests().into_iter().find(|request| request.method == "PUT").unwrap();
    let expected = json!({"id": "u1", "userName": "a@x.io", "title": "Dr.", EXTENSION: {"editor": true}});
    assert_eq!(put.body, expected);
}

#[tokio::test]
async fn a_refusal_of_the_change_itself_is_not_argued_with() {
    for (status, kind, code) in [
        (400, "mutability", Code::InvalidArgument),
        (400, "invalidValue", Code::InvalidArgument),
        (403, "", Code::PermissionDenied),
        (404, "", Code::NotFound),
        (500, "", Code::Unavailable),
    ] {
        let server = Server::start(move |request, _| match request.method.as_str() {
            "GET" => Reply::json(200, &json!({"id": "u1", EXTENSION: {"editor": false}})),
            _ => Reply::json(status, &json!({"scimType": kind, "detail": "Never."})),
        });
        assert_fails(server.subject().grant(Role::Editor, "u1").await, code, "Never");
        assert_eq!(server.methods(), ["GET", "PATCH"], "{status} {kind}");
    }
}

#[tokio::test]
async fn the_workspace_understands_every_shape() {
    let shapes = service(4, json!({}));
    shapes.subject().grant(Role::Editor, "u1").await.unwrap();
    let patches = shapes.requests().into_iter().filter(|request| request.method == "PATCH");
    let lab = Lab::with(&["--strict"]);
    let client = lab.client();
    let mut count = 0;
    for (patch, user) in patches.zip(lab.members(Role::Viewer)) {
        let changed: Changed = client.patch(&user, &patch.body, Patience::Once).await.unwrap();
        assert_eq!((changed.id(), lab.role(&user)), (user.as_str(), "editor".to_owned()), "{}", patch.body);
        count += 1;
    }
    assert_eq!(count, 4);
}

#[tokio::test]
async fn accepted_but_not_applied_is_an_error() {
    for (status, body) in [(200, true), (204, false)] {
        let server = Server::start(move |request, _| {
            let user = json!({"id": "u1", EXTENSION: {"editor": false}});
            match request.method.as_str() {
                "PATCH" if !body => Reply::empty(status),
                _ => Reply::json(200, &user),
            }
        });
        assert_fails(server.subject().grant(Role::Editor, "u1").await, Code::Internal, "did not apply it");
    }
}

#[tokio::test]
async fn a_change_that_nobody_can_see_is_believed() {
    let server = Server::start(|_, _| Reply::json(200, &json!({"id": "u1"})));
    for role in Role::ALL {
        assert!(server.subject().grant(role, "u1").await.unwrap().annotations.is_empty());
    }
    // Who may be an editor is made a viewer, rather than reported as one.
    assert!(server.subject().revoke(Role::Editor, "u1").await.unwrap().is_empty());
    assert_eq!(server.methods().iter().filter(|method| *method == "PATCH").count(), 3);
}
