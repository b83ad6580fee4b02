//! A workspace in this process, with a clock that stands still, and calls to it.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use whimsical_workspace::app::{App, Lab, Options};
use whimsical_workspace::model::switches::Switches;
use whimsical_workspace::model::token::Token;
use whimsical_workspace::model::transition::State;
use whimsical_workspace::model::{email, seed};
use whimsical_workspace::server::router;

/// The SCIM token of every bench.
pub(crate) const TOKEN: &str = "whscim_test";
/// The URN of the extension.
pub(crate) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User";

/// A workspace in this process.
pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }
}

impl Bench {
    pub(crate) fn new(users: u32, switches: Switches) -> Self {
        let options = Options { lab: Lab::On, ..Options::default() };
        Self::with_options(users, switches, options)
    }

    pub(crate) fn with_options(users: u32, switches: Switches, options: Options) -> Self {
        let workspace = seed::workspace(users, Token::new(TOKEN), [9; 32], switches);
        let app = Arc::new(App::new(workspace, None, options));
        app.clock().stop_at("2026-11-02T09:00:00Z".parse().unwrap());
        Self { app }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = router(Arc::clone(&self.app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Sends a SCIM request with the token.
    pub(crate) async fn scim(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim-v2{path}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/scim+json");
        self.send(request.body(body.map_or_else(Body::empty, |body| body.to_string().into())).unwrap()).await
    }

    /// Sends a request to the workspace or lab face.
    pub(crate) async fn api(&self, method: &str, path: &str, body: &Value) -> Reply {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    /// Creates a user and returns the id.
    pub(crate) async fn create(&self, address: &str, role: Option<bool>) -> String {
        let mut body = json!({"userName": address, "name": {"givenName": "Ada", "familyName": "Lovelace"}});
        if let Some(role) = role {
            body[EXTENSION] = json!({"editor": role});
        }
        let reply = self.scim("POST", "/Users", Some(&body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Applies PATCH operations.
    pub(crate) async fn patch(&self, id: &str, operations: Value) -> Reply {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.scim("PATCH", &format!("/Users/{id}"), Some(&body)).await
    }

    pub(crate) async fn sign_in(&self, address: &str) -> Reply {
        self.api("POST", "/api/workspace/saml/simulate", &json!({"email": address})).await
    }

    /// Returns where an address stands: "pending editor", "deleted".
    pub(crate) fn state(&self, address: &str) -> String {
        let folded = email::fold(address);
        self.app.read(|workspace| {
            let Some(user) = workspace.directory().by_email(&folded) else {
                return if workspace.invites().any(|invite| *invite.email == *folded) {
                    "invited".to_owned()
                } else if workspace.audit().any(|entry| &*entry.action == "user.deleted") {
                    "deleted".to_owned()
                } else {
                    "absent".to_owned()
                };
            };
            let state = match State::of(user) {
                State::Pending => "pending",
                State::Member => "member",
                State::Unmanaged => "unmanaged",
                State::Removed => "removed",
                other => panic!("{other:?} has a row"),
            };
            format!("{state} {}", if user.role().is_editor() { "editor" } else { "viewer" })
        })
    }
}
