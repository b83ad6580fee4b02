//! How much harm apps and entitlements can do, and what they fall under.

use axum::extract::State;
use axum::response::Response;
use domain::classification::{Classification as Said, Risk};
use governance::classification::ClassificationView;
use ids::{AppId, EntitlementId};
use serde::{Deserialize, Serialize};
use store::classification::Of;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(of_app, set_of_app)).routes(routes!(of_entitlement, set_of_entitlement))
}

/// How much harm something can do, and what it falls under.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Classification {
    /// `low`, `medium`, `high` or `critical`; absent comes from the app, and is low when nobody says anything.
    #[schema(value_type = Option<String>, example = "high")]
    risk_level: Option<Risk>,
    /// By what it is found.
    #[serde(default)]
    #[schema(max_items = 32)]
    tags: Vec<String>,
    /// The rules of others under which it falls.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["SOX"]))]
    frameworks: Vec<String>,
}

impl From<Said> for Classification {
    fn from(said: Said) -> Self {
        Self { risk_level: said.risk_level, tags: said.tags, frameworks: said.frameworks }
    }
}

impl From<Classification> for Said {
    fn from(body: Classification) -> Self {
        Self { risk_level: body.risk_level, tags: body.tags, frameworks: body.frameworks }
    }
}

/// What was said here, and what holds with what comes from the app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Classifications {
    /// What was said here.
    own: Classification,
    /// What holds.
    effective: Classification,
}

fn versioned(view: ClassificationView) -> Versioned<Classifications> {
    let effective = Said { risk_level: Some(view.effective.risk()), ..view.effective };
    Versioned { version: view.version, object: Classifications { own: view.own.into(), effective: effective.into() } }
}

/// How much harm an app can do
#[utoipa::path(get, path = "/api/v1/apps/{app}/classification", tag = "apps", params(("app" = String, Path)),
    responses((status = OK, body = Classifications), (status = NOT_FOUND, body = Problem)))]
async fn of_app(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
) -> Result<Versioned<Classifications>> {
    Ok(versioned(api.governance().classification(&caller, Of::App(id)).await?))
}

/// Say how much harm an app can do
#[utoipa::path(put, path = "/api/v1/apps/{app}/classification", tag = "apps", params(("app" = String, Path)),
    request_body = Classification,
    responses((status = OK, body = Classifications), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_of_app(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Classification>,
) -> Result<Response> {
    let written = api.governance().set_classification(&caller, Of::App(id), version, body.into()).await?;
    Ok(audited(written.map(versioned)))
}

/// How much harm an entitlement can do
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/classification", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = Classifications), (status = NOT_FOUND, body = Problem)))]
async fn of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Versioned<Classifications>> {
    api.governance().entitlement(&caller, app, id).await?;
    Ok(versioned(api.governance().classification(&caller, Of::Entitlement(id)).await?))
}

/// Say how much harm an entitlement can do
#[utoipa::path(put, path = "/api/v1/apps/{app}/entitlements/{entitlement}/classification", tag = "apps",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = Classification,
    responses((status = OK, body = Classifications), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Classification>,
) -> Result<Response> {
    api.governance().entitlement(&caller, app, id).await?;
    let written = api.governance().set_classification(&caller, Of::Entitlement(id), version, body.into()).await?;
    Ok(audited(written.map(versioned)))
}
