//! People go away for a while, leave, come back; and who decides for them meanwhile.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::person::Step;
use governance::Written;
use governance::person::PersonView;
use ids::PersonId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Person, versioned};
use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(suspend))
        .routes(routes!(leave))
        .routes(routes!(back))
        .routes(routes!(set_manager))
        .routes(routes!(delegation, set_delegation, clear_delegation))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LifeBody {
    /// It stands in the audit log.
    #[schema(max_length = 1000)]
    reason: String,
}

fn answer(written: Written<PersonView>) -> Response {
    audited(written.map(versioned))
}

/// Suspend a person: they keep their access, and can neither sign in nor ask for more
#[utoipa::path(post, path = "/api/v1/people/{person}/suspend", tag = "people", params(("person" = String, Path)),
    request_body = LifeBody, responses((status = OK, body = Person), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "The status does not allow it", body = Problem)))]
async fn suspend(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<LifeBody>,
) -> Result<Response> {
    Ok(answer(api.governance().move_person(&caller, id, version, Step::Suspend, &body.reason).await?))
}

/// Have a person leave: they can do nothing here, and jobs for their accounts are queued
#[utoipa::path(post, path = "/api/v1/people/{person}/leave", tag = "people", params(("person" = String, Path)),
    request_body = LifeBody, responses((status = OK, body = Person), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "The status does not allow it", body = Problem)))]
async fn leave(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<LifeBody>,
) -> Result<Response> {
    Ok(answer(api.governance().move_person(&caller, id, version, Step::Leave, &body.reason).await?))
}

/// Take a person back; nothing that ended comes back with them
#[utoipa::path(post, path = "/api/v1/people/{person}/return", tag = "people", params(("person" = String, Path)),
    request_body = LifeBody, responses((status = OK, body = Person), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "The status does not allow it", body = Problem)))]
async fn back(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<LifeBody>,
) -> Result<Response> {
    Ok(answer(api.governance().move_person(&caller, id, version, Step::Return, &body.reason).await?))
}

/// Who manages a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ManagerBody {
    /// The id of the manager; `null` for nobody.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(value_type = Option<String>)]
    manager_id: Option<PersonId>,
}

/// Say who manages a person
#[utoipa::path(put, path = "/api/v1/people/{person}/manager", tag = "people", params(("person" = String, Path)),
    request_body = ManagerBody, responses((status = OK, body = Person), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_manager(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ManagerBody>,
) -> Result<Response> {
    Ok(answer(api.governance().set_manager(&caller, id, version, body.manager_id).await?))
}

/// Who decides for somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Delegation {
    /// The id of the person who decides.
    #[schema(value_type = String)]
    to: PersonId,
    /// From when on; from now on when absent.
    #[schema(value_type = Option<String>)]
    starts_at: Option<Timestamp>,
    /// Until when; until it is taken back when absent.
    #[schema(value_type = Option<String>)]
    ends_at: Option<Timestamp>,
}

/// The delegation of a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DelegationOf {
    /// None when nobody decides for them.
    delegation: Option<Delegation>,
}

impl From<Option<store::delegation::Delegation>> for DelegationOf {
    fn from(found: Option<store::delegation::Delegation>) -> Self {
        let shown = |row: store::delegation::Delegation| Delegation {
            to: row.to,
            starts_at: Some(row.starts_at),
            ends_at: row.ends_at,
        };
        Self { delegation: found.map(shown) }
    }
}

/// Who decides for a person while they are away
#[utoipa::path(get, path = "/api/v1/people/{person}/delegation", tag = "people", params(("person" = String, Path)),
    responses((status = OK, body = DelegationOf), (status = FORBIDDEN, body = Problem)))]
async fn delegation(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
) -> Result<Json<DelegationOf>> {
    Ok(Json(api.governance().delegation(&caller, id).await?.into()))
}

/// Say who decides for a person while they are away
#[utoipa::path(put, path = "/api/v1/people/{person}/delegation", tag = "people", params(("person" = String, Path)),
    request_body = Delegation, responses((status = OK, body = DelegationOf), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn set_delegation(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(from): At<PersonId>,
    Body(body): Body<Delegation>,
) -> Result<Response> {
    let starts_at = body.starts_at.unwrap_or_else(|| api.governance().store().now());
    let wished = store::delegation::Delegation { from, to: body.to, starts_at, ends_at: body.ends_at };
    let written = api.governance().set_delegation(&caller, from, Some(wished)).await?;
    Ok(audited(written.map(|found| Json(DelegationOf::from(found)))))
}

/// Take a delegation back
#[utoipa::path(delete, path = "/api/v1/people/{person}/delegation", tag = "people", params(("person" = String, Path)),
    responses((status = OK, body = DelegationOf), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn clear_delegation(State(api): State<Api>, Signed(caller): Signed, At(from): At<PersonId>) -> Result<Response> {
    let written = api.governance().set_delegation(&caller, from, None).await?;
    Ok(audited(written.map(|found| Json(DelegationOf::from(found)))))
}
