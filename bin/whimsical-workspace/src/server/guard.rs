//! Who may use the settings, and the headers that keep browsers safe.
//!
//! The settings page and the workspace face have no passwords: they are for the person at this machine. So they answer
//! only to this machine, only under a name of this machine (a foreign page can't point its own name here), and writes
//! only from their own pages.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::connection::Connection;
use crate::app::{AdminFrom, App};
use crate::workspace_face::Problem;

pub(super) async fn only_the_owner(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<ConnectInfo<Connection>>();
    // Without a connection the service is called within the process, as tests do.
    let is_near = connection.is_none_or(|info| info.0.peer.ip().to_canonical().is_loopback());
    let host = header_text(request.headers(), header::HOST.as_str());
    let is_own_name = host.is_none_or(|host| is_own(host, app.options().public_url.as_deref()));
    if app.options().admin_from == AdminFrom::Loopback && !(is_near && is_own_name) {
        return refused("The settings answer only to this machine; start with --admin-from-anywhere to open them.");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) && is_from_elsewhere(request.headers()) {
        return refused("This call came from a page of another site.");
    }
    next.run(request).await
}

fn refused(detail: &str) -> Response {
    Problem { status: StatusCode::FORBIDDEN, code: "not_from_here", detail: detail.to_owned() }.into_response()
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a host is this machine or the configured public name.
fn is_own(host: &str, public_url: Option<&str>) -> bool {
    let public =
        public_url.and_then(|url| url.split_once("://")).map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    if public == Some(host) {
        return true;
    }
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let is_cross_site = header_text(headers, "sec-fetch-site").is_some_and(|site| site == "cross-site");
    let origin = header_text(headers, header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    let is_other_origin = origin.is_some_and(|(_, authority)| header_text(headers, "host") != Some(authority));
    is_cross_site || is_other_origin
}

/// What a page of ours may do: nothing but show itself with its own style sheet and send its own forms.
const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_are_answered() {
        for (host, public, expected) in [
            ("127.0.0.1:8090", None, true),
            ("localhost:1", None, true),
            ("[::1]:8090", None, true),
            ("evil.example.com:8090", None, false),
            ("127.0.0.1.evil.example.com", None, false),
            ("demo.example.com", Some("https://demo.example.com/x"), true),
            ("10.0.0.1:8090", None, false),
        ] {
            assert_eq!(is_own(host, public), expected, "{host}");
        }
    }
}
