//! What an administrator asks a connector for by hand.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::task::TaskId;
use governance::connector::task::TaskWish;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::task::Task as Stored;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{connector_id, parse};
use crate::Api;
use crate::http::{Body, Page, PageQuery, Problem, Result, Signed, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get)).routes(routes!(cancel))
}

/// A task of a connector.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Task {
    /// Its id, as the connector sees it.
    id: String,
    /// `sync_full`, `hello`, `grant`, `revoke`, `create_account` or `delete_resource`.
    kind: &'static str,
    /// `queued`, `leased`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// What came of it: `success`, `already`, `action_required`, `already_exists`, `in_progress`, `declined`,
    /// `writes_refused`, `unsupported`, `failed`, `lease_lost` or `cancelled`.
    outcome: Option<&'static str>,
    /// What the connector said.
    message: Option<String>,
    /// The canonical gRPC code of an error.
    code: Option<i64>,
    /// How often it was given to a connector.
    attempts: i64,
    /// The host that has it.
    lease_host: Option<String>,
    /// Until when that host has it without a sign of life.
    lease_until: Option<String>,
    /// When it was called off.
    cancel_asked_at: Option<String>,
    /// The sync that it makes.
    sync_id: Option<String>,
    /// Who wished for it.
    wished_by: String,
    /// When.
    created_at: String,
    /// When a connector first took it.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
}

impl From<Stored> for Task {
    fn from(task: Stored) -> Self {
        let time = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
        Self {
            id: task.id.to_string(),
            kind: task.kind.name(),
            state: task.state.name(),
            outcome: task.outcome.map(domain::task::Outcome::name),
            message: task.message,
            code: task.code,
            attempts: task.attempts,
            lease_host: task.lease_host,
            lease_until: time(task.lease_until),
            cancel_asked_at: time(task.cancel_asked_at),
            sync_id: task.sync_id.map(|id| id.to_string()),
            wished_by: task.wished_by,
            created_at: task.created_at.to_string(),
            started_at: time(task.started_at),
            finished_at: time(task.finished_at),
        }
    }
}

/// What is wished for; which other fields there are follows from `kind`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
enum WishBody {
    /// Give the entitlement to the account.
    Grant {
        /// The id of the account.
        account_id: String,
        /// The id of the entitlement.
        entitlement_id: String,
    },
    /// Take the entitlement from the account.
    Revoke {
        /// The id of the account.
        account_id: String,
        /// The id of the entitlement.
        entitlement_id: String,
    },
    /// Create an account.
    CreateAccount {
        /// Its address.
        email: String,
        /// Its login; the address when absent.
        login: Option<String>,
        /// What the connector's account schema asks for.
        #[serde(default)]
        #[schema(value_type = Object)]
        profile: Map<String, Value>,
    },
    /// Delete the account in the app.
    DeleteAccount {
        /// The id of the account.
        account_id: String,
    },
    /// Say Hello again.
    Hello {},
}

impl WishBody {
    fn wish(self) -> Result<TaskWish> {
        Ok(match self {
            Self::Grant { account_id, entitlement_id } => TaskWish::Grant {
                account: parse("accountId", &account_id)?,
                entitlement: parse("entitlementId", &entitlement_id)?,
            },
            Self::Revoke { account_id, entitlement_id } => TaskWish::Revoke {
                account: parse("accountId", &account_id)?,
                entitlement: parse("entitlementId", &entitlement_id)?,
            },
            Self::CreateAccount { email, login, profile } => TaskWish::CreateAccount { email, login, profile },
            Self::DeleteAccount { account_id } => TaskWish::DeleteAccount { account: parse("accountId", &account_id)? },
            Self::Hello {} => TaskWish::Hello,
        })
    }
}

/// Ask a connector for something by hand
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/tasks", tag = "tasks", request_body = WishBody, responses(
    (status = ACCEPTED, body = Task), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "It is paused, or may not write", body = Problem)))]
async fn create(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(connector): Path<String>,
    headers: HeaderMap,
    Body(body): Body<WishBody>,
) -> Result<Response> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let created = api.governance().create_task(&caller, connector_id(&connector)?, body.wish()?, key).await?;
    Ok(audited(created.map(|task| (StatusCode::ACCEPTED, Json(Task::from(task))))))
}

/// The tasks of a connector, the newest first
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/tasks", tag = "tasks",
    params(crate::http::page::PageParams), responses((status = OK, body = Page<Task>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(connector): Path<String>,
    page: PageQuery,
) -> Result<Json<Page<Task>>> {
    let before = page.after.as_deref().map(cursor).transpose()?;
    let before = before.as_ref().map(|(at, id)| (*at, id));
    let limit = page.limit;
    let mut found = api.governance().tasks(&caller, connector_id(&connector)?, before, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|task| format!("{} {}", task.created_at, task.id));
    Ok(Json(Page::new(found.into_iter().map(Task::from).collect(), next)))
}

fn cursor(text: &str) -> Result<(Timestamp, TaskId)> {
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| Problem::invalid("page_token", "this is no token of this list"))
}

/// One task
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/tasks/{task}", tag = "tasks", responses(
    (status = OK, body = Task), (status = NOT_FOUND, body = Problem)))]
async fn get(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path((connector, id)): Path<(String, String)>,
) -> Result<Json<Task>> {
    let task = api.governance().task(&caller, connector_id(&connector)?, &task_id(&id)?).await?;
    Ok(Json(task.into()))
}

/// Call a task off
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/tasks/{task}/cancel", tag = "tasks", responses(
    (status = OK, body = Task), (status = CONFLICT, description = "It has ended, or makes a sync", body = Problem)))]
async fn cancel(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path((connector, id)): Path<(String, String)>,
) -> Result<Response> {
    let cancelled = api.governance().cancel_task(&caller, connector_id(&connector)?, &task_id(&id)?).await?;
    Ok(audited(cancelled.map(|task| Json(Task::from(task)))))
}

fn task_id(text: &str) -> Result<TaskId> {
    text.parse().map_err(|_| governance::Error::not_found("task", text).into())
}
