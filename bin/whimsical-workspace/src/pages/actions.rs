//! What the forms of the settings page do.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::rendered;
use super::view::{Notice, SettingsPage};
use crate::app::App;
use crate::model::membership::{MemberEdit, SignIn};
use crate::model::offboarding::Files;
use crate::model::settings::Settings;
use crate::model::token::Token;
use crate::model::user::Name;
use crate::model::{Act, Actor, Refusal, Role, UserId, Workspace};
use crate::workspace_face::{Sent, identity_provider};

/// The fields of all forms; each form uses some.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    form_token: String,
    metadata: String,
    email: String,
    first_name: String,
    last_name: String,
    role: Option<Role>,
}

/// Does what a form asks for, and shows the page again.
async fn act(
    app: &App,
    headers: &HeaderMap,
    fields: &Fields,
    done: &'static str,
    actor: Actor,
    change: impl FnOnce(&mut Workspace, &Act<'_>) -> Result<(), Refusal>,
) -> Response {
    match guarded(app, fields, actor, change).await {
        Ok(()) => Redirect::to(&format!("/?done={done}")).into_response(),
        Err((status, text)) => failed(app, headers, status, text),
    }
}

async fn guarded<T>(
    app: &App,
    fields: &Fields,
    actor: Actor,
    change: impl FnOnce(&mut Workspace, &Act<'_>) -> Result<T, Refusal>,
) -> Result<T, (StatusCode, String)> {
    let is_ours =
        aws_lc_rs::constant_time::verify_slices_are_equal(fields.form_token.as_bytes(), app.form_token().as_bytes());
    if is_ours.is_err() {
        return Err((StatusCode::FORBIDDEN, "The page is from before a restart; here it is again.".to_owned()));
    }
    match app.write(actor, change).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(refusal)) => Err((StatusCode::CONFLICT, refusal.to_string())),
        Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}

fn failed(app: &App, headers: &HeaderMap, status: StatusCode, text: String) -> Response {
    rendered(&SettingsPage::new(app, headers, 1, "", Some(Notice::failed(text)), None), status)
}

pub(super) async fn enable_saml(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let sent = Sent { metadata: Some(fields.metadata.clone()), ..Sent::default() };
    act(&app, &headers, &fields, "saml-on", Actor::Admin, |workspace, act| {
        workspace.enable_saml(identity_provider(sent), act)
    })
    .await
}

pub(super) async fn disable_saml(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    act(&app, &headers, &fields, "saml-off", Actor::Admin, |workspace, act| {
        workspace.disable_saml(act);
        Ok(())
    })
    .await
}

pub(super) async fn enable_scim(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    act(&app, &headers, &fields, "scim-on", Actor::Admin, super::super::model::workspace::Workspace::enable_scim).await
}

pub(super) async fn disable_scim(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    act(&app, &headers, &fields, "scim-off", Actor::Admin, |workspace, act| {
        workspace.disable_scim(act);
        Ok(())
    })
    .await
}

pub(super) async fn reveal(State(app): State<Arc<App>>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let token = guarded(&app, &fields, Actor::Admin, super::super::model::workspace::Workspace::reveal_token).await;
    with_token(&app, &headers, token, "Copy the token now; it is hidden again on the next page.")
}

pub(super) async fn rotate(State(app): State<Arc<App>>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let token = guarded(&app, &fields, Actor::Admin, super::super::model::workspace::Workspace::rotate_token).await;
    with_token(&app, &headers, token, "This is the new token; the old one works no more.")
}

fn with_token(app: &App, headers: &HeaderMap, token: Result<Token, (StatusCode, String)>, text: &str) -> Response {
    match token {
        Ok(token) => {
            let notice = Notice { class: "good", text: text.to_owned() };
            let shown = Some(token.reveal().to_owned());
            rendered(&SettingsPage::new(app, headers, 1, "", Some(notice), shown), StatusCode::OK)
        }
        Err((status, text)) => failed(app, headers, status, text),
    }
}

pub(super) async fn default_role(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let role = fields.role;
    act(&app, &headers, &fields, "default-role", Actor::Admin, |workspace, act| {
        let default_role = role.ok_or(Refusal::BadValue)?;
        let settings = Settings { default_role, ..workspace.settings().clone() };
        workspace.set_settings(settings, act)
    })
    .await
}

pub(super) async fn sign_in(State(app): State<Arc<App>>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let person =
        SignIn { email: fields.email.clone(), name: Name::new(Some(&fields.first_name), Some(&fields.last_name)) };
    act(&app, &headers, &fields, "signed-in", Actor::User, |workspace, act| workspace.sign_in(person, act).map(drop))
        .await
}

pub(super) async fn role(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let edit = MemberEdit { role: fields.role, ..MemberEdit::default() };
    act(&app, &headers, &fields, "role", Actor::Admin, |workspace, act| workspace.edit_member(user_id(&id)?, edit, act))
        .await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    act(&app, &headers, &fields, "removed", Actor::Admin, |workspace, act| {
        workspace.remove_by_hand(user_id(&id)?, Files::Later, act)
    })
    .await
}

fn user_id(text: &str) -> Result<UserId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
