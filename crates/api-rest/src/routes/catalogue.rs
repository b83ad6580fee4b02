//! What people keep by hand of an app, and how entitlements are given.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::provision::Method;
use governance::catalogue::{KeptEdit, NewEntitlement, NewResource};
use ids::{AppId, EntitlementId, PersonId, ResourceId};
use serde::{Deserialize, Serialize};
use store::inventory::list;
use store::provisioning;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::inventory::document::{Entitlement, Resource};
use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_resource))
        .routes(routes!(edit_resource, delete_resource))
        .routes(routes!(create_entitlement))
        .routes(routes!(edit_entitlement, delete_entitlement))
        .routes(routes!(get_provisioning, set_provisioning))
}

fn resource(row: list::Resource) -> Versioned<Resource> {
    Versioned { version: row.version, object: row.into() }
}

fn entitlement(row: list::Entitlement) -> Versioned<Entitlement> {
    Versioned { version: row.version, object: row.into() }
}

/// A resource that no connector knows of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewResourceBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// What it is.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// Of what type it is, in one's own word; `resource` when absent.
    #[schema(max_length = 60)]
    resource_type: Option<String>,
}

/// Make a resource in an app that no connector knows of
#[utoipa::path(post, path = "/api/v1/apps/{app}/resources", tag = "inventory", params(("app" = String, Path)),
    request_body = NewResourceBody, responses((status = CREATED, body = Resource), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, description = "The app is not managed", body = Problem)))]
async fn create_resource(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    Body(body): Body<NewResourceBody>,
) -> Result<Response> {
    let new = NewResource { name: body.display_name, description: body.description, kind: body.resource_type };
    let written = api.governance().create_resource(&caller, app, new).await?;
    Ok(audited(written.map(|row| (StatusCode::CREATED, resource(row)).into_response())))
}

/// What to change of a resource; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceEditBody {
    /// What people call it.
    #[schema(max_length = 200)]
    display_name: Option<String>,
    /// What it is.
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// Change a resource that people keep
#[utoipa::path(patch, path = "/api/v1/apps/{app}/resources/{resource}", tag = "inventory",
    params(("app" = String, Path), ("resource" = String, Path)), request_body = ResourceEditBody,
    responses((status = OK, body = Resource), (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "A connector brought it", body = Problem)))]
async fn edit_resource(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, ResourceId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ResourceEditBody>,
) -> Result<Response> {
    let edit = KeptEdit { name: body.display_name, slug: None, description: body.description };
    Ok(audited(api.governance().edit_resource(&caller, app, id, version, edit).await?.map(resource)))
}

/// Delete a resource that people keep
#[utoipa::path(delete, path = "/api/v1/apps/{app}/resources/{resource}", tag = "inventory",
    params(("app" = String, Path), ("resource" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It has entitlements, or a connector brought it", body = Problem)))]
async fn delete_resource(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, ResourceId)>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    let deleted = api.governance().delete_resource(&caller, app, id, version).await?;
    Ok(audited(deleted.map(|()| StatusCode::NO_CONTENT)))
}

/// An entitlement that no connector knows of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewEntitlementBody {
    /// What it gives access to.
    #[schema(value_type = Option<String>)]
    resource_id: Option<ResourceId>,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// Its short label; `member` when absent.
    #[serde(default)]
    #[schema(max_length = 60)]
    slug: String,
    /// What it is.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// Whether it is a permission, and not assigned by itself.
    #[serde(default)]
    permission: bool,
}

/// Make an entitlement in an app that no connector knows of
#[utoipa::path(post, path = "/api/v1/apps/{app}/entitlements", tag = "inventory", params(("app" = String, Path)),
    request_body = NewEntitlementBody, responses((status = CREATED, body = Entitlement),
    (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "The app is not managed", body = Problem)))]
async fn create_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(app): At<AppId>,
    Body(body): Body<NewEntitlementBody>,
) -> Result<Response> {
    let new = NewEntitlement {
        resource: body.resource_id,
        name: body.display_name,
        slug: body.slug,
        description: body.description,
        is_permission: body.permission,
    };
    let written = api.governance().create_entitlement(&caller, app, new).await?;
    Ok(audited(written.map(|row| (StatusCode::CREATED, entitlement(row)).into_response())))
}

/// What to change of an entitlement; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EntitlementEditBody {
    /// What people call it.
    #[schema(max_length = 200)]
    display_name: Option<String>,
    /// Its short label.
    #[schema(max_length = 60)]
    slug: Option<String>,
    /// What it is.
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// Change an entitlement that people keep
#[utoipa::path(patch, path = "/api/v1/apps/{app}/entitlements/{entitlement}", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = EntitlementEditBody,
    responses((status = OK, body = Entitlement), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = CONFLICT, description = "A connector brought it", body = Problem)))]
async fn edit_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<EntitlementEditBody>,
) -> Result<Response> {
    let edit = KeptEdit { name: body.display_name, slug: body.slug, description: body.description };
    Ok(audited(api.governance().edit_entitlement(&caller, app, id, version, edit).await?.map(entitlement)))
}

/// Delete an entitlement that people keep
#[utoipa::path(delete, path = "/api/v1/apps/{app}/entitlements/{entitlement}", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Somebody holds it, or a connector brought it", body = Problem)))]
async fn delete_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    let deleted = api.governance().delete_entitlement(&caller, app, id, version).await?;
    Ok(audited(deleted.map(|()| StatusCode::NO_CONTENT)))
}

/// How an entitlement is given and taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Provisioning {
    /// `connector`, or `manual`: by hand even where a connector could.
    #[schema(value_type = String)]
    method: Method,
    /// The people who do what is done by hand; the owners of the app when there are none.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 32)]
    provisioners: Vec<PersonId>,
    /// What they are told.
    #[serde(default)]
    #[schema(max_length = 4000)]
    instructions: String,
}

fn provisioning(of: provisioning::Provisioning) -> Versioned<Provisioning> {
    let provisioning::Provisioning { method, provisioners, instructions, version } = of;
    Versioned { version, object: Provisioning { method, provisioners, instructions } }
}

/// How an entitlement is given and taken
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/provisioning", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = Provisioning), (status = NOT_FOUND, body = Problem)))]
async fn get_provisioning(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Versioned<Provisioning>> {
    Ok(provisioning(api.governance().provisioning(&caller, app, id).await?))
}

/// Say how an entitlement is given and taken
#[utoipa::path(put, path = "/api/v1/apps/{app}/entitlements/{entitlement}/provisioning", tag = "inventory",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = Provisioning,
    responses((status = OK, body = Provisioning), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn set_provisioning(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<Provisioning>,
) -> Result<Response> {
    let Provisioning { method, provisioners, instructions } = body;
    let wished = provisioning::Provisioning { method, provisioners, instructions, version: 0 };
    Ok(audited(api.governance().set_provisioning(&caller, app, id, version, wished).await?.map(provisioning)))
}
