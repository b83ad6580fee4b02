//! Requests for access: made, looked at, decided.

mod decisions;
mod document;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::request::State as RequestState;
use governance::request::NewRequest;
use ids::{AccountId, AppId, BundleId, EntitlementId, GrantId, PersonId, RequestId};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::request::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, Page, PageParams, PageQuery, Params, Problem, Result, Signed, Versioned, audited};

use document::{Request, versioned};

pub(crate) use document::{Period, RequestSummary};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, submit))
        .routes(routes!(get))
        .routes(routes!(inbox))
        .merge(decisions::routes())
}

/// Which requests a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only requests in this state: `open`, `approved`, `fulfilled`, `denied`, `cancelled`, `expired` or `failed`.
    #[param(value_type = Option<String>)]
    state: Option<RequestState>,
    /// Only requests of this app.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
    /// Only requests for this person.
    #[param(value_type = Option<String>)]
    person: Option<PersonId>,
    /// Only requests that were made with this bundle.
    #[param(value_type = Option<String>)]
    bundle: Option<BundleId>,
}

/// Requests, the newest first: all for whoever sees every app, else those that concern the caller
#[utoipa::path(get, path = "/api/v1/requests", tag = "requests", params(ListParams, PageParams),
    responses((status = OK, body = Page<RequestSummary>), (status = BAD_REQUEST, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<RequestSummary>>> {
    let ListParams { state, app, person, bundle } = params;
    let filter = Filter { state, app, person, bundle, concerning: None };
    Ok(Json(Page::of(api.governance().requests(&caller, filter, page.paging()).await?)))
}

/// The requests that wait for the caller's answer, the newest first
#[utoipa::path(get, path = "/api/v1/me/tasks", tag = "me", params(PageParams),
    responses((status = OK, body = Page<RequestSummary>)))]
async fn inbox(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<RequestSummary>>> {
    Ok(Json(Page::of(api.governance().inbox(&caller, page.paging()).await?)))
}

/// A wish for access, or for its end: exactly one of `entitlementId`, `appId` and `grantId` is named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewRequestBody {
    /// For whom; the caller when absent.
    #[schema(value_type = Option<String>)]
    for_person_id: Option<PersonId>,
    /// What to hold.
    #[schema(value_type = Option<String>)]
    entitlement_id: Option<EntitlementId>,
    /// The app to have an account in, when nothing in it is asked for.
    #[schema(value_type = Option<String>)]
    app_id: Option<AppId>,
    /// For which account of the person, when there are several.
    #[schema(value_type = Option<String>)]
    account_id: Option<AccountId>,
    /// What is held, and is to last longer or to end.
    #[schema(value_type = Option<String>)]
    grant_id: Option<GrantId>,
    /// Whether the grant is to end.
    #[serde(default)]
    revoke: bool,
    /// For how long, as ISO 8601: `PT4H`. The default of the entitlement when absent.
    #[schema(value_type = Option<String>, example = "PT4H")]
    duration: Option<SignedDuration>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
    /// Whether it is urgent.
    #[serde(default)]
    emergency: bool,
    /// The answers to the form of the entitlement, by their keys.
    #[serde(default)]
    #[schema(value_type = Object)]
    form: Map<String, Value>,
}

/// Ask for access, for longer access, for an account, or for the end of access
///
/// What was asked for already and is not decided is the same request, which is answered with 200.
#[utoipa::path(post, path = "/api/v1/requests", tag = "requests", request_body = NewRequestBody, responses(
    (status = CREATED, body = Request), (status = OK, description = "It was asked for already", body = Request),
    (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = CONFLICT, description = "It is held already, or cannot be asked for", body = Problem)))]
async fn submit(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewRequestBody>) -> Result<Response> {
    let new = NewRequest {
        for_person: body.for_person_id,
        entitlement: body.entitlement_id,
        app: body.app_id,
        account: body.account_id,
        grant: body.grant_id,
        is_revocation: body.revoke,
        duration: body.duration,
        reason: body.reason,
        is_emergency: body.emergency,
        form: body.form,
        ..NewRequest::default()
    };
    let written = api.governance().submit_request(&caller, new).await?;
    if written.seq.is_none() {
        return Ok(audited(written.map(versioned)));
    }
    let place = HeaderValue::from_str(&format!("/api/v1/requests/{}", written.value.request.id));
    let mut response = audited(written.map(|view| (StatusCode::CREATED, versioned(view)).into_response()));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One request with its steps, comments and jobs
#[utoipa::path(get, path = "/api/v1/requests/{request}", tag = "requests", params(("request" = String, Path)),
    responses((status = OK, body = Request), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<RequestId>) -> Result<Versioned<Request>> {
    Ok(versioned(api.governance().request(&caller, id).await?))
}
