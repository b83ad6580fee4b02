//! What owners set about requests for an app and its entitlements.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::request::Start;
use governance::setting::SettingView;
use ids::{AppId, EntitlementId, PersonId, PolicyId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::request_setting::{Of, Setting};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(of_all, set_of_all))
        .routes(routes!(of_app, set_of_app))
        .routes(routes!(of_entitlement, set_of_entitlement))
        .routes(routes!(owners, set_owners))
}

/// What is said about requests; what is absent comes from above: from the app, then from the tenant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestSetting {
    /// Whether people may ask for it.
    requestable: Option<bool>,
    /// The policy that decides about requests.
    #[schema(value_type = Option<String>)]
    request_policy_id: Option<PolicyId>,
    /// The policy that decides about revocations.
    #[schema(value_type = Option<String>)]
    revoke_policy_id: Option<PolicyId>,
    /// The policy that decides when it is urgent; without one nothing is.
    #[schema(value_type = Option<String>)]
    emergency_policy_id: Option<PolicyId>,
    /// How long access may be asked for at most, as ISO 8601.
    #[schema(value_type = Option<String>, example = "PT8H")]
    max_duration: Option<SignedDuration>,
    /// How long it is asked for when nobody says so.
    #[schema(value_type = Option<String>, example = "PT4H")]
    default_duration: Option<SignedDuration>,
    /// When access begins that was agreed to: `at_once`, or `on_use`, when its holder starts it.
    #[schema(value_type = Option<String>, example = "on_use")]
    start: Option<Start>,
    /// How long its holder may wait before they start it, as ISO 8601; three days when nothing is set.
    #[schema(value_type = Option<String>, example = "PT72H")]
    claim_by: Option<SignedDuration>,
    /// Whether a policy may decide that asks nobody but the person themselves although the risk is high or critical;
    /// only Super Administrators say so.
    allow_self_approval: Option<bool>,
}

impl From<Setting> for RequestSetting {
    fn from(setting: Setting) -> Self {
        Self {
            requestable: setting.is_requestable,
            request_policy_id: setting.request_policy,
            revoke_policy_id: setting.revoke_policy,
            emergency_policy_id: setting.emergency_policy,
            max_duration: setting.max_duration,
            default_duration: setting.default_duration,
            start: setting.start,
            claim_by: setting.claim_by,
            allow_self_approval: setting.is_self_approval_allowed,
        }
    }
}

impl From<RequestSetting> for Setting {
    fn from(setting: RequestSetting) -> Self {
        Self {
            is_requestable: setting.requestable,
            request_policy: setting.request_policy_id,
            revoke_policy: setting.revoke_policy_id,
            emergency_policy: setting.emergency_policy_id,
            max_duration: setting.max_duration,
            default_duration: setting.default_duration,
            start: setting.start,
            claim_by: setting.claim_by,
            is_self_approval_allowed: setting.allow_self_approval,
            version: 0,
        }
    }
}

/// What was set here, and what holds with what comes from above.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RequestSettings {
    /// What was set here.
    own: RequestSetting,
    /// What holds.
    effective: RequestSetting,
}

fn versioned(view: &SettingView) -> Versioned<RequestSettings> {
    Versioned {
        version: view.own.version,
        object: RequestSettings { own: view.own.into(), effective: view.effective.into() },
    }
}

/// What is set about requests for everything
#[utoipa::path(get, path = "/api/v1/settings/request-defaults", tag = "settings",
    responses((status = OK, body = RequestSettings), (status = FORBIDDEN, body = Problem)))]
async fn of_all(State(api): State<Api>, Signed(caller): Signed) -> Result<Versioned<RequestSettings>> {
    let of = Of::Tenant(api.governance().store().tenant());
    Ok(versioned(&api.governance().request_setting(&caller, of).await?))
}

/// Set what holds for requests for everything
#[utoipa::path(put, path = "/api/v1/settings/request-defaults", tag = "settings", request_body = RequestSetting,
    responses((status = OK, body = RequestSettings), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_of_all(
    State(api): State<Api>,
    Signed(caller): Signed,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RequestSetting>,
) -> Result<Response> {
    let of = Of::Tenant(api.governance().store().tenant());
    let written = api.governance().set_request_setting(&caller, of, version, body.into()).await?;
    Ok(audited(written.map(|view| versioned(&view))))
}

/// What is set about requests for everything in an app
#[utoipa::path(get, path = "/api/v1/apps/{app}/request-defaults", tag = "apps", params(("app" = String, Path)),
    responses((status = OK, body = RequestSettings), (status = NOT_FOUND, body = Problem)))]
async fn of_app(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
) -> Result<Versioned<RequestSettings>> {
    Ok(versioned(&api.governance().request_setting(&caller, Of::App(id)).await?))
}

/// Set what holds for requests for everything in an app
#[utoipa::path(put, path = "/api/v1/apps/{app}/request-defaults", tag = "apps", params(("app" = String, Path)),
    request_body = RequestSetting,
    responses((status = OK, body = RequestSettings), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_of_app(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RequestSetting>,
) -> Result<Response> {
    let written = api.governance().set_request_setting(&caller, Of::App(id), version, body.into()).await?;
    Ok(audited(written.map(|view| versioned(&view))))
}

/// What is set about requests for an entitlement
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/request-setting", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = RequestSettings), (status = NOT_FOUND, body = Problem)))]
async fn of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Versioned<RequestSettings>> {
    api.governance().entitlement(&caller, app, id).await?;
    Ok(versioned(&api.governance().request_setting(&caller, Of::Entitlement(id)).await?))
}

/// Set what holds for requests for an entitlement
#[utoipa::path(put, path = "/api/v1/apps/{app}/entitlements/{entitlement}/request-setting", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = RequestSetting,
    responses((status = OK, body = RequestSettings), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RequestSetting>,
) -> Result<Response> {
    api.governance().entitlement(&caller, app, id).await?;
    let written = api.governance().set_request_setting(&caller, Of::Entitlement(id), version, body.into()).await?;
    Ok(audited(written.map(|view| versioned(&view))))
}

/// Who owns an entitlement.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EntitlementOwners {
    /// The ids of the people.
    #[schema(value_type = Vec<String>, max_items = 32)]
    people: Vec<PersonId>,
}

/// Who owns an entitlement
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/owners", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = EntitlementOwners), (status = NOT_FOUND, body = Problem)))]
async fn owners(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Json<EntitlementOwners>> {
    api.governance().entitlement(&caller, app, id).await?;
    Ok(Json(EntitlementOwners { people: api.governance().entitlement_owners(&caller, id).await? }))
}

/// Set who owns an entitlement
#[utoipa::path(put, path = "/api/v1/apps/{app}/entitlements/{entitlement}/owners", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = EntitlementOwners,
    responses((status = OK, body = EntitlementOwners), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn set_owners(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    Body(body): Body<EntitlementOwners>,
) -> Result<Response> {
    api.governance().entitlement(&caller, app, id).await?;
    let written = api.governance().set_entitlement_owners(&caller, id, body.people).await?;
    Ok(audited(written.map(|people| Json(EntitlementOwners { people }))))
}
