//! Browsers in which somebody is signed in, and the password of an administrator.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use governance::{Caller, Error};
use ids::{PersonId, SessionId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::session::Session;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, Page, Problem, Result, Signed, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(own, end_own))
        .routes(routes!(end_one))
        .routes(routes!(of_person, end_of_person))
        .routes(routes!(set_password, remove_password))
}

/// A browser in which somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionObject {
    /// Its id.
    id: String,
    /// How they signed in: `password`, `setup_link`, or the name of a provider.
    method: String,
    /// The address that they signed in from.
    ip: Option<String>,
    /// What the browser calls itself.
    agent: String,
    /// When they signed in.
    created_at: String,
    /// When it was last used, to five minutes.
    used_at: String,
    /// When it ends, used or not.
    expires_at: String,
    /// Whether the call itself is made in it.
    is_current: bool,
}

fn page(caller: &Caller, sessions: Vec<Session>) -> Json<Page<SessionObject>> {
    let object = |session: Session| SessionObject {
        is_current: caller.session == Some(session.id),
        id: session.id.to_string(),
        method: session.method,
        ip: session.ip,
        agent: session.agent,
        created_at: session.created_at.to_string(),
        used_at: session.used_at.to_string(),
        expires_at: session.expires_at.to_string(),
    };
    Json(Page::new(sessions.into_iter().map(object).collect(), None))
}

fn myself(caller: &Caller) -> Result<PersonId> {
    Ok(caller.actor.person().ok_or_else(|| Error::denied("this is for people"))?)
}

/// The browsers in which the caller is signed in
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "me", responses((status = OK, body = Page<SessionObject>)))]
async fn own(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Page<SessionObject>>> {
    let sessions = api.governance().sessions(&caller, myself(&caller)?).await?;
    Ok(page(&caller, sessions))
}

/// Sign out everywhere
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "me", responses((status = NO_CONTENT)))]
async fn end_own(State(api): State<Api>, Signed(caller): Signed) -> Result<Response> {
    let written = api.governance().end_sessions(&caller, myself(&caller)?).await?;
    Ok(audited(written.map(|()| StatusCode::NO_CONTENT)))
}

/// Sign out in one browser
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "me", params(("session" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
async fn end_one(State(api): State<Api>, Signed(caller): Signed, At(id): At<SessionId>) -> Result<Response> {
    let written = api.governance().end_session(&caller, myself(&caller)?, id).await?;
    Ok(audited(written.map(|()| StatusCode::NO_CONTENT)))
}

/// The browsers in which a person is signed in
#[utoipa::path(get, path = "/api/v1/people/{person}/sessions", tag = "people", params(("person" = String, Path)),
    responses((status = OK, body = Page<SessionObject>)))]
async fn of_person(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(person): At<PersonId>,
) -> Result<Json<Page<SessionObject>>> {
    let sessions = api.governance().sessions(&caller, person).await?;
    Ok(page(&caller, sessions))
}

/// Sign a person out everywhere
#[utoipa::path(delete, path = "/api/v1/people/{person}/sessions", tag = "people", params(("person" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn end_of_person(State(api): State<Api>, Signed(caller): Signed, At(person): At<PersonId>) -> Result<Response> {
    Ok(audited(api.governance().end_sessions(&caller, person).await?.map(|()| StatusCode::NO_CONTENT)))
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordBody {
    /// The present password, for whoever has one.
    #[schema(value_type = Option<String>, format = Password)]
    current: Option<SecretString>,
    /// The new one: at least 12 letters.
    #[schema(value_type = String, format = Password, min_length = 12)]
    password: SecretString,
}

/// Set the caller's password; their other sessions end. For Super Administrators
#[utoipa::path(put, path = "/api/v1/me/password", tag = "me", request_body = PasswordBody,
    responses((status = NO_CONTENT), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem)))]
async fn set_password(
    State(api): State<Api>,
    Signed(caller): Signed,
    Body(body): Body<PasswordBody>,
) -> Result<Response> {
    let written = api.governance().set_password(&caller, body.current.as_ref(), &body.password).await?;
    Ok(audited(written.map(|()| StatusCode::NO_CONTENT)))
}

/// Remove the caller's password
#[utoipa::path(delete, path = "/api/v1/me/password", tag = "me",
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
async fn remove_password(State(api): State<Api>, Signed(caller): Signed) -> Result<Response> {
    Ok(audited(api.governance().remove_password(&caller).await?.map(|()| StatusCode::NO_CONTENT)))
}
