//! What becomes of the accounts of people who leave.

use axum::Json;
use axum::extract::State;
use domain::person::LeaverRule;
use governance::offboarding::AccountView;
use ids::PersonId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Problem, Result, Signed};
use crate::routes::jobs::Job;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get))
}

/// What is done about the accounts of a person who left.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Offboarding {
    /// `none` when the person never left, `open`, or `proved` when syncs show that all is done.
    state: &'static str,
    /// When the person left last.
    started_at: Option<String>,
    /// Their accounts, the oldest first.
    accounts: Vec<Offboarded>,
}

/// An account of a person who left.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Offboarded {
    /// The account.
    account_id: String,
    /// The app that it is in.
    app_id: String,
    /// The name that the person signed in with.
    login: String,
    /// `pending`, `enabled`, `disabled` or `gone`.
    status: String,
    /// `delete_account`, `disable_account`, `revoke_all` or `notify_owner`; `null` for a service account, which is left
    /// alone: say who answers for it now.
    #[schema(value_type = Option<String>)]
    rule: Option<LeaverRule>,
    /// Whether a sync shows that all is done.
    is_proved: bool,
    /// How many entitlements it holds still.
    still_held: usize,
    /// What does it, with the syncs that prove it.
    jobs: Vec<Job>,
}

impl From<AccountView> for Offboarded {
    fn from(view: AccountView) -> Self {
        Self {
            account_id: view.account.id.to_string(),
            app_id: view.account.app_id.to_string(),
            login: view.account.login,
            status: view.account.status,
            rule: view.rule,
            is_proved: view.is_proved,
            still_held: view.still_held,
            jobs: view.jobs.into_iter().map(Job::from).collect(),
        }
    }
}

/// How far the offboarding of a person has come
#[utoipa::path(get, path = "/api/v1/people/{person}/offboarding", tag = "people", params(("person" = String, Path)),
    responses((status = OK, body = Offboarding), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<PersonId>) -> Result<Json<Offboarding>> {
    let found = api.governance().offboarding(&caller, id).await?;
    let state = match found.started_at {
        None => "none",
        Some(_) if found.is_proved() => "proved",
        Some(_) => "open",
    };
    let started_at = found.started_at.map(|at| at.to_string());
    Ok(Json(Offboarding { state, started_at, accounts: found.accounts.into_iter().map(Offboarded::from).collect() }))
}
