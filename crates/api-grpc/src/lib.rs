//! The face that connectors see: token endpoint and `BatonService`, and the port that carries everything.
//!
//! Start at [`router`]. A call is authenticated before it is read; its handler checks the rules of its fields, calls one
//! use case of `governance`, and encodes the result. Errors are trailers, never an HTTP status: to a connector, 401 and
//! 404 are fatal. [`server::serve`] puts a router onto a port with TLS.
//!
//! This crate deliberately decides nothing about tasks and syncs: that is `governance`.
//!
//! Source: baton-service-mode §16, D1–D10.

mod baton;
mod caller;
mod health;
mod observed;
mod raw;
mod rules;
pub mod server;
mod status;
mod token;
mod unknown;

use std::fmt;
use std::sync::Arc;

use auth::Authority;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use governance::Desk;

pub use health::health;
pub use unknown::unknown_services;

/// What the routes work with. Clones share everything.
#[derive(Clone)]
pub struct Api {
    desk: Desk,
    authority: Arc<Authority>,
}

impl Api {
    /// The routes on these use cases, for connectors that `authority` knows.
    #[must_use]
    pub fn new(desk: Desk, authority: Arc<Authority>) -> Self {
        Self { desk, authority }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// `POST /auth/v1/token` and `BatonService`.
///
/// Put [`unknown_services`] around the router that all others are merged into, for calls that nobody answers.
pub fn router(api: Api) -> Router {
    let calls = baton::routes(&api)
        .layer(from_fn_with_state(api.clone(), caller::authenticate))
        .layer(from_fn(status::in_time))
        .layer(from_fn(observed::observe));
    Router::new().merge(calls).merge(token::routes(api))
}
