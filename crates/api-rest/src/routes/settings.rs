//! The settings of the install.

use axum::extract::State;
use axum::response::Response;
use governance::tenant::{TenantEdit, TenantSettings};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get, edit)).routes(routes!(get_session, edit_session))
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
    let edit = TenantEdit {
        name: body.name,
        trusted_domains: body.trusted_domains,
        time_zone: body.time_zone,
        ..TenantEdit::default()
    };
    Ok(audited(api.governance().edit_tenant_settings(&caller, version, edit).await?.map(versioned)))
}

/// How long people stay signed in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SessionSettings {
    /// How long a session lives at most, in minutes: 45 to 1200. It ends after two hours without use in any case.
    #[schema(minimum = 45, maximum = 1200)]
    max_minutes: u32,
}

fn session(settings: &TenantSettings) -> Versioned<SessionSettings> {
    let max_minutes = u32::try_from(settings.session_life.as_mins()).unwrap_or(u32::MAX);
    Versioned { version: settings.version, object: SessionSettings { max_minutes } }
}

/// How long people stay signed in
#[utoipa::path(get, path = "/api/v1/settings/session", tag = "settings",
    responses((status = OK, body = SessionSettings)))]
async fn get_session(State(api): State<Api>, Signed(caller): Signed) -> Result<Versioned<SessionSettings>> {
    Ok(session(&api.governance().tenant_settings(&caller).await?))
}

/// Change how long people stay signed in; counts for sessions that begin from then on
#[utoipa::path(patch, path = "/api/v1/settings/session", tag = "settings", request_body = SessionSettings,
    responses((status = OK, body = SessionSettings), (status = BAD_REQUEST, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit_session(
    State(api): State<Api>,
    Signed(caller): Signed,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<SessionSettings>,
) -> Result<Response> {
    let session_life = Some(SignedDuration::from_mins(i64::from(body.max_minutes)));
    let edit = TenantEdit { session_life, ..TenantEdit::default() };
    let written = api.governance().edit_tenant_settings(&caller, version, edit).await?;
    Ok(audited(written.map(|settings| session(&settings))))
}
