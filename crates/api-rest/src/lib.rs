//! The REST face under `/api/v1`, with its OpenAPI.
//!
//! Start at [`router`]. A route decodes, calls one use case of `governance`, and encodes its result; errors are problem
//! documents (RFC 9457) with a stable code. Who calls is found out before any route runs ([`Api`] holds what is needed),
//! what the caller may do is decided by the use case.
//!
//! Source: governance §5.

mod http;
mod openapi;
mod routes;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use governance::connector::settings::ConnectionTest;
use governance::{Code, Governance};
use tower_http::limit::RequestBodyLimitLayer;

use http::problem::Problem;
use http::{caller, csv, idempotency, limits, request_id};

pub use openapi::document;

/// The largest body of a request that is no file, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// What the routes work with. Clones share everything.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    governance: Governance,
    connection_test: Arc<dyn ConnectionTest>,
    limits: limits::Limits,
}

impl Api {
    /// The routes on these use cases; settings of hosted connectors are tried out with this test.
    #[must_use]
    pub fn new(governance: Governance, connection_test: Arc<dyn ConnectionTest>) -> Self {
        Self { inner: Arc::new(Inner { governance, connection_test, limits: limits::Limits::new() }) }
    }

    fn governance(&self) -> &Governance {
        &self.inner.governance
    }

    fn connection_test(&self) -> &dyn ConnectionTest {
        self.inner.connection_test.as_ref()
    }

    fn limits(&self) -> &limits::Limits {
        &self.inner.limits
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// Every REST route, for callers with a token, with the few that need none.
pub fn router(api: Api) -> Router {
    let (signed, _) = routes::signed().split_for_parts();
    let (files, _) = routes::files().split_for_parts();
    let (open, _) = routes::open().split_for_parts();
    // From the inside out: a request meets the last layer first.
    let signed = signed
        .layer(from_fn_with_state(api.clone(), idempotency::once))
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        // Files are too large to be kept for a repeat, and bringing one again changes nothing.
        .merge(files)
        .layer(from_fn_with_state(api.clone(), limits::limit))
        .layer(from_fn_with_state(api.clone(), caller::authenticate))
        .layer(from_fn(csv::as_csv));
    let open = open.layer(RequestBodyLimitLayer::new(LARGEST_BODY));
    Router::new()
        .merge(signed)
        .merge(open)
        .route("/api/{*rest}", axum::routing::any(unknown))
        .layer(from_fn(request_id::name))
        .with_state(api)
}

async fn unknown(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("there is no route `{}`", uri.path()))
        .with_hint("GET /api/v1/openapi.json lists every route")
}
