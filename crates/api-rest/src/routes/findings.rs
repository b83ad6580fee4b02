//! Findings: what is not as it should be, and what people decide about it.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::finding::{Severity, State as FindingState, Type};
use governance::finding::TypeSetting;
use ids::{AppId, FindingId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::finding::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{
    At, Body, ExpectedVersion, Page, PageParams, PageQuery, Params, Problem, Result, Signed, Versioned, audited,
};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(accept))
        .routes(routes!(snooze))
        .routes(routes!(suppress))
        .routes(routes!(remedy))
        .routes(routes!(reopen))
        .routes(routes!(types))
        .routes(routes!(set_type))
}

/// Something that is not as it should be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Finding {
    /// Its id.
    id: String,
    /// What is not as it should be; `GET /finding-types` lists all.
    r#type: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    severity: &'static str,
    /// `open`, `accepted`, `snoozed`, `suppressed`, `remedied` or `resolved`.
    state: &'static str,
    /// The app that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// The kind of what it is about: `grant`, `account`, `app`, `connector`, …
    subject_kind: String,
    /// The id of what it is about.
    subject_id: String,
    /// What was seen: `login`, `entitlement`, `since`, …
    #[schema(value_type = Object)]
    evidence: Value,
    /// What ends it, if Podium can: `revert`, `set_owner` or `retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    /// When it was seen first.
    first_seen: String,
    /// When it was last seen, to the hour.
    last_seen: String,
    /// Since when it is in its state.
    since: String,
    /// How often it came again after it was over.
    recurrences: i64,
    /// Until when it is accepted or put off.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Why, in the words of whoever decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who decided. What happened to it is in the audit log, under its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
}

impl From<store::finding::Finding> for Finding {
    fn from(finding: store::finding::Finding) -> Self {
        Self {
            id: finding.id.to_string(),
            r#type: finding.kind.name(),
            severity: finding.severity.name(),
            state: finding.state.name(),
            app_id: finding.app_id.map(|id| id.to_string()),
            subject_kind: finding.subject.kind,
            subject_id: finding.subject.id,
            evidence: finding.evidence,
            remedy: finding.kind.remedy().map(domain::finding::Remedy::name),
            first_seen: finding.first_seen.to_string(),
            last_seen: finding.last_seen.to_string(),
            since: finding.since.to_string(),
            recurrences: finding.recurrences,
            until: finding.until.map(|until| until.to_string()),
            reason: finding.reason,
            decided_by: finding.decided_by,
        }
    }
}

fn versioned(finding: store::finding::Finding) -> Versioned<Finding> {
    Versioned { version: finding.version, object: finding.into() }
}

fn answer(written: governance::Written<store::finding::Finding>) -> Response {
    audited(written.map(versioned))
}

/// Which findings a list has.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only those in this state.
    #[param(value_type = Option<String>)]
    state: Option<FindingState>,
    /// Only those of this type.
    #[param(value_type = Option<String>)]
    r#type: Option<Type>,
    /// Only those of this severity.
    #[param(value_type = Option<String>)]
    severity: Option<Severity>,
    /// Only those about this app.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
    /// Only those about the object with this id.
    subject: Option<String>,
}

/// The findings that the caller may see, the newest first
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(ListParams, PageParams),
    responses((status = OK, body = Page<Finding>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Finding>>> {
    let ListParams { state, r#type, severity, app, subject } = params;
    let filter = Filter { state, kind: r#type, severity, app, subject, ..Filter::default() };
    Ok(Json(Page::of(api.governance().findings(&caller, filter, page.paging()).await?)))
}

/// One finding
#[utoipa::path(get, path = "/api/v1/findings/{finding}", tag = "findings", params(("finding" = String, Path)),
    responses((status = OK, body = Finding), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<FindingId>) -> Result<Versioned<Finding>> {
    Ok(versioned(api.governance().finding(&caller, id).await?))
}

/// An acceptance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AcceptBody {
    /// Why it may be so.
    #[schema(max_length = 1000)]
    reason: String,
    /// Until when, at most a year from now; a year when absent.
    #[schema(value_type = Option<String>)]
    until: Option<Timestamp>,
}

/// It may be so for a while
#[utoipa::path(post, path = "/api/v1/findings/{finding}/accept", tag = "findings", params(("finding" = String, Path)),
    request_body = AcceptBody, responses((status = OK, body = Finding), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, description = "It is not open", body = Problem)))]
async fn accept(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FindingId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<AcceptBody>,
) -> Result<Response> {
    Ok(answer(api.governance().accept_finding(&caller, id, version, body.until, &body.reason).await?))
}

/// For how long it is put off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SnoozeBody {
    /// Why it can wait.
    #[schema(max_length = 1000)]
    reason: String,
    /// Until when, at most a year from now.
    #[schema(value_type = String)]
    until: Timestamp,
}

/// Decide later
#[utoipa::path(post, path = "/api/v1/findings/{finding}/snooze", tag = "findings", params(("finding" = String, Path)),
    request_body = SnoozeBody, responses((status = OK, body = Finding), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, description = "It is not open", body = Problem)))]
async fn snooze(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FindingId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<SnoozeBody>,
) -> Result<Response> {
    Ok(answer(api.governance().snooze_finding(&caller, id, version, body.until, &body.reason).await?))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SuppressBody {
    /// Why it may be so for good.
    #[schema(max_length = 1000)]
    reason: String,
}

/// It may be so for good
#[utoipa::path(post, path = "/api/v1/findings/{finding}/suppress", tag = "findings",
    params(("finding" = String, Path)), request_body = SuppressBody, responses((status = OK, body = Finding),
    (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It is not open", body = Problem)))]
async fn suppress(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FindingId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<SuppressBody>,
) -> Result<Response> {
    Ok(answer(api.governance().suppress_finding(&caller, id, version, &body.reason).await?))
}

/// What the remedy needs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RemedyBody {
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
    /// Who becomes the owner, for the remedy `set_owner`.
    #[schema(value_type = Option<String>)]
    person_id: Option<PersonId>,
}

/// End what it is about: revert what was given outside, set an owner, try again
#[utoipa::path(post, path = "/api/v1/findings/{finding}/remedy", tag = "findings", params(("finding" = String, Path)),
    request_body = RemedyBody, responses((status = OK, body = Finding), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It is not open, or there is no remedy", body = Problem)))]
async fn remedy(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FindingId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RemedyBody>,
) -> Result<Response> {
    Ok(answer(api.governance().remedy_finding(&caller, id, version, body.person_id, &body.reason).await?))
}

/// Look at it again
#[utoipa::path(post, path = "/api/v1/findings/{finding}/reopen", tag = "findings", params(("finding" = String, Path)),
    responses((status = OK, body = Finding), (status = NOT_FOUND, body = Problem)))]
async fn reopen(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FindingId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(answer(api.governance().reopen_finding(&caller, id, version).await?))
}

/// A type of finding.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FindingType {
    /// Its name.
    r#type: &'static str,
    /// What it is, in words.
    description: &'static str,
    /// Whether it is looked for; what is open of a type that is off stays open, and nobody checks it again.
    is_on: bool,
    /// What ends its findings, if Podium can.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    /// When it was switched.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
}

impl From<TypeSetting> for FindingType {
    fn from((kind, is_on, set): TypeSetting) -> Self {
        Self {
            r#type: kind.name(),
            description: kind.words(),
            is_on,
            remedy: kind.remedy().map(domain::finding::Remedy::name),
            changed_at: set.as_ref().map(|set| set.changed_at.to_string()),
            changed_by: set.map(|set| set.changed_by),
        }
    }
}

/// The types of findings
#[utoipa::path(get, path = "/api/v1/finding-types", tag = "findings",
    responses((status = OK, body = Page<FindingType>)))]
async fn types(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Page<FindingType>>> {
    let types = api.governance().finding_types(&caller).await?;
    Ok(Json(Page::new(types.into_iter().map(FindingType::from).collect(), None)))
}

/// Whether a type is looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TypeBody {
    /// Whether it is.
    is_on: bool,
}

/// Look for a type of finding from now on, or no more
#[utoipa::path(put, path = "/api/v1/finding-types/{type}", tag = "findings", params(("type" = String, Path)),
    request_body = TypeBody, responses((status = OK, body = FindingType), (status = NOT_FOUND, body = Problem)))]
async fn set_type(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(kind): At<Type>,
    Body(body): Body<TypeBody>,
) -> Result<Response> {
    let written = api.governance().set_finding_type(&caller, kind, body.is_on).await?;
    Ok(audited(written.map(|setting| Json(FindingType::from(setting)))))
}
