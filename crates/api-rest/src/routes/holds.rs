//! Holds on suspicious syncs, and what people decide about them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::hold::Reason;
use governance::hold::HoldView;
use ids::{ConnectorId, HoldId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{
    At, Body, ExpectedVersion, Page, PageParams, PageQuery, Params, Problem, Result, Signed, Versioned, audited,
};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(confirm)).routes(routes!(reject))
}

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Hold {
    /// Its id.
    id: String,
    /// The connector whose sync it holds.
    connector_id: String,
    /// The sync that it holds; its differences are what would change.
    sync_id: String,
    /// `open`, `confirmed`, `rejected` or `superseded`.
    state: &'static str,
    /// Why.
    reasons: Vec<HoldReason>,
    /// What the held sync saw, would add, change and remove.
    #[schema(value_type = Object)]
    counts: Value,
    /// How many things would go.
    removals: u64,
    /// Whether `removals` must be sent to confirm it.
    must_type_removals: bool,
    /// When the first of its syncs was held.
    opened_at: String,
    /// When the newest of them was held.
    renewed_at: String,
    /// When it was decided.
    decided_at: Option<String>,
    /// By whom.
    decided_by: Option<String>,
    /// Why, in their words.
    decision_reason: Option<String>,
}

/// Why a sync is held.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HoldReason {
    /// The rule: `resources_lost`, `accounts_lost`, `grants_lost`, `roles_moved`, `type_emptied`, `none_in_common`,
    /// `partial` or `empty`.
    rule: &'static str,
    /// The resource type, entitlement or set that it is about; empty for all.
    on: String,
    /// How many there were.
    before: u64,
    /// How many there would be.
    after: u64,
    /// The share that would go, in percent.
    share_percent: u64,
}

impl From<Reason> for HoldReason {
    fn from(reason: Reason) -> Self {
        Self {
            rule: reason.rule.name(),
            on: reason.resource_type,
            before: reason.before,
            after: reason.after,
            share_percent: reason.share,
        }
    }
}

impl From<HoldView> for Hold {
    fn from(view: HoldView) -> Self {
        let must_type_removals = view.must_type();
        let HoldView { hold, counts, removals } = view;
        Self {
            id: hold.id.to_string(),
            connector_id: hold.connector_id.to_string(),
            sync_id: hold.sync_id.to_string(),
            state: hold.state.name(),
            reasons: hold.reasons.into_iter().map(HoldReason::from).collect(),
            counts,
            removals,
            must_type_removals,
            opened_at: hold.opened_at.to_string(),
            renewed_at: hold.renewed_at.to_string(),
            decided_at: hold.decided_at.map(|at| at.to_string()),
            decided_by: hold.decided_by,
            decision_reason: hold.decision_reason,
        }
    }
}

fn versioned(view: HoldView) -> Versioned<Hold> {
    Versioned { version: view.hold.version, object: view.into() }
}

/// Which holds a list has.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only those of this connector.
    #[param(value_type = Option<String>)]
    connector: Option<ConnectorId>,
    /// Only those in this state: `open`, `confirmed`, `rejected` or `superseded`.
    #[param(value_type = Option<String>)]
    state: Option<domain::hold::State>,
}

/// The holds that the caller may see, the newest first
#[utoipa::path(get, path = "/api/v1/holds", tag = "holds", params(ListParams, PageParams),
    responses((status = OK, body = Page<Hold>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Hold>>> {
    let found = api.governance().holds(&caller, params.connector, params.state, page.paging()).await?;
    Ok(Json(Page::of(found)))
}

/// One hold
#[utoipa::path(get, path = "/api/v1/holds/{hold}", tag = "holds", params(("hold" = String, Path)),
    responses((status = OK, body = Hold), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<HoldId>) -> Result<Versioned<Hold>> {
    Ok(versioned(api.governance().hold(&caller, id).await?))
}

/// A confirmation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfirmBody {
    /// Why the changes are real.
    #[schema(max_length = 1000)]
    reason: String,
    /// How many things will go, when it is more than 100.
    removals: Option<u64>,
}

/// The changes are real: apply the held sync
#[utoipa::path(post, path = "/api/v1/holds/{hold}/confirm", tag = "holds", params(("hold" = String, Path)),
    request_body = ConfirmBody, responses((status = OK, body = Hold), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "It was decided otherwise", body = Problem)))]
async fn confirm(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<HoldId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ConfirmBody>,
) -> Result<Response> {
    let written = api.governance().confirm_hold(&caller, id, version, &body.reason, body.removals).await?;
    Ok(audited(written.map(versioned)))
}

/// A rejection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RejectBody {
    /// Why the sync was wrong.
    #[schema(max_length = 1000)]
    reason: String,
}

/// The held sync was wrong: drop it and sync again
#[utoipa::path(post, path = "/api/v1/holds/{hold}/reject", tag = "holds", params(("hold" = String, Path)),
    request_body = RejectBody, responses((status = OK, body = Hold), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "It was decided otherwise", body = Problem)))]
async fn reject(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<HoldId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RejectBody>,
) -> Result<Response> {
    Ok(audited(api.governance().reject_hold(&caller, id, version, &body.reason).await?.map(versioned)))
}
