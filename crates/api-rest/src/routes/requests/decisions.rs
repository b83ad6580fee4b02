//! What people do with requests.

use axum::extract::State;
use axum::response::Response;
use governance::request::{Answer, Decision};
use ids::{PersonId, PolicyId, RequestId};
use jiff::SignedDuration;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::{Request, versioned};
use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(deny))
        .routes(routes!(reassign))
        .routes(routes!(comment))
        .routes(routes!(escalate))
        .routes(routes!(skip_step))
        .routes(routes!(restart))
        .routes(routes!(cancel))
        .routes(routes!(retry))
        .routes(routes!(start))
}

/// An agreement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApproveBody {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
    /// For how long, when it is shorter than what was asked for; ISO 8601.
    #[schema(value_type = Option<String>, example = "PT3H")]
    duration: Option<SignedDuration>,
}

/// Agree to the open step of a request
#[utoipa::path(post, path = "/api/v1/requests/{request}/approve", tag = "requests",
    params(("request" = String, Path)), request_body = ApproveBody,
    responses((status = OK, body = Request), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Somebody was faster, or nothing is open", body = Problem)))]
async fn approve(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ApproveBody>,
) -> Result<Response> {
    let answer = Answer { decision: Decision::Approve, reason: body.reason, duration: body.duration };
    Ok(audited(api.governance().answer_request(&caller, id, version, answer).await?.map(versioned)))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReasonBody {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
}

/// Refuse a request
#[utoipa::path(post, path = "/api/v1/requests/{request}/deny", tag = "requests", params(("request" = String, Path)),
    request_body = ReasonBody,
    responses((status = OK, body = Request), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Somebody was faster, or nothing is open", body = Problem)))]
async fn deny(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ReasonBody>,
) -> Result<Response> {
    let answer = Answer { decision: Decision::Deny, reason: body.reason, duration: None };
    Ok(audited(api.governance().answer_request(&caller, id, version, answer).await?.map(versioned)))
}

/// To whom a step is handed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReassignBody {
    /// The person.
    #[schema(value_type = String)]
    to: PersonId,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
}

/// Hand the open step on to somebody else
#[utoipa::path(post, path = "/api/v1/requests/{request}/reassign", tag = "requests",
    params(("request" = String, Path)), request_body = ReassignBody,
    responses((status = OK, body = Request), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn reassign(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ReassignBody>,
) -> Result<Response> {
    let written = api.governance().reassign_request(&caller, id, version, body.to, &body.reason).await?;
    Ok(audited(written.map(versioned)))
}

/// What to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CommentBody {
    /// The words.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// Say something about a request
#[utoipa::path(post, path = "/api/v1/requests/{request}/comment", tag = "requests",
    params(("request" = String, Path)), request_body = CommentBody,
    responses((status = OK, body = Request), (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn comment(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    Body(body): Body<CommentBody>,
) -> Result<Response> {
    Ok(audited(api.governance().comment_request(&caller, id, &body.text).await?.map(versioned)))
}

/// Make one's request urgent
#[utoipa::path(post, path = "/api/v1/requests/{request}/escalate", tag = "requests",
    params(("request" = String, Path)), request_body = ReasonBody,
    responses((status = OK, body = Request), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
async fn escalate(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ReasonBody>,
) -> Result<Response> {
    Ok(audited(api.governance().escalate_request(&caller, id, version, &body.reason).await?.map(versioned)))
}

/// Pass the open step without an answer
#[utoipa::path(post, path = "/api/v1/requests/{request}/skip-step", tag = "requests",
    params(("request" = String, Path)), request_body = ReasonBody,
    responses((status = OK, body = Request), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn skip_step(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ReasonBody>,
) -> Result<Response> {
    Ok(audited(api.governance().skip_step(&caller, id, version, &body.reason).await?.map(versioned)))
}

/// How to begin anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RestartBody {
    /// Under this policy; the one that is set now when absent.
    #[schema(value_type = Option<String>)]
    policy_id: Option<PolicyId>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// Begin the approval of a request anew, under another policy if one is named
#[utoipa::path(post, path = "/api/v1/requests/{request}/restart", tag = "requests",
    params(("request" = String, Path)), request_body = RestartBody,
    responses((status = OK, body = Request), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn restart(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RestartBody>,
) -> Result<Response> {
    let written = api.governance().restart_request(&caller, id, version, body.policy_id, &body.reason).await?;
    Ok(audited(written.map(versioned)))
}

/// Call a request off
#[utoipa::path(post, path = "/api/v1/requests/{request}/cancel", tag = "requests", params(("request" = String, Path)),
    request_body = ReasonBody,
    responses((status = OK, body = Request), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It has ended", body = Problem)))]
async fn cancel(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ReasonBody>,
) -> Result<Response> {
    Ok(audited(api.governance().cancel_request(&caller, id, version, &body.reason).await?.map(versioned)))
}

/// Try again what could not be done; the approvals stay
#[utoipa::path(post, path = "/api/v1/requests/{request}/retry", tag = "requests", params(("request" = String, Path)),
    responses((status = OK, body = Request), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Nothing failed", body = Problem)))]
async fn retry(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().retry_request(&caller, id, version).await?.map(versioned)))
}

/// Start what was agreed to and starts on use
#[utoipa::path(post, path = "/api/v1/requests/{request}/start", tag = "requests", params(("request" = String, Path)),
    responses((status = OK, body = Request), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Nothing waits to be started", body = Problem)))]
async fn start(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<RequestId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().start_request(&caller, id, version).await?.map(versioned)))
}
