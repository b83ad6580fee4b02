//! Who calls: the bearer token of a machine or person, checked before any route is.

use std::net::SocketAddr;

use auth::machine::{self, CallError};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use domain::audit::Via;
use governance::{Caller, Code};

use super::problem::{Problem, Result};
use crate::Api;

/// Refuses requests without a valid token; the others carry their [`Caller`] on.
pub(crate) async fn authenticate(State(api): State<Api>, mut request: Request, next: Next) -> Result<Response> {
    // A header that is no text is none of ours, and refused as such.
    let authorization = request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or("bearer -"));
    let actor = machine::authenticate(api.governance().store(), authorization).await.map_err(refused)?;
    let ip = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    request.extensions_mut().insert(Caller::new(actor, Via::Rest).from_ip(ip));
    Ok(next.run(request).await)
}

fn refused(error: CallError) -> Problem {
    match error {
        CallError::Missing => Problem::new(Code::Unauthenticated, error.to_string())
            .with_hint("`podium admin first-link` prints a link that makes the first token"),
        CallError::Refused => Problem::new(Code::Unauthenticated, error.to_string()),
        CallError::Unavailable(cause) => cause.into(),
    }
}

/// The caller of a route behind [`authenticate`].
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(|| Problem::new(Code::Unauthenticated, "nobody is signed in"))
    }
}
