//! Members, pending users, invites and sign-in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Problem, body};
use super::settings::no_assertions;
use super::views::{MemberView, PendingView};
use crate::app::App;
use crate::model::id::{InviteId, UserId};
use crate::model::membership::{MemberEdit, SignIn};
use crate::model::offboarding::Files;
use crate::model::user::Name;
use crate::model::{Actor, Role, ScimUser, Workspace};

type Answer = Result<Json<Value>, Problem>;

/// The most entries that one call shows.
const MAX_ENTRIES: usize = 1_000;

/// Which part of a list to show.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    offset: usize,
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    100
}

impl Part {
    fn of<'w, T>(&self, workspace: &'w Workspace, view: impl Fn(&'w ScimUser) -> Option<T>) -> Vec<T> {
        workspace.directory().iter().filter_map(view).skip(self.offset).take(self.limit.min(MAX_ENTRIES)).collect()
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Json<Value> {
    Json(app.read(|workspace| {
        let counts = workspace.directory().counts();
        json!({"total": counts.editors + counts.viewers, "members": part.of(workspace, MemberView::of)})
    }))
}

pub(super) async fn pending(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Json<Value> {
    Json(app.read(|workspace| {
        let users = part.of(workspace, |user| PendingView::of(workspace, user));
        json!({"total": workspace.directory().counts().pending, "pending": users})
    }))
}

fn user_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn member(app: &App, id: UserId) -> Answer {
    let view = app.read(|workspace| workspace.directory().get(id).and_then(MemberView::of));
    view.map(|view| Json(json!(view))).ok_or_else(Problem::not_found)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SentEdit {
    role: Option<Role>,
    admin: Option<bool>,
    name: Option<SentName>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct SentName {
    given_name: Option<String>,
    family_name: Option<String>,
}

impl SentName {
    fn name(&self) -> Name {
        Name::new(self.given_name.as_deref(), self.family_name.as_deref())
    }
}

pub(super) async fn edit(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let id = user_id(&id)?;
    let sent: SentEdit = body(&headers, &bytes)?;
    let actor = if sent.name.is_some() { Actor::User } else { Actor::Admin };
    let edit = MemberEdit { role: sent.role, admin: sent.admin, name: sent.name.map(|name| name.name()) };
    app.write(actor, |workspace, act| workspace.edit_member(id, edit, act)).await??;
    member(&app, id)
}

#[derive(Debug, Deserialize)]
pub(super) struct Removal {
    #[serde(default = "later")]
    files: Files,
}

fn later() -> Files {
    Files::Later
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(removal): Query<Removal>,
) -> Result<StatusCode, Problem> {
    let id = user_id(&id)?;
    app.write(Actor::Admin, |workspace, act| workspace.remove_by_hand(id, removal.files, act)).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn invites(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.read(|workspace| {
        let invites: Vec<_> = workspace.invites().take(MAX_ENTRIES).collect();
        json!({ "invites": invites })
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvite {
    email: String,
    role: Role,
}

pub(super) async fn invite(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let sent: NewInvite = body(&headers, &bytes)?;
    let id = app.write(Actor::Admin, |workspace, act| workspace.invite(&sent.email, sent.role, act)).await??;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Person {
    email: String,
    #[serde(rename = "firstName")]
    first_name: Option<String>,
    #[serde(rename = "lastName")]
    last_name: Option<String>,
}

impl Person {
    fn name(&self) -> Name {
        Name::new(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

pub(super) async fn accept(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let id: InviteId = id.parse().map_err(|_| Problem::not_found())?;
    let person: Person = if bytes.is_empty() { Person::default() } else { body(&headers, &bytes)? };
    let id = app.write(Actor::User, |workspace, act| workspace.accept_invite(id, person.name(), act)).await??;
    member(&app, id)
}

pub(super) async fn sign_in(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let person: Person = body(&headers, &bytes)?;
    let name = person.name();
    let sign_in = SignIn { email: person.email, name };
    let id = app.write(Actor::User, |workspace, act| workspace.sign_in(sign_in, act)).await??;
    member(&app, id)
}

pub(super) async fn assertion() -> Problem {
    no_assertions()
}
