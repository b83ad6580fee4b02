//! Provision jobs: what is changed in apps, by connectors and by people.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::provision::State as JobState;
use governance::provision::{JobFilter, JobView};
use ids::{AppId, ProvisionJobId, RequestId};
use serde::{Deserialize, Serialize};
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
        .routes(routes!(by_hand))
        .routes(routes!(done))
        .routes(routes!(decline))
        .routes(routes!(retry))
        .routes(routes!(cancel))
}

/// One change of one account in an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    /// Its id.
    id: String,
    /// `manual` when a person has to do it, else its effect.
    kind: &'static str,
    /// `grant`, `revoke`, `swap`, `create_account`, `delete_account` or `disable_account`.
    effect: &'static str,
    /// `queued`, `blocked`, `leased`, `manual`, `waiting_person`, `reported`, `confirmed`, `contradicted`, `declined`,
    /// `failed` or `cancelled`.
    state: &'static str,
    /// `request`, `review`, `expiry`, `return`, `leaver`, `rule` or `undo`.
    cause: &'static str,
    /// The app.
    app_id: String,
    /// The connector that does it, or shows that it is done.
    connector_id: String,
    /// The account.
    account_id: Option<String>,
    /// The person.
    person_id: Option<String>,
    /// What is given or taken.
    entitlement_id: Option<String>,
    /// The period that it opens or ends.
    grant_id: Option<String>,
    /// The request that it belongs to.
    request_id: Option<String>,
    /// The job that it tries again.
    retry_of: Option<String>,
    /// What keeps it from being offered.
    blocked_by: Option<String>,
    /// What went wrong, in words.
    error: Option<String>,
    /// The code of the connector's answer.
    error_code: Option<i32>,
    /// When it was decided.
    created_at: String,
    /// When it was said to be done.
    reported_at: Option<String>,
    /// By whom, as the audit log names actors.
    reported_by: Option<String>,
    /// The sync that showed that it is done.
    confirmed_sync_id: Option<String>,
    /// When nothing more would happen to it.
    ended_at: Option<String>,
}

impl From<store::provision::Job> for Job {
    fn from(job: store::provision::Job) -> Self {
        let (error, error_code) = job.error.map(|error| (error.message, error.code)).unzip();
        Self {
            id: job.id.to_string(),
            kind: if job.is_by_hand { "manual" } else { job.effect.name() },
            effect: job.effect.name(),
            state: job.state.name(),
            cause: job.cause.name(),
            app_id: job.app_id.to_string(),
            connector_id: job.connector_id.to_string(),
            account_id: job.account_id.map(|id| id.to_string()),
            person_id: job.person_id.map(|id| id.to_string()),
            entitlement_id: job.entitlement_id.map(|id| id.to_string()),
            grant_id: job.grant_id.map(|id| id.to_string()),
            request_id: job.request_id.map(|id| id.to_string()),
            retry_of: job.retry_of.map(|id| id.to_string()),
            blocked_by: job.blocked_by,
            error,
            error_code: error_code.flatten(),
            created_at: job.created_at.to_string(),
            reported_at: job.reported_at.map(|at| at.to_string()),
            reported_by: job.reported_by,
            confirmed_sync_id: job.confirmed_sync_id.map(|id| id.to_string()),
            ended_at: job.ended_at.map(|at| at.to_string()),
        }
    }
}

fn versioned(job: store::provision::Job) -> Versioned<Job> {
    Versioned { version: job.version, object: job.into() }
}

/// Which jobs a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only jobs of this app; needed by those who own it and may not see all.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
    /// Only jobs in this state.
    #[param(value_type = Option<String>)]
    state: Option<JobState>,
    /// Only jobs of this request.
    #[param(value_type = Option<String>)]
    request: Option<RequestId>,
}

/// Provision jobs, the newest first
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(ListParams, PageParams),
    responses((status = OK, body = Page<Job>), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Job>>> {
    let filter = JobFilter { app: params.app, state: params.state, request: params.request };
    Ok(Json(Page::of(api.governance().provision_jobs(&caller, filter, page.paging()).await?)))
}

/// A provision job, and who does it when it is for people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JobByHand {
    #[serde(flatten)]
    job: Job,
    /// Those who do it by hand; nobody when a connector does.
    assignees: Vec<String>,
    /// What they are told.
    instructions: String,
}

impl From<JobView> for JobByHand {
    fn from(JobView { job, assignees, instructions }: JobView) -> Self {
        Self { job: job.into(), assignees: assignees.iter().map(ToString::to_string).collect(), instructions }
    }
}

/// One provision job
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs", params(("job" = String, Path)),
    responses((status = OK, body = JobByHand), (status = NOT_FOUND, body = Problem)))]
async fn get(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<ProvisionJobId>,
) -> Result<Versioned<JobByHand>> {
    let view = api.governance().provision_job(&caller, id).await?;
    Ok(Versioned { version: view.job.version, object: view.into() })
}

/// What the caller is to do by hand, the newest first
#[utoipa::path(get, path = "/api/v1/me/jobs", tag = "me", params(PageParams),
    responses((status = OK, body = Page<JobByHand>)))]
async fn by_hand(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<JobByHand>>> {
    Ok(Json(Page::of(api.governance().jobs_by_hand(&caller, page.paging()).await?)))
}

/// What a person says about a job.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NoteBody {
    /// What was done, or why not.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Say that one has done by hand what a job says
#[utoipa::path(post, path = "/api/v1/jobs/{job}/done", tag = "jobs", params(("job" = String, Path)),
    request_body = NoteBody,
    responses((status = OK, body = Job), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It is no job for a person", body = Problem)))]
async fn done(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<ProvisionJobId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<NoteBody>,
) -> Result<Response> {
    let note = (!body.reason.trim().is_empty()).then_some(body.reason.as_str());
    Ok(audited(api.governance().job_done_by_hand(&caller, id, version, note).await?.map(versioned)))
}

/// Say that one will not do what a job says
#[utoipa::path(post, path = "/api/v1/jobs/{job}/decline", tag = "jobs", params(("job" = String, Path)),
    request_body = NoteBody,
    responses((status = OK, body = Job), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
async fn decline(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<ProvisionJobId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<NoteBody>,
) -> Result<Response> {
    Ok(audited(api.governance().decline_job(&caller, id, version, &body.reason).await?.map(versioned)))
}

/// Try a job again that failed or was declined; the answer is the new job
#[utoipa::path(post, path = "/api/v1/jobs/{job}/retry", tag = "jobs", params(("job" = String, Path)),
    responses((status = OK, body = Job), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, body = Problem)))]
async fn retry(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<ProvisionJobId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().retry_job(&caller, id, version).await?.map(versioned)))
}

/// Call a job off that nobody has begun
#[utoipa::path(post, path = "/api/v1/jobs/{job}/cancel", tag = "jobs", params(("job" = String, Path)),
    request_body = NoteBody,
    responses((status = OK, body = Job), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
async fn cancel(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<ProvisionJobId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<NoteBody>,
) -> Result<Response> {
    Ok(audited(api.governance().cancel_job(&caller, id, version, &body.reason).await?.map(versioned)))
}
