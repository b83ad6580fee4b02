//! Who calls: the bearer token of a machine or person, or the session of a browser, checked before any route is.

use std::net::SocketAddr;

use auth::machine::{self, CallError};
use auth::session;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use domain::audit::Via;
use governance::{Caller, Code};

use super::problem::{Problem, Result};
use crate::Api;

/// Refuses requests without a valid token or session; the others carry their [`Caller`] on.
///
/// A token is asked first: whoever sends one means it. A request that changes something in a session must come from our
/// own pages.
pub(crate) async fn authenticate(State(api): State<Api>, mut request: Request, next: Next) -> Result<Response> {
    let governance = api.governance();
    let headers = request.headers();
    let cookie = session::cookie(headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes));
    let caller = match (headers.get(header::AUTHORIZATION), cookie) {
        (None, Some(cookie)) => {
            let own_page = session::is_from_own_page(
                headers.get("sec-fetch-site").map(HeaderValue::as_bytes),
                headers.get(header::ORIGIN).map(HeaderValue::as_bytes),
                &governance.settings().base_url,
            );
            if !own_page && !request.method().is_safe() {
                return Err(Problem::new(Code::PermissionDenied, "this comes from a page of another site"));
            }
            governance.signed_in(&cookie, Via::Rest).await?
        }
        (authorization, _) => {
            // A header that is no text is none of ours, and refused as such.
            let authorization = authorization.map(|value| value.to_str().unwrap_or("bearer -"));
            let actor = machine::authenticate(governance.store(), authorization).await.map_err(refused)?;
            Caller::new(actor, Via::Rest)
        }
    };
    let ip = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    request.extensions_mut().insert(caller.from_ip(ip));
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
