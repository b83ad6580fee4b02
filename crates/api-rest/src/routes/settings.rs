//! The settings of the install.

use axum::extract::State;
use axum::response::Response;
use governance::tenant::{TenantEdit, TenantSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get, edit))
}

/// The settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Settings {
    /// What the install is called.
    name: String,
    /// Mail domains of the organisation, sub-domains included; accounts with other addresses are external.
    trusted_domains: Vec<String>,
    /// The time zone of schedules that name none, by its IANA name.
    time_zone: String,
}

fn versioned(settings: TenantSettings) -> Versioned<Settings> {
    let object =
        Settings { name: settings.name, trusted_domains: settings.trusted_domains, time_zone: settings.time_zone };
    Versioned { version: settings.version, object }
}

/// The settings
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = OK, body = Settings)))]
async fn get(State(api): State<Api>, Signed(caller): Signed) -> Result<Versioned<Settings>> {
    Ok(versioned(api.governance().tenant_settings(&caller).await?))
}

/// What to change of the settings; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SettingsBody {
    /// What the install is called.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Mail domains of the organisation.
    #[schema(max_items = 100)]
    trusted_domains: Option<Vec<String>>,
    /// The time zone of schedules that name none, by its IANA name: `Europe/Zurich`.
    time_zone: Option<String>,
}

/// Change the settings
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings", request_body = SettingsBody,
    responses((status = OK, body = Settings), (status = BAD_REQUEST, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<SettingsBody>,
) -> Result<Response> {
    let edit = TenantEdit { name: body.name, trusted_domains: body.trusted_domains, time_zone: body.time_zone };
    Ok(audited(api.governance().edit_tenant_settings(&caller, version, edit).await?.map(versioned)))
}
