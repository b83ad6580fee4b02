//! Bundles: named sets of entitlements that are asked for as one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::bundle::Audience;
use governance::catalogue::{BundleEdit, Part, Wish};
use ids::{BundleId, EntitlementId, PersonId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::bundle;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::requests::RequestSummary;
use crate::Api;
use crate::http::{
    At, Body, ExpectedVersion, Page, PageParams, PageQuery, Problem, Result, Signed, Versioned, audited,
};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, edit, delete)).routes(routes!(request))
}

/// A named set of entitlements that is asked for as one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    /// Its id.
    id: String,
    /// What people call it; no two bundles share it.
    name: String,
    /// What it is for.
    description: String,
    /// Who may ask for it: `everyone`, `holders` of one of `holdersOf`, or `nobody`.
    audience: &'static str,
    /// Whoever holds one of these may ask for it, where the audience is its holders.
    holders_of: Vec<String>,
    /// Its parts, in their order.
    entitlements: Vec<String>,
    /// The people who own it.
    owners: Vec<String>,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl From<bundle::Bundle> for Bundle {
    fn from(bundle: bundle::Bundle) -> Self {
        Self {
            id: bundle.id.to_string(),
            name: bundle.name,
            description: bundle.description,
            audience: bundle.audience.name(),
            holders_of: bundle.holders_of.iter().map(ToString::to_string).collect(),
            entitlements: bundle.entitlements.iter().map(ToString::to_string).collect(),
            owners: bundle.owners.iter().map(ToString::to_string).collect(),
            created_at: bundle.created_at.to_string(),
            updated_at: bundle.updated_at.to_string(),
        }
    }
}

fn versioned(bundle: bundle::Bundle) -> Versioned<Bundle> {
    Versioned { version: bundle.version, object: bundle.into() }
}

/// A bundle, or changes of one. What is absent stays as it is; in a new bundle it is empty, for everyone, and the caller's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BundleBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it is for.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Who may ask for it: `everyone`, `holders` of one of `holdersOf`, or `nobody`.
    #[schema(value_type = Option<String>)]
    audience: Option<Audience>,
    /// Whoever holds one of these may ask for it, where the audience is its holders.
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    holders_of: Option<Vec<EntitlementId>>,
    /// Its parts, in their order.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 32)]
    entitlements: Option<Vec<EntitlementId>>,
    /// The people who own it.
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    owners: Option<Vec<PersonId>>,
}

impl From<BundleBody> for BundleEdit {
    fn from(body: BundleBody) -> Self {
        let BundleBody { name, description, audience, holders_of, entitlements, owners } = body;
        Self { name, description, audience, holders_of, entitlements, owners }
    }
}

/// The bundles that the caller may ask for or owns; all for whoever sees policies
#[utoipa::path(get, path = "/api/v1/bundles", tag = "bundles", params(PageParams),
    responses((status = OK, body = Page<Bundle>)))]
async fn list(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<Bundle>>> {
    Ok(Json(Page::of(api.governance().bundles(&caller, page.paging()).await?)))
}

/// Make a bundle
#[utoipa::path(post, path = "/api/v1/bundles", tag = "bundles", request_body = BundleBody,
    responses((status = CREATED, body = Bundle), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = CONFLICT, description = "The name is taken", body = Problem)))]
async fn create(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<BundleBody>) -> Result<Response> {
    let written = api.governance().create_bundle(&caller, body.into()).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/bundles/{}", written.value.id));
    let mut response = audited(written.map(|bundle| (StatusCode::CREATED, versioned(bundle)).into_response()));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One bundle
#[utoipa::path(get, path = "/api/v1/bundles/{bundle}", tag = "bundles", params(("bundle" = String, Path)),
    responses((status = OK, body = Bundle), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<BundleId>) -> Result<Versioned<Bundle>> {
    Ok(versioned(api.governance().bundle(&caller, id).await?))
}

/// Change a bundle
#[utoipa::path(patch, path = "/api/v1/bundles/{bundle}", tag = "bundles", params(("bundle" = String, Path)),
    request_body = BundleBody, responses((status = OK, body = Bundle), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<BundleId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<BundleBody>,
) -> Result<Response> {
    Ok(audited(api.governance().edit_bundle(&caller, id, version, body.into()).await?.map(versioned)))
}

/// Delete a bundle; requests that were made with it go on
#[utoipa::path(delete, path = "/api/v1/bundles/{bundle}", tag = "bundles", params(("bundle" = String, Path)),
    responses((status = NO_CONTENT), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<BundleId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    let deleted = api.governance().delete_bundle(&caller, id, version).await?;
    Ok(audited(deleted.map(|()| StatusCode::NO_CONTENT)))
}

/// A wish for all parts of a bundle.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WishBody {
    /// For whom; the caller when absent.
    #[schema(value_type = Option<String>)]
    for_person_id: Option<PersonId>,
    /// For how long, as ISO 8601; the default of each part when absent.
    #[schema(value_type = Option<String>, example = "PT4H")]
    duration: Option<SignedDuration>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
}

/// What became of the wish for every part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// The parts, in their order.
    parts: Vec<AskedPart>,
}

/// What became of the wish for one part: its request, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AskedPart {
    /// The entitlement.
    entitlement_id: String,
    /// Its request, also when it was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestSummary>,
    /// Why it cannot be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl From<Part> for AskedPart {
    fn from(part: Part) -> Self {
        let entitlement_id = part.entitlement.to_string();
        match part.request {
            Ok(written) => Self { entitlement_id, request: Some(written.value.request.into()), problem: None },
            Err(error) => Self { entitlement_id, request: None, problem: Some(error.into()) },
        }
    }
}

/// Ask for every part of a bundle
///
/// Each part gets a request of its own, which its own policy decides. What was asked for already is the same request; what
/// cannot be asked for, or is held already, says why.
#[utoipa::path(post, path = "/api/v1/bundles/{bundle}/request", tag = "bundles", params(("bundle" = String, Path)),
    request_body = WishBody, responses((status = OK, body = Asked), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn request(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<BundleId>,
    Body(body): Body<WishBody>,
) -> Result<Json<Asked>> {
    let wish = Wish { for_person: body.for_person_id, duration: body.duration, reason: body.reason };
    let parts = api.governance().request_bundle(&caller, id, wish).await?;
    Ok(Json(Asked { parts: parts.into_iter().map(AskedPart::from).collect() }))
}
