//! The settings of the install.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::switch::Switch;
use governance::switch;
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
    OpenApiRouter::new()
        .routes(routes!(get, edit))
        .routes(routes!(get_session, edit_session))
        .routes(routes!(switches, set_switches))
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

/// A switch of the whole install.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SwitchObject {
    /// Whether it is on.
    is_on: bool,
    /// When it was last switched.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The switches by their names: `provisioning` (off: jobs wait), `expiry` (off: access ends as soon as it is on again),
/// `notices` (off: nobody is sent mail), `sync_holds` (off: only empty syncs are held).
type Switches = BTreeMap<&'static str, SwitchObject>;

fn by_name(settings: Vec<switch::Setting>) -> Json<Switches> {
    let object = |(switch, touched): switch::Setting| {
        let object = match touched {
            None => SwitchObject { is_on: true, changed_at: None, changed_by: None, reason: None },
            Some(touched) => SwitchObject {
                is_on: touched.is_on,
                changed_at: Some(touched.changed_at.to_string()),
                changed_by: Some(touched.changed_by),
                reason: Some(touched.reason),
            },
        };
        (switch.name(), object)
    };
    Json(settings.into_iter().map(object).collect())
}

/// The switches
#[utoipa::path(get, path = "/api/v1/settings/switches", tag = "settings",
    responses((status = OK, body = BTreeMap<String, SwitchObject>)))]
async fn switches(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Switches>> {
    Ok(by_name(api.governance().switches(&caller).await?))
}

/// Which switches to turn, and why; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
struct SwitchesBody {
    /// Whether changes are made in apps.
    provisioning: Option<bool>,
    /// Whether access ends when its time is over.
    expiry: Option<bool>,
    /// Whether notices are mailed.
    notices: Option<bool>,
    /// Whether suspicious syncs are held.
    sync_holds: Option<bool>,
    /// Why.
    reason: String,
}

/// Turn switches on or off
#[utoipa::path(patch, path = "/api/v1/settings/switches", tag = "settings", request_body = SwitchesBody,
    responses((status = OK, body = BTreeMap<String, SwitchObject>), (status = BAD_REQUEST, body = Problem)))]
async fn set_switches(
    State(api): State<Api>,
    Signed(caller): Signed,
    Body(body): Body<SwitchesBody>,
) -> Result<Response> {
    let wished = [
        (Switch::Provisioning, body.provisioning),
        (Switch::Expiry, body.expiry),
        (Switch::Notices, body.notices),
        (Switch::SyncHolds, body.sync_holds),
    ];
    let wished: Vec<(Switch, bool)> = wished.into_iter().filter_map(|(switch, is_on)| Some((switch, is_on?))).collect();
    let written = api.governance().set_switches(&caller, &wished, &body.reason).await?;
    Ok(audited(written.map(by_name)))
}
