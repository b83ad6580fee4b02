//! When access ends.

use axum::extract::State;
use axum::response::Response;
use ids::GrantId;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};
use crate::routes::requests::Period;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set, remove)).routes(routes!(give_back)).routes(routes!(let_end))
}

fn versioned(grant: store::grant::Grant) -> Versioned<Period> {
    Versioned { version: grant.version, object: grant.into() }
}

/// When access ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpiryBody {
    /// The instant.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Say when a grant ends
#[utoipa::path(put, path = "/api/v1/grants/{grant}/expiry", tag = "inventory", params(("grant" = String, Path)),
    request_body = ExpiryBody,
    responses((status = OK, body = Period), (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It is not held", body = Problem)))]
async fn set(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<GrantId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ExpiryBody>,
) -> Result<Response> {
    let written = api.governance().set_expiry(&caller, id, version, Some(body.expires_at)).await?;
    Ok(audited(written.map(versioned)))
}

/// Let a grant last until somebody ends it
#[utoipa::path(delete, path = "/api/v1/grants/{grant}/expiry", tag = "inventory", params(("grant" = String, Path)),
    responses((status = OK, body = Period), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
async fn remove(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<GrantId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().set_expiry(&caller, id, version, None).await?.map(versioned)))
}

/// Say that the end of a grant is meant
///
/// For its holder and the owners of the app. Nobody is told of this end any more; it can still be extended.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/let-end", tag = "inventory", params(("grant" = String, Path)),
    responses((status = OK, body = Period), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It has no end", body = Problem)))]
async fn let_end(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<GrantId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().let_end(&caller, id, version).await?.map(versioned)))
}

/// Give back what one holds
#[utoipa::path(post, path = "/api/v1/grants/{grant}/return", tag = "inventory", params(("grant" = String, Path)),
    responses((status = OK, body = Period), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It cannot be taken away by itself", body = Problem)))]
async fn give_back(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<GrantId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().return_access(&caller, id, version).await?.map(versioned)))
}
