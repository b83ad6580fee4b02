//! Connectors: what can be added, what there is, and what people do with it.

mod credentials;
mod document;
mod settings;
mod tasks;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, http};
use domain::connector::{CATALOG, CatalogEntry};
use governance::connector::deployment::Format;
use governance::connector::{AppChoice, ConnectorEdit, NewConnector};
use ids::{AppId, ConnectorId, PersonId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Paging;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::document::{Connector, LogLine, SyncStarted};
use crate::Api;
use crate::http::{Body, ExpectedVersion, Page, PageQuery, Params, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(catalog))
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(sync))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(schedule))
        .routes(routes!(log))
        .routes(routes!(deployment))
        .merge(settings::routes())
        .merge(credentials::routes())
        .merge(tasks::routes())
}

/// A kind of connector that can be added.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Kind {
    /// Its id, for `catalogId`.
    id: &'static str,
    /// What people see.
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// Who can run it: `hosted`, `self_hosted`.
    hosting: Vec<&'static str>,
    /// The settings of a hosted one.
    settings: Vec<Field>,
}

/// A setting of a kind of connector.
#[derive(Debug, Serialize, ToSchema)]
struct Field {
    /// Its name in `settings`.
    name: &'static str,
    /// What people see.
    label: &'static str,
    /// What it is for.
    description: &'static str,
    /// Whether its value is sealed and never shown again.
    secret: bool,
    /// Whether the connector needs it.
    required: bool,
}

impl From<&CatalogEntry> for Kind {
    fn from(entry: &CatalogEntry) -> Self {
        let fields = entry.fields.iter().map(|field| Field {
            name: field.name,
            label: field.label,
            description: field.description,
            secret: field.secret,
            required: field.required,
        });
        Self {
            id: entry.id,
            name: entry.name,
            description: entry.description,
            hosting: entry.hosting.iter().map(|hosting| hosting.name()).collect(),
            settings: fields.collect(),
        }
    }
}

/// What can be added
#[utoipa::path(get, path = "/api/v1/catalog/connectors", tag = "connectors", responses((status = OK, body = Page<Kind>)))]
async fn catalog(Signed(_): Signed) -> Json<Page<Kind>> {
    Json(Page::new(CATALOG.iter().map(Kind::from).collect(), None))
}

/// Which connectors a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only connectors of this app.
    app: Option<String>,
}

/// The connectors that the caller may see
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors", params(ListParams, crate::http::page::PageParams),
    responses((status = OK, body = Page<Connector>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Connector>>> {
    let app = params.app.map(|app| parse::<AppId>("app", &app)).transpose()?;
    let paging = Paging { after: page.after.as_deref(), limit: page.limit };
    let found = api.governance().connectors(&caller, app, paging).await?;
    Ok(Json(Page::new(found.rows.into_iter().map(Connector::from).collect(), found.next)))
}

/// A wish for a connector.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewConnectorBody {
    /// Which kind: `whimsical`, `baton`.
    catalog_id: String,
    /// Who runs it: `hosted`, `self_hosted`. The kind's first choice when absent.
    hosting: Option<String>,
    /// What people call it.
    display_name: Option<String>,
    /// The app that it is for. A new one, named after the kind, when absent.
    app: Option<AppBody>,
    /// The ids of the people who own it. The caller when absent.
    #[serde(default)]
    owners: Vec<String>,
}

/// The app that a connector is for: exactly one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum AppBody {
    /// The id of an app that was found and has no connector yet.
    Unmanaged(String),
    /// The id of an app that is managed already.
    Managed(String),
    /// A new app.
    New {
        /// Its name; the kind's when absent.
        name: Option<String>,
    },
}

/// Add a connector
#[utoipa::path(post, path = "/api/v1/connectors", tag = "connectors", request_body = NewConnectorBody, responses(
    (status = CREATED, body = Connector), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Signed(caller): Signed,
    Body(body): Body<NewConnectorBody>,
) -> Result<Response> {
    let app = match body.app {
        Some(AppBody::Unmanaged(id)) => AppChoice::Unmanaged(parse("app.unmanaged", &id)?),
        Some(AppBody::Managed(id)) => AppChoice::Managed(parse("app.managed", &id)?),
        Some(AppBody::New { name }) => AppChoice::New { name },
        None => AppChoice::New { name: None },
    };
    let new = NewConnector {
        catalog_id: body.catalog_id,
        hosting: body.hosting.map(|text| parse("hosting", &text)).transpose()?,
        display_name: body.display_name,
        app,
        owners: people("owners", &body.owners)?,
    };
    let created = api.governance().create_connector(&caller, new).await?;
    let location = format!("/api/v1/connectors/{}", created.value.connector.id);
    let mut response = audited(created.map(Connector::versioned));
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(http::header::LOCATION, location);
    }
    Ok(response)
}

/// One connector
#[utoipa::path(get, path = "/api/v1/connectors/{connector}", tag = "connectors", responses(
    (status = OK, body = Connector), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, Path(id): Path<String>) -> Result<Versioned<Connector>> {
    let view = api.governance().connector(&caller, connector_id(&id)?).await?;
    Ok(Connector::versioned(view))
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EditBody {
    /// What people call it.
    display_name: Option<String>,
    /// The ids of the people who own it.
    owners: Option<Vec<String>>,
    /// When it syncs.
    schedule: Option<document::Schedule>,
    /// Whether its app may be changed through it.
    provisioning_enabled: Option<bool>,
    /// Whether its tokens must be bound to a key (RFC 9449), which connectors of other makers cannot do.
    require_dpop: Option<bool>,
    /// Which differences hold a sync.
    #[schema(value_type = Option<Object>)]
    hold_rules: Option<Value>,
}

/// Change a connector
#[utoipa::path(patch, path = "/api/v1/connectors/{connector}", tag = "connectors", request_body = EditBody, responses(
    (status = OK, body = Connector), (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<EditBody>,
) -> Result<Response> {
    let schedule = match body.schedule {
        Some(schedule) => Some(schedule.wished(&api).await?),
        None => None,
    };
    let edit = ConnectorEdit {
        display_name: body.display_name,
        owners: body.owners.map(|owners| people("owners", &owners)).transpose()?,
        schedule,
        provisioning_enabled: body.provisioning_enabled,
        require_dpop: body.require_dpop,
        hold_rules: body.hold_rules,
    };
    let edited = api.governance().edit_connector(&caller, connector_id(&id)?, version, edit).await?;
    Ok(audited(edited.map(Connector::versioned)))
}

/// The name of the connector, typed to confirm that it shall go.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeleteParams {
    /// The display name of the connector.
    #[serde(default)]
    name: String,
}

/// Delete a connector
#[utoipa::path(delete, path = "/api/v1/connectors/{connector}", tag = "connectors", params(DeleteParams), responses(
    (status = NO_CONTENT), (status = BAD_REQUEST, description = "The name differs", body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    ExpectedVersion(version): ExpectedVersion,
    Params(params): Params<DeleteParams>,
) -> Result<Response> {
    let deleted = api.governance().delete_connector(&caller, connector_id(&id)?, version, &params.name).await?;
    Ok(audited(deleted.map(|_| StatusCode::NO_CONTENT)))
}

/// Sync now
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/sync", tag = "connectors", responses(
    (status = ACCEPTED, body = SyncStarted), (status = CONFLICT, description = "It is paused", body = Problem)))]
async fn sync(State(api): State<Api>, Signed(caller): Signed, Path(id): Path<String>) -> Result<Response> {
    let wished = api.governance().sync_now(&caller, connector_id(&id)?).await?;
    Ok(audited(wished.map(|sync| (StatusCode::ACCEPTED, Json(SyncStarted::from(sync))))))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// Pause
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/pause", tag = "connectors", request_body = ReasonBody,
    responses((status = OK, body = Connector), (status = BAD_REQUEST, description = "No reason", body = Problem)))]
async fn pause(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Body(body): Body<ReasonBody>,
) -> Result<Response> {
    let paused = api.governance().pause_connector(&caller, connector_id(&id)?, &body.reason).await?;
    Ok(audited(paused.map(Connector::versioned)))
}

/// Resume
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/resume", tag = "connectors",
    responses((status = OK, body = Connector)))]
async fn resume(State(api): State<Api>, Signed(caller): Signed, Path(id): Path<String>) -> Result<Response> {
    let resumed = api.governance().resume_connector(&caller, connector_id(&id)?).await?;
    Ok(audited(resumed.map(Connector::versioned)))
}

/// Set when it syncs
#[utoipa::path(put, path = "/api/v1/connectors/{connector}/schedule", tag = "connectors",
    request_body = document::Schedule, responses((status = OK, body = Connector)))]
async fn schedule(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<document::Schedule>,
) -> Result<Response> {
    let schedule = body.wished(&api).await?;
    let edit = ConnectorEdit { schedule: Some(schedule), ..ConnectorEdit::default() };
    let edited = api.governance().edit_connector(&caller, connector_id(&id)?, version, edit).await?;
    Ok(audited(edited.map(Connector::versioned)))
}

/// What happened, the newest first
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/log", tag = "connectors",
    params(crate::http::page::PageParams), responses((status = OK, body = Page<LogLine>)))]
async fn log(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    page: PageQuery,
) -> Result<Json<Page<LogLine>>> {
    let paging = Paging { after: page.after.as_deref(), limit: page.limit };
    let found = api.governance().connector_log(&caller, connector_id(&id)?, paging).await?;
    Ok(Json(Page::new(found.rows.into_iter().map(LogLine::from).collect(), found.next)))
}

/// Which text is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeploymentParams {
    /// `kubernetes`, `docker`, `systemd` or `env`.
    format: String,
}

/// How to run it elsewhere, without secrets
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/deployment", tag = "connectors", params(DeploymentParams),
    responses((status = OK, body = String, content_type = "text/plain")))]
async fn deployment(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Params(params): Params<DeploymentParams>,
) -> Result<Response> {
    let format: Format = parse("format", &params.format)?;
    Ok(api.governance().deployment(&caller, connector_id(&id)?, format).await?.into_response())
}

/// The id of a connector in a path: what is none, is not found.
fn connector_id(text: &str) -> Result<ConnectorId> {
    text.parse().map_err(|_| governance::Error::not_found("connector", text).into())
}

/// A value that is written as text.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T> {
    text.parse().map_err(|error: T::Err| Problem::invalid(field, error.to_string()))
}

fn people(field: &str, ids: &[String]) -> Result<Vec<PersonId>> {
    ids.iter().map(|id| parse(field, id)).collect()
}
