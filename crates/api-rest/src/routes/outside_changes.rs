//! What apps do about changes that Podium did not make.

use axum::extract::State;
use axum::response::Response;
use domain::finding::Reaction;
use ids::AppId;
use serde::{Deserialize, Serialize};
use store::finding::reaction::AppReaction;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// What an app does about changes that Podium did not make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OutsideChanges {
    /// What follows from access that is given outside: `record_only`, `tell_owner` (a finding), or `revoke_at_once` (what is
    /// of high risk is taken away, as far as the breaker lets it).
    #[schema(value_type = String)]
    outside: Reaction,
    /// Who else gives and takes access in the app; requests warn of it, and what it undoes twice is not tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_writer: Option<String>,
}

fn versioned(reaction: AppReaction) -> Versioned<OutsideChanges> {
    let object = OutsideChanges { outside: reaction.outside, other_writer: reaction.other_writer };
    Versioned { version: reaction.version, object }
}

/// What an app does about changes that Podium did not make
#[utoipa::path(get, path = "/api/v1/apps/{app}/outside-changes", tag = "findings", params(("app" = String, Path)),
    responses((status = OK, body = OutsideChanges), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(app): At<AppId>) -> Result<Versioned<OutsideChanges>> {
    Ok(versioned(api.governance().outside_changes(&caller, app).await?))
}

/// Choose what an app does about changes that Podium did not make
#[utoipa::path(put, path = "/api/v1/apps/{app}/outside-changes", tag = "findings", params(("app" = String, Path)),
    request_body = OutsideChanges, responses((status = OK, body = OutsideChanges),
    (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn set(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<OutsideChanges>,
) -> Result<Response> {
    let other = body.other_writer.as_deref();
    let written = api.governance().set_outside_changes(&caller, app, version, body.outside, other).await?;
    Ok(audited(written.map(versioned)))
}
