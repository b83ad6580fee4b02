//! The settings page: HTML that works without JavaScript, for a person who watches what SCIM does.
//!
//! Forms carry a word that only this process knows, so that no other site can send them; the token is shown only in
//! the answer to "Reveal" and "Rotate", never in a URL.

mod actions;
mod view;

use std::sync::Arc;

use askama::Template as _;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::app::App;
use view::{Notice, SettingsPage};

/// Returns the pages.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(show))
        .route("/style.css", get(style))
        .route("/login/{slug}", get(login))
        .route("/settings/saml/enable", post(actions::enable_saml))
        .route("/settings/saml/disable", post(actions::disable_saml))
        .route("/settings/scim/enable", post(actions::enable_scim))
        .route("/settings/scim/disable", post(actions::disable_scim))
        .route("/settings/scim/reveal", post(actions::reveal))
        .route("/settings/scim/rotate", post(actions::rotate))
        .route("/settings/default-role", post(actions::default_role))
        .route("/settings/sign-in", post(actions::sign_in))
        .route("/settings/members/{id}/role", post(actions::role))
        .route("/settings/members/{id}/remove", post(actions::remove))
}

/// What part of the members to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    page: Option<usize>,
    q: String,
    done: String,
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(part): Query<Part>) -> Response {
    let notice = Notice::done(&part.done);
    let page = SettingsPage::new(&app, &headers, part.page.unwrap_or(1).max(1), &part.q, notice, None);
    rendered(&page, StatusCode::OK)
}

fn rendered(page: &SettingsPage, status: StatusCode) -> Response {
    match page.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            tracing::error!(error = %error, "the settings page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The login URL of the workspace leads to where a sign-in can be simulated.
async fn login(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Response {
    let is_ours = app.read(|workspace| workspace.saml().is_some_and(|saml| saml.login_slug == slug));
    if is_ours { Redirect::to("/#sso").into_response() } else { StatusCode::NOT_FOUND.into_response() }
}

async fn style() -> Response {
    let media_type = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (media_type, include_str!("../templates/style.css")).into_response()
}
