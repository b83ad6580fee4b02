//! The page behind the link that a new server prints: it makes the first administrator and shows their token once.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use governance::{Code, Error, Governance};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::page;
use crate::session::{self, Browser};

/// What a person fills in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: SecretString,
}

#[derive(Template, Default)]
#[template(path = "setup.html")]
struct Setup {
    fields: Fields,
    wrong_field: String,
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

/// Makes the administrator, and signs them in.
pub(crate) async fn claim(
    State(governance): State<Governance>,
    Path(token): Path<String>,
    browser: Browser,
    Form(fields): Form<Fields>,
) -> Response {
    let token = SecretString::from(token);
    let password = Some(&fields.password).filter(|password| !password.expose_secret().is_empty());
    let claimed = governance.claim_setup(&token, &fields.email, &fields.name, password, browser.visitor()).await;
    match claimed {
        Ok((claimed, session)) => {
            let mut response = page(&Welcome {
                name: &claimed.person.display_name,
                token: claimed.token.expose_secret(),
                expires: claimed.expires_at.strftime("%-d %B %Y").to_string(),
                base_url: &governance.settings().base_url,
            });
            if let Some(cookie) = session::begin(&governance, &session) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => refused(fields, &error),
    }
}

fn refused(fields: Fields, error: &Error) -> Response {
    let (status, wrong_field) = match error.code() {
        Code::NotFound => (StatusCode::NOT_FOUND, ""),
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, error.field().unwrap_or_default()),
        Code::FailedPrecondition => (StatusCode::CONFLICT, "email"),
        _ => {
            tracing::error!(error = error as &dyn std::error::Error, "the first administrator cannot be made");
            (StatusCode::SERVICE_UNAVAILABLE, "")
        }
    };
    let problem = if status == StatusCode::SERVICE_UNAVAILABLE {
        "The server cannot do this at the moment. Try again in a minute; the link stays valid.".to_owned()
    } else {
        error.to_string()
    };
    let wrong_field = wrong_field.to_owned();
    let mut response = page(&Setup { fields, wrong_field, problem }).into_response();
    *response.status_mut() = status;
    response
}
