//! The token endpoint: `POST /auth/v1/token`.
//!
//! Source: baton-service-mode §3, §16 items 1, 3, 4, 6; RFC 6749 §5; RFC 9449 §5.

use std::net::SocketAddr;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderValue, header};

use crate::Api;
use crate::caller::{authority, proofs};

/// The header with which a server hands out nonces. Source: RFC 9449 §8.
pub(crate) const NONCE: &str = "dpop-nonce";

/// The path of the endpoint.
const PATH: &str = "/auth/v1/token";

pub(crate) fn routes(api: Api) -> Router {
    Router::new().route(PATH, post(token)).with_state(api)
}

async fn token(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // One byte more than is allowed: that it was too much is said by whoever reads the form.
    let form = to_bytes(body, auth::authority::MAX_FORM_BYTES + 1).await;
    let form = form.unwrap_or_else(|_| vec![b' '; auth::authority::MAX_FORM_BYTES + 1].into());
    let url = format!("https://{}{PATH}", authority(&parts));
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let proofs = proofs(&parts.headers);
    let answer = api.authority.token(auth::authority::Request { form: &form, proofs: &proofs, url: &url, from }).await;
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(nonce) = HeaderValue::try_from(api.authority.nonce()) {
        headers.insert(NONCE, nonce);
    }
    response
}
