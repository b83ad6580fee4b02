//! Breakers: too much would have been taken away at once.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use governance::Written;
use ids::AppId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Page, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(resume)).routes(routes!(cancel))
}

/// The breaker of an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Breaker {
    /// The app.
    app_id: String,
    /// Since when nothing more is taken away; absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    tripped_at: Option<String>,
    /// What was decided until then went on or was called off, and counts no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
}

impl From<store::breaker::Breaker> for Breaker {
    fn from(breaker: store::breaker::Breaker) -> Self {
        Self {
            app_id: breaker.app_id.to_string(),
            tripped_at: breaker.tripped_at.map(|at| at.to_string()),
            settled_at: breaker.settled_at.map(|at| at.to_string()),
        }
    }
}

fn versioned(breaker: store::breaker::Breaker) -> Versioned<Breaker> {
    Versioned { version: breaker.version, object: breaker.into() }
}

fn answer(written: Written<store::breaker::Breaker>) -> Response {
    audited(written.map(versioned))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Why {
    /// Why; it stands in the audit log.
    reason: String,
}

/// The breakers that have tripped, the longest first
#[utoipa::path(get, path = "/api/v1/breakers", tag = "jobs", responses((status = OK, body = Page<Breaker>)))]
async fn list(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Page<Breaker>>> {
    let tripped = api.governance().breakers(&caller).await?;
    Ok(Json(Page::new(tripped.into_iter().map(Breaker::from).collect(), None)))
}

/// The breaker of an app
#[utoipa::path(get, path = "/api/v1/breakers/{app}", tag = "jobs", params(("app" = String, Path)),
    responses((status = OK, body = Breaker), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(app): At<AppId>) -> Result<Versioned<Breaker>> {
    Ok(versioned(api.governance().breaker(&caller, app).await?))
}

/// Let what was decided until now go on
#[utoipa::path(post, path = "/api/v1/breakers/{app}/resume", tag = "jobs", params(("app" = String, Path)),
    request_body = Why, responses((status = OK, body = Breaker), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "It has not tripped", body = Problem)))]
async fn resume(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Why>,
) -> Result<Response> {
    Ok(answer(api.governance().resume_breaker(&caller, app, version, &body.reason).await?))
}

/// Call off what the breaker kept
#[utoipa::path(post, path = "/api/v1/breakers/{app}/cancel", tag = "jobs", params(("app" = String, Path)),
    request_body = Why, responses((status = OK, body = Breaker), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "It has not tripped", body = Problem)))]
async fn cancel(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Why>,
) -> Result<Response> {
    Ok(answer(api.governance().cancel_breaker(&caller, app, version, &body.reason).await?))
}
