//! The page behind the link that a new server prints: it makes the first administrator and shows their token once.

use std::net::SocketAddr;

use askama::Template;
use auth::setup::Error;
use axum::Form;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use governance::Governance;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::page;

/// What a person fills in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
}

#[derive(Template, Default)]
#[template(path = "setup.html")]
struct Setup {
    fields: Fields,
    wrong_field: &'static str,
    problem: String,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    name: &'a str,
    token: &'a str,
    expires: String,
    base_url: &'a str,
}

/// The form. It does not say whether the link is valid: trying is cheap for its owner, and tells nobody else anything.
pub(crate) async fn show() -> Response {
    page(&Setup::default())
}

/// Makes the administrator.
pub(crate) async fn claim(
    State(governance): State<Governance>,
    Path(token): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form<Fields>,
) -> Response {
    let ip = peer.ip().to_string();
    let token = SecretString::from(token);
    match auth::setup::claim(governance.store(), &token, &fields.email, &fields.name, Some(&ip)).await {
        Ok(claimed) => page(&Welcome {
            name: &claimed.person.display_name,
            token: claimed.token.expose_secret(),
            expires: claimed.expires_at.strftime("%-d %B %Y").to_string(),
            base_url: &governance.settings().base_url,
        }),
        Err(error) => refused(fields, &error),
    }
}

fn refused(fields: Fields, error: &Error) -> Response {
    let (status, wrong_field) = match error {
        Error::Link => (StatusCode::NOT_FOUND, ""),
        Error::Invalid { field, .. } => (StatusCode::BAD_REQUEST, *field),
        Error::Status { .. } => (StatusCode::CONFLICT, "email"),
        Error::Token(_) | Error::Store(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "the first administrator cannot be made");
            (StatusCode::SERVICE_UNAVAILABLE, "")
        }
    };
    let problem = if status == StatusCode::SERVICE_UNAVAILABLE {
        "The server cannot do this at the moment. Try again in a minute; the link stays valid.".to_owned()
    } else {
        error.to_string()
    };
    let mut response = page(&Setup { fields, wrong_field, problem }).into_response();
    *response.status_mut() = status;
    response
}
