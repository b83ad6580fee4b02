//! Policies: who has to agree.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::expression::Wanted;
use domain::policy::{Action, Kind, Policy as Definition, Rule};
use governance::Code;
use governance::policy::{PolicyEdit, Trial, Trying};
use ids::{AccountId, AppId, EntitlementId, PersonId, PolicyId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
        .routes(routes!(list, create))
        .routes(routes!(check_expression))
        .routes(routes!(get, edit, delete, test))
}

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Policy {
    /// Its id.
    id: String,
    /// What people call it; no two policies share it.
    name: String,
    /// What it decides about: `request`, `review` or `revoke`.
    #[schema(value_type = String)]
    kind: Kind,
    /// Which of those that come with Podium it is; those stay as they are.
    built_in: Option<String>,
    /// Read from top to bottom; the first whose condition holds decides.
    #[schema(value_type = Vec<Object>, max_items = 16)]
    rules: Vec<Rule>,
    /// What is done when no rule holds: `{"type": "approve"}`, `{"type": "deny"}`, `{"type": "steps", "steps": […]}` or
    /// `{"type": "use_policy", "policyId": …}`.
    #[schema(value_type = Object)]
    baseline: Action,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

fn versioned(stored: store::policy::Stored) -> Versioned<Policy> {
    Versioned { version: stored.version, object: stored.into() }
}

impl From<store::policy::Stored> for Policy {
    fn from(stored: store::policy::Stored) -> Self {
        Self {
            id: stored.id.to_string(),
            name: stored.name,
            kind: stored.kind,
            built_in: stored.builtin,
            rules: stored.policy.rules,
            baseline: stored.policy.baseline,
            created_at: stored.created_at.to_string(),
            updated_at: stored.updated_at.to_string(),
        }
    }
}

/// Which policies a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only policies of this kind: `request`, `review` or `revoke`.
    #[param(value_type = Option<String>)]
    kind: Option<Kind>,
}

/// The policies
#[utoipa::path(get, path = "/api/v1/policies", tag = "policies", params(ListParams, PageParams),
    responses((status = OK, body = Page<Policy>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<Page<Policy>>> {
    Ok(axum::Json(Page::of(api.governance().policies(&caller, params.kind, page.paging()).await?)))
}

/// A wish for a policy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPolicyBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: String,
    /// What it decides about: `request`, `review` or `revoke`.
    #[schema(value_type = String)]
    kind: Kind,
    /// Read from top to bottom; the first whose condition holds decides.
    #[serde(default)]
    #[schema(value_type = Vec<Object>, max_items = 16)]
    rules: Vec<Rule>,
    /// What is done when no rule holds.
    #[schema(value_type = Object)]
    baseline: Action,
}

/// Make a policy
#[utoipa::path(post, path = "/api/v1/policies", tag = "policies", request_body = NewPolicyBody, responses(
    (status = CREATED, body = Policy),
    (status = BAD_REQUEST, description = "`field` names the place of the fault", body = Problem),
    (status = CONFLICT, description = "The name is taken", body = Problem)))]
async fn create(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewPolicyBody>) -> Result<Response> {
    let policy = Definition { rules: body.rules, baseline: body.baseline };
    let written = api.governance().create_policy(&caller, &body.name, body.kind, policy).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/policies/{}", written.value.id));
    let mut response = audited(written.map(|policy| (StatusCode::CREATED, versioned(policy)).into_response()));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One policy
#[utoipa::path(get, path = "/api/v1/policies/{policy}", tag = "policies", params(("policy" = String, Path)),
    responses((status = OK, body = Policy), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<PolicyId>) -> Result<Versioned<Policy>> {
    Ok(versioned(api.governance().policy(&caller, id).await?))
}

/// What to change of a policy; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyEditBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// All of its rules.
    #[schema(value_type = Option<Vec<Object>>, max_items = 16)]
    rules: Option<Vec<Rule>>,
    /// What is done when no rule holds.
    #[schema(value_type = Option<Object>)]
    baseline: Option<Action>,
}

/// Edit a policy; requests that were made before go on as they were
#[utoipa::path(patch, path = "/api/v1/policies/{policy}", tag = "policies", params(("policy" = String, Path)),
    request_body = PolicyEditBody, responses((status = OK, body = Policy),
    (status = BAD_REQUEST, description = "`field` names the place of the fault", body = Problem),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It comes with Podium, or the name is taken", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PolicyId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<PolicyEditBody>,
) -> Result<Response> {
    let edit = PolicyEdit { name: body.name, rules: body.rules, baseline: body.baseline };
    Ok(audited(api.governance().edit_policy(&caller, id, version, edit).await?.map(versioned)))
}

/// Delete a policy that nothing uses
#[utoipa::path(delete, path = "/api/v1/policies/{policy}", tag = "policies", params(("policy" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It comes with Podium, or something uses it", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PolicyId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    let deleted = api.governance().delete_policy(&caller, id, version).await?;
    Ok(audited(deleted.map(|()| StatusCode::NO_CONTENT)))
}

/// An expression, and what its value is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpressionBody {
    /// Its source.
    #[schema(max_length = 4096)]
    expression: String,
    /// What its value is for.
    #[serde(default)]
    purpose: Purpose,
}

/// What the value of an expression is for.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    /// Whether a rule holds: true or false.
    #[default]
    Condition,
    /// Who is asked: a list of ids or mail addresses.
    People,
}

/// Whether a text is an expression.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CheckedExpression {
    /// Whether it is.
    valid: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ExpressionFault>,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Serialize, ToSchema)]
struct ExpressionFault {
    /// The line, from 1.
    line: u32,
    /// The column in letters, from 1.
    column: u32,
    /// What is wrong.
    message: String,
}

/// Check the expression of a condition, or of a step
#[utoipa::path(post, path = "/api/v1/policies:check-expression", tag = "policies", request_body = ExpressionBody,
    responses((status = OK, body = CheckedExpression)))]
async fn check_expression(
    State(api): State<Api>,
    Signed(caller): Signed,
    Body(body): Body<ExpressionBody>,
) -> Result<axum::Json<CheckedExpression>> {
    let wanted = match body.purpose {
        Purpose::Condition => Wanted::Condition,
        Purpose::People => Wanted::People,
    };
    let checked = api.governance().check_expression(&caller, &body.expression, wanted).await?;
    let fault =
        checked.err().map(|error| ExpressionFault { line: error.line, column: error.column, message: error.message });
    Ok(axum::Json(CheckedExpression { valid: fault.is_none(), error: fault }))
}

/// For whom and what a policy is tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyTrialBody {
    /// For whom.
    #[schema(value_type = String)]
    person_id: PersonId,
    /// In which app.
    #[schema(value_type = String)]
    app_id: AppId,
    /// For which entitlement of it.
    #[schema(value_type = Option<String>)]
    entitlement_id: Option<EntitlementId>,
    /// For which account in it.
    #[schema(value_type = Option<String>)]
    account_id: Option<AccountId>,
    /// What expressions know as `request`: `kind`, `origin`, `reason`, `duration`, `emergency`, `requested_by`, `form`.
    #[serde(default)]
    #[schema(value_type = Object)]
    request: Map<String, Value>,
}

/// What a policy would say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyTrial {
    /// `approve`, `deny` or `ask`.
    verdict: &'static str,
    /// Which rule of which policy decides, in words.
    decided_by: String,
    /// What becomes of every rule that is read, in this order.
    rules: Vec<TrialRule>,
    /// Who would be asked in each step, if it opened now.
    steps: Vec<TrialStep>,
}

/// What becomes of one rule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TrialRule {
    /// The policy that it stands in.
    policy_id: String,
    /// Its number, from 1; none for the baseline.
    rule: Option<usize>,
    /// Its condition.
    condition: Option<String>,
    /// `matched`, `not_matched`, `failed` or `not_reached`.
    outcome: &'static str,
    /// Why its condition could not be worked out.
    why: Option<String>,
}

/// Who would be asked in one step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TrialStep {
    /// Who; nobody when nobody could be found.
    people: Vec<TrialPerson>,
    /// Each hop to somebody else, in words.
    hops: Vec<String>,
}

/// Somebody who would be asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TrialPerson {
    /// Who.
    person_id: String,
    /// For whom, when they stand in for somebody who is away.
    on_behalf_of: Option<String>,
}

impl From<Trial> for PolicyTrial {
    fn from(trial: Trial) -> Self {
        let decided_by = trial.frozen.words();
        let rule = |trace: governance::policy::RuleTrace| TrialRule {
            policy_id: trace.policy.to_string(),
            rule: trace.rule,
            condition: trace.condition,
            outcome: trace.outcome.name(),
            why: trace.why,
        };
        let person = |person: store::request::Assignee| TrialPerson {
            person_id: person.person_id.to_string(),
            on_behalf_of: person.on_behalf_of.map(|id| id.to_string()),
        };
        let step = |step: governance::policy::StepTrial| TrialStep {
            people: step.people.into_iter().map(person).collect(),
            hops: step.hops,
        };
        Self {
            verdict: trial.frozen.verdict.name(),
            decided_by,
            rules: trial.frozen.trace.into_iter().map(rule).collect(),
            steps: trial.steps.into_iter().map(step).collect(),
        }
    }
}

/// Try a policy out: rule by rule, and who would be asked. Nothing is written
///
/// The address is `/api/v1/policies/{policy}:test`.
#[utoipa::path(post, path = "/api/v1/policies/{policy}", tag = "policies", params(("policy" = String, Path)),
    request_body = PolicyTrialBody, responses((status = OK, body = PolicyTrial), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn test(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<String>,
    Body(body): Body<PolicyTrialBody>,
) -> Result<axum::Json<PolicyTrial>> {
    // The router knows no suffixes of ids.
    let id = id.strip_suffix(":test").and_then(|id| id.parse::<PolicyId>().ok());
    let id = id.ok_or_else(|| Problem::new(Code::NotFound, "there is nothing here; a policy is tried at `…:test`"))?;
    let trying = Trying {
        person: body.person_id,
        app: body.app_id,
        entitlement: body.entitlement_id,
        account: body.account_id,
        request: Value::Object(body.request),
    };
    Ok(axum::Json(api.governance().test_policy(&caller, id, trying).await?.into()))
}
