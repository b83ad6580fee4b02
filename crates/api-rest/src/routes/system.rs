//! Whether the server lives and can work, and the description of its API.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::Result;

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(openapi))
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`: whoever is not, answers with an error.
    status: &'static str,
}

/// The process is up
#[utoipa::path(get, path = "/health/live", tag = "system", security(()), responses((status = OK, body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The database answers, so that requests can be served
#[utoipa::path(get, path = "/health/ready", tag = "system", security(()), responses(
    (status = OK, body = Health),
    (status = SERVICE_UNAVAILABLE, description = "The database does not answer", body = crate::http::Problem),
))]
async fn ready(State(api): State<Api>) -> Result<Json<Health>> {
    api.governance().store().ping().await?;
    Ok(Json(Health { status: "ok" }))
}

/// This description
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system", security(()), responses((status = OK, body = Object)))]
async fn openapi() -> Json<OpenApi> {
    Json(crate::document())
}
