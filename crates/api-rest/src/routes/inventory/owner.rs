//! What people say about an account: who answers for it, and of what type it is.

use axum::extract::State;
use axum::response::Response;
use governance::Written;
use governance::account::AccountOwner;
use ids::{AccountId, AppId, PersonId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::Account;
use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Params, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set, clear)).routes(routes!(edit))
}

/// Who is to answer for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OwnerBody {
    /// The id of the person.
    #[schema(value_type = String)]
    person_id: PersonId,
}

/// Say by hand who answers for an account; no sync changes it any more
#[utoipa::path(put, path = "/api/v1/apps/{app}/accounts/{account}/owner", tag = "inventory",
    params(("app" = String, Path), ("account" = String, Path)), request_body = OwnerBody,
    responses((status = OK, body = Account), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(place): At<(AppId, AccountId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<OwnerBody>,
) -> Result<Response> {
    change(&api, &caller, place, version, AccountOwner::Person(body.person_id)).await
}

/// Whether to match again.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ClearParams {
    /// Leave it to matching again who answers for it, instead of saying that nobody does.
    #[serde(default)]
    reset: bool,
}

/// Say by hand that nobody answers for an account, or leave it to matching again
#[utoipa::path(delete, path = "/api/v1/apps/{app}/accounts/{account}/owner", tag = "inventory",
    params(("app" = String, Path), ("account" = String, Path), ClearParams),
    responses((status = OK, body = Account), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn clear(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(place): At<(AppId, AccountId)>,
    ExpectedVersion(version): ExpectedVersion,
    Params(params): Params<ClearParams>,
) -> Result<Response> {
    let wished = if params.reset { AccountOwner::Matched } else { AccountOwner::Nobody };
    change(&api, &caller, place, version, wished).await
}

/// What to change of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountEdit {
    /// `user`, `service` or `system`; no sync changes it any more.
    #[serde(rename = "type")]
    kind: String,
}

/// Say by hand of what type an account is
#[utoipa::path(patch, path = "/api/v1/apps/{app}/accounts/{account}", tag = "inventory",
    params(("app" = String, Path), ("account" = String, Path)), request_body = AccountEdit,
    responses((status = OK, body = Account), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, AccountId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<AccountEdit>,
) -> Result<Response> {
    Ok(answer(api.governance().set_account_type(&caller, app, id, version, &body.kind).await?))
}

async fn change(
    api: &Api,
    caller: &governance::Caller,
    (app, id): (AppId, AccountId),
    version: Option<i64>,
    wished: AccountOwner,
) -> Result<Response> {
    Ok(answer(api.governance().set_account_owner(caller, app, id, version, wished).await?))
}

fn answer(written: Written<store::inventory::list::Account>) -> Response {
    audited(written.map(|account| Versioned { version: account.version, object: Account::from(account) }))
}
