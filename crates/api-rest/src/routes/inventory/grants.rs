//! Who holds what, now or then.

use axum::Json;
use axum::extract::State;
use governance::inventory::GrantsOf;
use ids::{AccountId, AppId, EntitlementId, GrantId};
use jiff::Timestamp;
use serde::Deserialize;
use store::inventory::list::When;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::Grant;
use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Params, Problem, Result, Signed, Versioned};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(of_entitlement)).routes(routes!(list)).routes(routes!(get))
}

/// Which periods a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhenParams {
    /// `now` (what has not ended; when absent), `past` (what has ended) or `ever` (both).
    state: Option<String>,
    /// What was held at this instant; not together with `state`.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

impl WhenParams {
    fn when(&self) -> Result<When> {
        match (self.state.as_deref(), self.at) {
            (None, Some(at)) => Ok(When::At(at)),
            (Some(_), Some(_)) => Err(Problem::invalid("at", "send either `state` or `at`")),
            (None | Some("now"), None) => Ok(When::Now),
            (Some("past"), None) => Ok(When::Past),
            (Some("ever"), None) => Ok(When::Ever),
            (Some(_), None) => Err(Problem::invalid("state", "`state` is now, past or ever")),
        }
    }
}

/// Who holds an entitlement, or held it at an instant
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/grants", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path), WhenParams, PageParams),
    responses((status = OK, body = Page<Grant>), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    page: PageQuery,
    Params(params): Params<WhenParams>,
) -> Result<Json<Page<Grant>>> {
    let when = params.when()?;
    api.governance().entitlement(&caller, app, id).await?;
    let found = api.governance().grants(&caller, GrantsOf::Entitlement(id), when, page.paging()).await?;
    Ok(Json(Page::of(found)))
}

/// Whose grants a list holds: exactly one is named.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfParams {
    /// Everybody's in this app.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
    /// This account's.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Everybody's who holds this entitlement.
    #[param(value_type = Option<String>)]
    entitlement: Option<EntitlementId>,
}

/// Who holds what in an app, or what an account holds
#[utoipa::path(get, path = "/api/v1/grants", tag = "inventory", params(OfParams, WhenParams, PageParams),
    responses((status = OK, body = Page<Grant>), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(of): Params<OfParams>,
    Params(params): Params<WhenParams>,
) -> Result<Json<Page<Grant>>> {
    let of = match (of.app, of.account, of.entitlement) {
        (Some(app), None, None) => GrantsOf::App(app),
        (None, Some(account), None) => GrantsOf::Account(account),
        (None, None, Some(entitlement)) => GrantsOf::Entitlement(entitlement),
        _ => return Err(Problem::invalid("app", "name exactly one of `app`, `account`, `entitlement`")),
    };
    Ok(Json(Page::of(api.governance().grants(&caller, of, params.when()?, page.paging()).await?)))
}

/// One period in which an account holds an entitlement
#[utoipa::path(get, path = "/api/v1/grants/{grant}", tag = "inventory", params(("grant" = String, Path)),
    responses((status = OK, body = Grant), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<GrantId>) -> Result<Versioned<Grant>> {
    let grant = api.governance().grant(&caller, id).await?;
    Ok(Versioned { version: grant.version, object: grant.into() })
}
