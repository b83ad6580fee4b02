//! Apps and their owners.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::person::LeaverRule;
use governance::app::{AppEdit, NewApp};
use ids::{AppId, PersonId};
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
        .routes(routes!(list, create))
        .routes(routes!(get, edit))
        .routes(routes!(manage))
        .routes(routes!(owners, set_owners))
}

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct App {
    /// Its id.
    id: String,
    /// What people call it; no two apps share it.
    name: String,
    /// What it is.
    description: String,
    /// `unmanaged`, `managed` or `archived`.
    state: String,
    /// The app through which it was found.
    discovered_by_app_id: Option<String>,
    /// What becomes of the accounts of those who leave; `null` for what is usual with its connector.
    #[schema(value_type = Option<String>)]
    leaver_rule: Option<LeaverRule>,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl From<store::app::App> for App {
    fn from(app: store::app::App) -> Self {
        Self {
            id: app.id.to_string(),
            name: app.name,
            description: app.description,
            state: app.state,
            discovered_by_app_id: app.discovered_by_app_id.map(|id| id.to_string()),
            leaver_rule: app.leaver_rule,
            created_at: app.created_at.to_string(),
            updated_at: app.updated_at.to_string(),
        }
    }
}

fn versioned(app: store::app::App) -> Versioned<App> {
    Versioned { version: app.version, object: app.into() }
}

/// Which apps a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only apps in this state: `unmanaged`, `managed` or `archived`.
    state: Option<String>,
}

/// The apps that the caller may see
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", params(ListParams, PageParams),
    responses((status = OK, body = Page<App>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<Page<App>>> {
    let found = api.governance().apps(&caller, params.state, page.paging()).await?;
    Ok(axum::Json(Page::of(found)))
}

/// A wish for an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewAppBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: String,
    /// What it is.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// The ids of the people who own it. The caller when absent.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 32)]
    owners: Vec<PersonId>,
}

/// Make a managed app without a connector
#[utoipa::path(post, path = "/api/v1/apps", tag = "apps", request_body = NewAppBody, responses(
    (status = CREATED, body = App), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "The name is taken", body = Problem)))]
async fn create(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewAppBody>) -> Result<Response> {
    let new = NewApp { name: body.name, description: body.description, owners: body.owners };
    let written = api.governance().create_app(&caller, new).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/apps/{}", written.value.id));
    let made = |app| (StatusCode::CREATED, versioned(app)).into_response();
    let mut response = audited(written.map(made));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One app
#[utoipa::path(get, path = "/api/v1/apps/{app}", tag = "apps", params(("app" = String, Path)),
    responses((status = OK, body = App), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<AppId>) -> Result<Versioned<App>> {
    Ok(versioned(api.governance().app(&caller, id).await?))
}

/// What to change of an app; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AppEditBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// What it is.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// What becomes of the accounts of those who leave: `delete_account`, `disable_account`, `revoke_all`, `notify_owner`.
    #[schema(value_type = Option<String>)]
    leaver_rule: Option<LeaverRule>,
}

/// Edit an app
#[utoipa::path(patch, path = "/api/v1/apps/{app}", tag = "apps", params(("app" = String, Path)),
    request_body = AppEditBody, responses((status = OK, body = App), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<AppEditBody>,
) -> Result<Response> {
    let edit = AppEdit { name: body.name, description: body.description, leaver_rule: body.leaver_rule };
    Ok(audited(api.governance().edit_app(&caller, id, version, edit).await?.map(versioned)))
}

/// Make an unmanaged app managed
#[utoipa::path(post, path = "/api/v1/apps/{app}/manage", tag = "apps", params(("app" = String, Path)),
    responses((status = OK, body = App), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "The app is archived", body = Problem)))]
async fn manage(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().manage_app(&caller, id, version).await?.map(versioned)))
}

/// Who owns an app.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Owners {
    /// The ids of the people.
    #[schema(value_type = Vec<String>, max_items = 32)]
    people: Vec<PersonId>,
}

fn owners_of((app, people): (store::app::App, Vec<PersonId>)) -> Versioned<Owners> {
    Versioned { version: app.version, object: Owners { people } }
}

/// Who owns an app directly; owners of its connectors own it too
#[utoipa::path(get, path = "/api/v1/apps/{app}/owners", tag = "apps", params(("app" = String, Path)),
    responses((status = OK, body = Owners), (status = NOT_FOUND, body = Problem)))]
async fn owners(State(api): State<Api>, Signed(caller): Signed, At(id): At<AppId>) -> Result<Versioned<Owners>> {
    Ok(owners_of(api.governance().app_owners(&caller, id).await?))
}

/// Set who owns an app
#[utoipa::path(put, path = "/api/v1/apps/{app}/owners", tag = "apps", params(("app" = String, Path)),
    request_body = Owners, responses((status = OK, body = Owners), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_owners(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<AppId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Owners>,
) -> Result<Response> {
    Ok(audited(api.governance().set_app_owners(&caller, id, version, body.people).await?.map(owners_of)))
}
