//! Syncs: what a connector brought, when, and what came of it.

mod file;
mod log;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use ids::{ConnectorId, SyncId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Problem, Result, Signed, Versioned, audited};

pub(crate) use file::files;

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .merge(log::routes())
        .merge(file::routes())
}

/// A sync.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sync {
    /// Its id.
    id: String,
    /// The connector that makes or made it.
    connector_id: String,
    /// `queued`, `running`, `uploaded`, `ingesting`, `held`, `applied`, `discarded`, `failed` or `cancelled`.
    state: &'static str,
    /// What it was asked to cover: `full`, `targeted`, `resources_only`, `file_import`.
    kind: &'static str,
    /// Why it was wished for: `schedule`, `manual`, `first`, `after_change`, `upload`.
    trigger: &'static str,
    /// Who wished for it.
    wished_by: String,
    /// The task that makes it, as its connector knows it.
    task_id: Option<String>,
    /// When it was wished for.
    queued_at: String,
    /// When it began.
    started_at: Option<String>,
    /// When its file came.
    uploaded_at: Option<String>,
    /// When what it found became visible.
    applied_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
    /// The SHA-256 of its file.
    file_sha256: Option<String>,
    /// The size of its file.
    file_bytes: Option<u64>,
    /// The form of its file: `v1` (SQLite) or `v3` (Pebble).
    engine: Option<String>,
    /// What it saw, added, changed and removed: `resources` by type, `entitlements`, `grants`.
    #[schema(value_type = Object)]
    counts: Value,
    /// What was odd about it.
    warnings: Vec<String>,
    /// Why it failed, was dropped or stopped.
    error: Option<String>,
    /// The hold that it waits or waited for.
    hold_id: Option<String>,
    /// The sync whose data it was compared with.
    previous_applied_sync_id: Option<String>,
}

impl From<store::sync::Sync> for Sync {
    fn from(sync: store::sync::Sync) -> Self {
        let time = |instant: Option<jiff::Timestamp>| instant.map(|instant| instant.to_string());
        Self {
            id: sync.id.to_string(),
            connector_id: sync.connector_id.to_string(),
            state: sync.state.name(),
            kind: sync.kind.name(),
            trigger: sync.trigger.name(),
            wished_by: sync.wished_by,
            task_id: sync.task_id,
            queued_at: sync.queued_at.to_string(),
            started_at: time(sync.started_at),
            uploaded_at: time(sync.uploaded_at),
            applied_at: time(sync.applied_at),
            finished_at: time(sync.finished_at),
            file_sha256: sync.file.map(|digest| digest.to_string()),
            file_bytes: sync.file_bytes,
            engine: sync.engine,
            counts: sync.counts,
            warnings: sync.warnings,
            error: sync.error,
            hold_id: sync.hold_id.map(|id| id.to_string()),
            previous_applied_sync_id: sync.previous_applied_sync_id.map(|id| id.to_string()),
        }
    }
}

fn versioned(sync: store::sync::Sync) -> Versioned<Sync> {
    Versioned { version: sync.version, object: sync.into() }
}

/// The syncs of a connector, the newest first
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/syncs", tag = "syncs",
    params(("connector" = String, Path), PageParams),
    responses((status = OK, body = Page<Sync>), (status = NOT_FOUND, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(connector): At<ConnectorId>,
    page: PageQuery,
) -> Result<Json<Page<Sync>>> {
    Ok(Json(Page::of(api.governance().syncs(&caller, connector, page.paging()).await?)))
}

/// One sync
#[utoipa::path(get, path = "/api/v1/syncs/{sync}", tag = "syncs", params(("sync" = String, Path)),
    responses((status = OK, body = Sync), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<SyncId>) -> Result<Versioned<Sync>> {
    Ok(versioned(api.governance().sync(&caller, id).await?))
}

/// Stop a sync whose file has not come
#[utoipa::path(post, path = "/api/v1/syncs/{sync}/cancel", tag = "syncs", params(("sync" = String, Path)),
    responses((status = OK, body = Sync), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Its file came, or it has ended", body = Problem)))]
async fn cancel(State(api): State<Api>, Signed(caller): Signed, At(id): At<SyncId>) -> Result<Response> {
    Ok(audited(api.governance().cancel_sync(&caller, id).await?.map(versioned)))
}
