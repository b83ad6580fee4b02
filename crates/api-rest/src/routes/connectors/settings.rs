//! The settings of hosted connectors: saved and tested; secrets go in and never come out.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use governance::connector::settings::SaveAnyway;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::connector_id;
use super::document::Connector;
use crate::Api;
use crate::http::{Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(save)).routes(routes!(test))
}

/// Settings by name; what is absent stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SettingsBody {
    /// The settings of the connector's kind, for example `token` and `baseUrl`.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Whether they are saved though the app refuses them.
    #[serde(default)]
    save_anyway: bool,
}

/// What became of saving.
#[derive(Debug, Serialize, ToSchema)]
struct Saved {
    /// The connector.
    #[serde(flatten)]
    connector: Connector,
    /// What the app said against the settings, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// Save the settings, and sync
#[utoipa::path(put, path = "/api/v1/connectors/{connector}/settings", tag = "connectors", request_body = SettingsBody,
    responses((status = OK, body = Saved), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "The app refuses them", body = Problem)))]
async fn save(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<SettingsBody>,
) -> Result<Response> {
    let anyway = if body.save_anyway { SaveAnyway::Yes } else { SaveAnyway::No };
    let governance = api.governance();
    let saved = governance
        .save_settings(&caller, connector_id(&id)?, version, &body.settings, anyway, api.connection_test())
        .await?;
    Ok(audited(saved.map(|saved| {
        let (version, warning) = (saved.view.connector.version, saved.warning);
        Versioned { version, object: Saved { connector: saved.view.into(), warning } }
    })))
}

/// What the app said.
#[derive(Debug, Serialize, ToSchema)]
struct Tested {
    /// Whether the app accepted the settings.
    ok: bool,
    /// What it said against them.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Test settings without saving them
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/settings:test", tag = "connectors",
    request_body = SettingsBody, responses((status = OK, body = Tested), (status = BAD_REQUEST, body = Problem)))]
async fn test(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Body(body): Body<SettingsBody>,
) -> Result<Json<Tested>> {
    let governance = api.governance();
    let tested = governance.test_settings(&caller, connector_id(&id)?, &body.settings, api.connection_test()).await?;
    Ok(Json(Tested { ok: tested.is_ok(), error: tested.err() }))
}
