//! Requests as REST shows them.

use governance::request::{RequestView, StepView};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::Versioned;
use crate::routes::jobs::Job;

/// A request in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestSummary {
    /// Its id.
    id: String,
    /// `grant`, `extend`, `revoke`, `account` or `swap`.
    kind: &'static str,
    /// `open`, `approved`, `fulfilled`, `denied`, `cancelled`, `expired` or `failed`.
    state: &'static str,
    /// `web`, `api`, `cli`, `chat`, `review`, `timer`, `leaver` or `rule`.
    origin: &'static str,
    /// The app that it is about.
    app_id: String,
    /// Who asked, as the audit log names actors.
    requested_by: String,
    /// For whom.
    for_person_id: String,
    /// What for; absent when an account is asked for.
    entitlement_id: Option<String>,
    /// For which account.
    account_id: Option<String>,
    /// The period that it opens, extends or ends.
    grant_id: Option<String>,
    /// For how long, as ISO 8601; absent for ever.
    #[schema(value_type = Option<String>)]
    duration: Option<SignedDuration>,
    /// For how long it was asked, when an approver gave another duration.
    #[schema(value_type = Option<String>)]
    asked_duration: Option<SignedDuration>,
    /// Why.
    reason: String,
    /// Whether it is urgent.
    emergency: bool,
    /// Why it ended as it did.
    outcome: Option<String>,
    /// The answers to the form of the entitlement, by their keys.
    #[schema(value_type = Object)]
    form: Value,
    /// The bundle that it was asked for with.
    bundle_id: Option<String>,
    /// Until when whoever is to have the access may start it, where it starts on use.
    claim_until: Option<String>,
    /// When they started it.
    started_at: Option<String>,
    /// When it dies unanswered.
    deadline_at: String,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
    /// When it ended.
    closed_at: Option<String>,
}

impl From<store::request::Request> for RequestSummary {
    fn from(request: store::request::Request) -> Self {
        Self {
            id: request.id.to_string(),
            kind: request.kind.name(),
            state: request.state.name(),
            origin: request.origin.name(),
            app_id: request.app_id.to_string(),
            requested_by: request.requested_by,
            for_person_id: request.for_person_id.to_string(),
            entitlement_id: request.entitlement_id.map(|id| id.to_string()),
            account_id: request.account_id.map(|id| id.to_string()),
            grant_id: request.grant_id.map(|id| id.to_string()),
            duration: request.duration,
            asked_duration: request.asked_duration,
            reason: request.reason,
            emergency: request.is_emergency,
            outcome: request.outcome,
            form: Value::Object(request.form),
            bundle_id: request.bundle_id.map(|id| id.to_string()),
            claim_until: request.claim_until.map(|at| at.to_string()),
            started_at: request.started_at.map(|at| at.to_string()),
            deadline_at: request.deadline_at.to_string(),
            created_at: request.created_at.to_string(),
            updated_at: request.updated_at.to_string(),
            closed_at: request.closed_at.map(|at| at.to_string()),
        }
    }
}

/// A request with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    #[serde(flatten)]
    summary: RequestSummary,
    /// What the policy said when the request was made.
    #[schema(value_type = Object)]
    policy: Value,
    /// Its steps, round by round.
    steps: Vec<Step>,
    /// What was said about it.
    comments: Vec<Comment>,
    /// What changes the app.
    jobs: Vec<Job>,
    /// The period that it opened, extended or ends.
    grant: Option<Period>,
}

/// A step of the approval.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// Which time the approval began.
    round: i64,
    /// Its place, from 1.
    number: i64,
    /// `waiting`, `open`, `approved`, `denied`, `skipped` or `ended`.
    state: &'static str,
    /// Who has to decide, or had to.
    assignees: Vec<Assignee>,
    /// When it was opened.
    opened_at: Option<String>,
    /// When it takes too long, as its policy has it; absent once that was dealt with.
    due_at: Option<String>,
    /// When it was decided.
    decided_at: Option<String>,
    /// By whom, as the audit log names actors.
    decided_by: Option<String>,
    /// For whom, when a delegate decided.
    decided_for: Option<String>,
    /// How, when nobody answered.
    how: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// Somebody who has to decide a step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Assignee {
    /// The person.
    person_id: String,
    /// For whom they stand in.
    on_behalf_of: Option<String>,
    /// Whether they may still decide.
    open: bool,
}

/// What somebody said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Comment {
    /// When.
    at: String,
    /// Who, as the audit log names actors.
    author: String,
    /// What.
    text: String,
}

/// How far the access has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Period {
    /// The id of the grant.
    id: String,
    /// `requested`, `approved`, `provisioning`, `active`, `expiring`, `ending`, `stuck`, `failed` or `ended`.
    state: &'static str,
    /// Since when it is held.
    starts_at: String,
    /// When its time is over.
    expires_at: Option<String>,
    /// When it ended.
    ended_at: Option<String>,
    /// Why.
    end_reason: Option<&'static str>,
    /// The sync that showed that it is held.
    proved_sync_id: Option<String>,
    /// Whether a sync showed that it is over.
    end_proved: bool,
}

impl From<store::grant::Grant> for Period {
    fn from(grant: store::grant::Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            state: grant.state.name(),
            starts_at: grant.starts_at.to_string(),
            expires_at: grant.expires_at.map(|at| at.to_string()),
            ended_at: grant.ended_at.map(|at| at.to_string()),
            end_reason: grant.end_reason.map(domain::grant::EndReason::name),
            proved_sync_id: grant.proved_sync_id.map(|id| id.to_string()),
            end_proved: grant.is_end_seen,
        }
    }
}

impl From<StepView> for Step {
    fn from(StepView { step, assignees }: StepView) -> Self {
        let assignee = |assignee: store::request::Assignee| Assignee {
            person_id: assignee.person_id.to_string(),
            on_behalf_of: assignee.on_behalf_of.map(|id| id.to_string()),
            open: assignee.is_open,
        };
        Self {
            round: step.round,
            number: step.number,
            state: step.state.name(),
            assignees: assignees.into_iter().map(assignee).collect(),
            opened_at: step.opened_at.map(|at| at.to_string()),
            due_at: step.due_at.map(|at| at.to_string()),
            decided_at: step.decided_at.map(|at| at.to_string()),
            decided_by: step.decided_by,
            decided_for: step.decided_for.map(|id| id.to_string()),
            how: step.how,
            reason: step.reason,
        }
    }
}

/// The document of a request, with its version.
pub(super) fn versioned(view: RequestView) -> Versioned<Request> {
    let comment = |comment: store::request::Comment| Comment {
        at: comment.at.to_string(),
        author: comment.author,
        text: comment.text,
    };
    Versioned {
        version: view.request.version,
        object: Request {
            policy: serde_json::to_value(&view.policy).unwrap_or_default(),
            steps: view.steps.into_iter().map(Step::from).collect(),
            comments: view.comments.into_iter().map(comment).collect(),
            jobs: view.jobs.into_iter().map(Job::from).collect(),
            grant: view.grant.map(Period::from),
            summary: view.request.into(),
        },
    }
}
