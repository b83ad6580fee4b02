//! What connectors found in apps: accounts, resources, entitlements, and who holds what.

pub(super) mod document;
mod expiry;
mod grants;
mod owner;

use axum::Json;
use axum::extract::State;
use ids::{AccountId, AppId, ConnectorId, EntitlementId, ResourceId, SyncId};
use serde::Deserialize;
use store::inventory::list::{AccountFilter, DifferenceFilter, EntitlementFilter, ResourceFilter};
use store::inventory::{Change, ObjectKind};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::document::{Account, Difference, Entitlement, Resource, ResourceType};
use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Params, Problem, Result, Signed, Versioned};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(accounts))
        .routes(routes!(account))
        .routes(routes!(resource_types))
        .routes(routes!(resources))
        .routes(routes!(entitlements))
        .routes(routes!(entitlement))
        .routes(routes!(differences))
        .merge(expiry::routes())
        .merge(grants::routes())
        .merge(owner::routes())
}

/// Which accounts a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccountParams {
    /// Only accounts in this state: `pending`, `enabled`, `disabled`, `gone`. Those that are gone are left out otherwise.
    status: Option<String>,
    /// Only accounts of this type: `user`, `service`, `system`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only accounts whose addresses lie outside the trusted domains, or only others.
    external: Option<bool>,
    /// Only accounts that this connector found.
    #[param(value_type = Option<String>)]
    connector: Option<ConnectorId>,
    /// Only accounts with this text in login, name or address.
    #[param(max_length = 200)]
    text: Option<String>,
}

/// The accounts of an app
#[utoipa::path(get, path = "/api/v1/apps/{app}/accounts", tag = "inventory",
    params(("app" = String, Path), AccountParams, PageParams),
    responses((status = OK, body = Page<Account>), (status = NOT_FOUND, body = Problem)))]
async fn accounts(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    page: PageQuery,
    Params(params): Params<AccountParams>,
) -> Result<Json<Page<Account>>> {
    let filter = AccountFilter {
        status: params.status.as_deref(),
        kind: params.kind.as_deref(),
        is_external: params.external,
        connector: params.connector,
        text: params.text.as_deref().filter(|text| !text.trim().is_empty()),
    };
    Ok(Json(Page::of(api.governance().accounts(&caller, app, filter, page.paging()).await?)))
}

/// One account
#[utoipa::path(get, path = "/api/v1/apps/{app}/accounts/{account}", tag = "inventory",
    params(("app" = String, Path), ("account" = String, Path)),
    responses((status = OK, body = Account), (status = NOT_FOUND, body = Problem)))]
async fn account(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, AccountId)>,
) -> Result<Versioned<Account>> {
    let account = api.governance().account(&caller, app, id).await?;
    let suggestions = api.governance().owner_suggestions(&caller, app, id).await?;
    Ok(Versioned { version: account.version, object: Account::from(account).with_suggestions(suggestions) })
}

/// The resource types of an app
#[utoipa::path(get, path = "/api/v1/apps/{app}/resource-types", tag = "inventory",
    params(("app" = String, Path), PageParams),
    responses((status = OK, body = Page<ResourceType>), (status = NOT_FOUND, body = Problem)))]
async fn resource_types(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    page: PageQuery,
) -> Result<Json<Page<ResourceType>>> {
    Ok(Json(Page::of(api.governance().resource_types(&caller, app, page.paging()).await?)))
}

/// Which resources a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ResourceParams {
    /// Only resources of this type, as the connector calls it.
    #[serde(rename = "type")]
    resource_type: Option<String>,
}

/// The resources of an app that are no accounts
#[utoipa::path(get, path = "/api/v1/apps/{app}/resources", tag = "inventory",
    params(("app" = String, Path), ResourceParams, PageParams),
    responses((status = OK, body = Page<Resource>), (status = NOT_FOUND, body = Problem)))]
async fn resources(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    page: PageQuery,
    Params(params): Params<ResourceParams>,
) -> Result<Json<Page<Resource>>> {
    let filter = ResourceFilter { resource_type: params.resource_type.as_deref() };
    Ok(Json(Page::of(api.governance().resources(&caller, app, filter, page.paging()).await?)))
}

/// Which entitlements a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EntitlementParams {
    /// Only entitlements of this resource.
    #[param(value_type = Option<String>)]
    resource: Option<ResourceId>,
    /// Those that are gone too.
    #[serde(default)]
    gone: bool,
}

/// The entitlements of an app
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements", tag = "inventory",
    params(("app" = String, Path), EntitlementParams, PageParams),
    responses((status = OK, body = Page<Entitlement>), (status = NOT_FOUND, body = Problem)))]
async fn entitlements(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    page: PageQuery,
    Params(params): Params<EntitlementParams>,
) -> Result<Json<Page<Entitlement>>> {
    let filter = EntitlementFilter { resource: params.resource, with_gone: params.gone };
    Ok(Json(Page::of(api.governance().entitlements(&caller, app, filter, page.paging()).await?)))
}

/// One entitlement
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = Entitlement), (status = NOT_FOUND, body = Problem)))]
async fn entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Versioned<Entitlement>> {
    let entitlement = api.governance().entitlement(&caller, app, id).await?;
    Ok(Versioned { version: entitlement.version, object: entitlement.into() })
}

/// Which differences a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DifferenceParams {
    /// Only things of this kind: `resource_type`, `resource`, `account`, `entitlement`, `grant`.
    #[param(value_type = Option<String>)]
    kind: Option<ObjectKind>,
    /// Only this kind of change: `appeared`, `changed`, `disappeared`.
    #[param(value_type = Option<String>)]
    change: Option<Change>,
}

/// What a sync changed; of a held one, what it would change
#[utoipa::path(get, path = "/api/v1/syncs/{sync}/differences", tag = "syncs",
    params(("sync" = String, Path), DifferenceParams, PageParams),
    responses((status = OK, body = Page<Difference>), (status = NOT_FOUND, body = Problem)))]
async fn differences(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(sync): At<SyncId>,
    page: PageQuery,
    Params(params): Params<DifferenceParams>,
) -> Result<Json<Page<Difference>>> {
    let filter = DifferenceFilter { kind: params.kind, change: params.change };
    Ok(Json(Page::of(api.governance().differences(&caller, sync, filter, page.paging()).await?)))
}
