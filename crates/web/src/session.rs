//! The cookies of a browser: whose session it is in, and what it keeps while somebody is at a provider.
//!
//! With https a cookie carries the prefix `__Host-`, so that no other host or path can set it.
//!
//! Source: RFC 6265bis §4.1.3; governance §5 (browser session).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use domain::audit::Via;
use governance::sign_in::{NewSession, Visitor};
use governance::{Caller, Governance};
use secrecy::ExposeSecret as _;

/// What the browser keeps while somebody is at a provider.
const AT_PROVIDER: &str = "podium_sign_in";
/// How long, in seconds.
const AT_PROVIDER_S: i64 = 15 * 60;

/// Who is signed in, if anybody is.
pub(crate) async fn caller(governance: &Governance, headers: &HeaderMap) -> Option<Caller> {
    let cookie = auth::session::cookie(headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes))?;
    governance.signed_in(&cookie, Via::Web).await.ok()
}

/// The cookie of a session that has begun.
pub(crate) fn begin(governance: &Governance, session: &NewSession) -> Option<HeaderValue> {
    let life = session.expires_at.duration_since(governance.store().now()).as_secs();
    set(governance, auth::session::COOKIE, session.cookie.expose_secret(), life, "/")
}

/// Forgets the session.
pub(crate) fn end(governance: &Governance) -> Option<HeaderValue> {
    set(governance, auth::session::COOKIE, "", 0, "/")
}

/// Keeps this while somebody is at a provider.
pub(crate) fn keep(governance: &Governance, kept: &str) -> Option<HeaderValue> {
    set(governance, AT_PROVIDER, kept, AT_PROVIDER_S, "/")
}

/// What was kept.
pub(crate) fn kept(headers: &HeaderMap) -> Option<String> {
    auth::session::cookie_named(AT_PROVIDER, headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes))
}

/// Forgets what was kept.
pub(crate) fn forget(governance: &Governance) -> Option<HeaderValue> {
    set(governance, AT_PROVIDER, "", 0, "/")
}

fn set(governance: &Governance, name: &str, value: &str, life_s: i64, path: &str) -> Option<HeaderValue> {
    let (prefix, secure) =
        if governance.settings().base_url.starts_with("https:") { ("__Host-", "; Secure") } else { ("", "") };
    let cookie = format!("{prefix}{name}={value}; Path={path}; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}");
    let mut header = HeaderValue::try_from(cookie).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Where a browser calls from, and what it calls itself.
#[derive(Debug)]
pub(crate) struct Browser {
    ip: Option<std::net::IpAddr>,
    agent: String,
}

impl Browser {
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { ip: self.ip, agent: &self.agent }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self { ip, agent: agent.to_owned() })
    }
}
