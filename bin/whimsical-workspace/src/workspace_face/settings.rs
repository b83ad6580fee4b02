//! Settings, SAML, SCIM, token, invoices, offboarding, audit log and outbox.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::metadata::{Sent, identity_provider};
use super::problem::{Problem, body};
use super::views::{SamlView, ScimView, SeatsView};
use crate::app::App;
use crate::model::settings::{FilesTarget, Period, Plan, Settings};
use crate::model::{Actor, Role, Workspace, billing};
use crate::server::base_url;

type Answer = Result<Json<Value>, Problem>;

/// Which part of a log to show.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    /// At most so many entries, the newest first.
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    100
}

/// The most entries that one call shows.
const MAX_ENTRIES: usize = 1_000;

impl Part {
    fn newest<'w, T: serde::Serialize + 'w>(&self, entries: impl DoubleEndedIterator<Item = &'w T>) -> Json<Value> {
        let newest: Vec<&T> = entries.rev().take(self.limit.min(MAX_ENTRIES)).collect();
        Json(json!({ "entries": newest }))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Patch {
    name: Option<String>,
    plan: Option<Plan>,
    default_role: Option<Role>,
    require_saml: Option<bool>,
    jit: Option<bool>,
    session_expiry_h: Option<u32>,
    price_cents: Option<u32>,
    period: Option<Period>,
    period_anchor: Option<jiff::Timestamp>,
    credit_on_removal: Option<bool>,
}

fn shown(app: &App, headers: &HeaderMap, workspace: &Workspace) -> Value {
    let base = base_url(app, headers);
    json!({
        "settings": workspace.settings(),
        "saml": SamlView::of(workspace.saml(), &base),
        "scim": ScimView::of(workspace, &base),
        "seats": SeatsView::of(workspace, app.now()),
    })
}

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Json<Value> {
    Json(app.read(|workspace| shown(&app, &headers, workspace)))
}

pub(super) async fn change(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let patch: Patch = body(&headers, &bytes)?;
    app.write(Actor::Admin, |workspace, act| {
        let old = workspace.settings().clone();
        let settings = Settings {
            name: patch.name.unwrap_or(old.name),
            plan: patch.plan.unwrap_or(old.plan),
            default_role: patch.default_role.unwrap_or(old.default_role),
            require_saml: patch.require_saml.unwrap_or(old.require_saml),
            jit: patch.jit.unwrap_or(old.jit),
            session_expiry_h: patch.session_expiry_h.unwrap_or(old.session_expiry_h),
            price_cents: patch.price_cents.unwrap_or(old.price_cents),
            period: patch.period.unwrap_or(old.period),
            period_anchor: patch.period_anchor.unwrap_or(old.period_anchor),
            credit_on_removal: patch.credit_on_removal.unwrap_or(old.credit_on_removal),
            offboarding: old.offboarding,
        };
        workspace.set_settings(settings, act)
    })
    .await??;
    Ok(show(State(app), headers).await)
}

pub(super) async fn enable_saml(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let sent: Sent = body(&headers, &bytes)?;
    app.write(Actor::Admin, |workspace, act| workspace.enable_saml(identity_provider(sent), act)).await??;
    let base = base_url(&app, &headers);
    Ok(Json(app.read(|workspace| json!(SamlView::of(workspace.saml(), &base)))))
}

pub(super) async fn disable_saml(State(app): State<Arc<App>>) -> Result<StatusCode, Problem> {
    app.write(Actor::Admin, super::super::model::workspace::Workspace::disable_saml).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn enable_scim(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    app.write(Actor::Admin, super::super::model::workspace::Workspace::enable_scim).await??;
    let base = base_url(&app, &headers);
    Ok(Json(app.read(|workspace| json!(ScimView::of(workspace, &base)))))
}

pub(super) async fn disable_scim(State(app): State<Arc<App>>) -> Result<StatusCode, Problem> {
    app.write(Actor::Admin, super::super::model::workspace::Workspace::disable_scim).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn token_answer(token: &crate::model::token::Token) -> Response {
    let mut response = Json(json!({"token": token.reveal()})).into_response();
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

pub(super) async fn reveal(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let token = app.write(Actor::Admin, super::super::model::workspace::Workspace::reveal_token).await??;
    Ok(token_answer(&token))
}

pub(super) async fn rotate(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let token = app.write(Actor::Admin, super::super::model::workspace::Workspace::rotate_token).await??;
    Ok(token_answer(&token))
}

pub(super) async fn invoices(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Json<Value> {
    let now = app.now();
    Json(app.read(|workspace| {
        let (start, end) = billing::period(workspace.settings(), now);
        let seats = SeatsView::of(workspace, now);
        let sum: i64 = workspace
            .ledger()
            .filter(|line| line.at >= start && line.at < end)
            .map(|line| match line.kind {
                billing::LineKind::Charge => i64::from(line.cents),
                billing::LineKind::Credit => -i64::from(line.cents),
            })
            .sum();
        let lines = part.newest(workspace.ledger());
        json!({"seats": seats, "pro_rata_sum_cents": sum, "lines": lines.0.get("entries")})
    }))
}

pub(super) async fn offboarding(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.read(|workspace| json!({"target": workspace.settings().offboarding, "delay_hours": 72})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTarget {
    target: Option<FilesTarget>,
}

pub(super) async fn set_offboarding(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let sent: NewTarget = body(&headers, &bytes)?;
    app.write(Actor::Admin, |workspace, act| workspace.set_offboarding(sent.target, act)).await??;
    Ok(offboarding(State(app)).await)
}

pub(super) async fn jobs(State(app): State<Arc<App>>) -> Answer {
    app.write(Actor::System, |workspace, act| workspace.run_due(act.now)).await?;
    Ok(Json(app.read(|workspace| {
        let jobs: Vec<_> = workspace.jobs().iter().take(MAX_ENTRIES).collect();
        json!({ "jobs": jobs })
    })))
}

pub(super) async fn audit(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Json<Value> {
    app.read(|workspace| part.newest(workspace.audit()))
}

pub(super) async fn outbox(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Json<Value> {
    app.read(|workspace| part.newest(workspace.outbox().iter()))
}

/// The answer to a malformed or foreign SAML response: this workspace verifies no signatures.
pub(super) fn no_assertions() -> Problem {
    Problem {
        status: StatusCode::NOT_IMPLEMENTED,
        code: "no_assertions",
        detail: "This local workspace verifies no SAML responses; post the person to /api/workspace/saml/simulate."
            .to_owned(),
    }
}
