//! What a person has: accounts, and what these hold.

use axum::Json;
use axum::extract::State;
use ids::{AppId, PersonId};
use serde::{Deserialize, Serialize};
use store::inventory::list;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Params, Problem, Result, Signed};
use crate::routes::inventory::document::Account;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(access)).routes(routes!(accounts))
}

/// Something that a person holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Access {
    /// The period in which it is held.
    grant_id: String,
    /// The app that it is in.
    app_id: String,
    /// What people call the app.
    app_name: String,
    /// The account that holds it.
    account_id: String,
    /// The name that the person signs in with.
    login: String,
    /// What is held.
    entitlement_id: String,
    /// What people call it.
    entitlement_name: String,
    /// `active`, `expiring`, `ending` or `stuck`.
    state: String,
    /// `request`, `rule`, `outside`, `initial` or `swap`: where it came from.
    origin: String,
    /// Since when.
    since: String,
    /// When it ends by itself.
    expires_at: Option<String>,
}

impl From<list::Access> for Access {
    fn from(row: list::Access) -> Self {
        Self {
            grant_id: row.grant_id.to_string(),
            app_id: row.app_id.to_string(),
            app_name: row.app_name,
            account_id: row.account_id.to_string(),
            login: row.login,
            entitlement_id: row.entitlement_id.to_string(),
            entitlement_name: row.entitlement_name,
            state: row.state,
            origin: row.origin,
            since: row.starts_at.to_string(),
            expires_at: row.expires_at.map(|at| at.to_string()),
        }
    }
}

/// Everything that a person holds now, in all apps
#[utoipa::path(get, path = "/api/v1/people/{person}/access", tag = "people",
    params(("person" = String, Path), PageParams),
    responses((status = OK, body = Page<Access>), (status = NOT_FOUND, body = Problem)))]
async fn access(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    page: PageQuery,
) -> Result<Json<Page<Access>>> {
    Ok(Json(Page::of(api.governance().person_access(&caller, id, page.paging()).await?)))
}

/// Which accounts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccountParams {
    /// Only those of this app.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
}

/// The accounts of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Accounts {
    /// The accounts, the oldest first.
    list: Vec<Account>,
}

/// The accounts that a person answers for
#[utoipa::path(get, path = "/api/v1/people/{person}/accounts", tag = "people",
    params(("person" = String, Path), AccountParams),
    responses((status = OK, body = Accounts), (status = NOT_FOUND, body = Problem)))]
async fn accounts(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    Params(params): Params<AccountParams>,
) -> Result<Json<Accounts>> {
    let found = api.governance().person_accounts(&caller, id, params.app).await?;
    Ok(Json(Accounts { list: found.into_iter().map(Account::from).collect() }))
}
