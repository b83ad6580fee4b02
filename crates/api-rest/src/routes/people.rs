//! People and their roles.

mod details;
mod holdings;
mod import;
mod life;
mod offboarding;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::actor::Role;
use governance::person::{NewPerson, PersonEdit, PersonView};
use ids::PersonId;
use serde::{Deserialize, Serialize};
use store::person::Filter;
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
        .routes(routes!(search))
        .routes(routes!(get, edit))
        .routes(routes!(set_roles))
        .merge(holdings::routes())
        .merge(import::routes())
        .merge(life::routes())
        .merge(offboarding::routes())
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    /// The id.
    id: String,
    /// The address, in small letters; no two people share it.
    primary_email: String,
    /// The name.
    display_name: String,
    /// Further addresses, in small letters.
    emails: Vec<String>,
    /// The name that they sign in with elsewhere.
    username: Option<String>,
    /// The first name.
    given_name: Option<String>,
    /// The last name.
    family_name: Option<String>,
    /// What the organisation numbers them by.
    employee_id: Option<String>,
    /// Where they work.
    department: Option<String>,
    /// What they are.
    title: Option<String>,
    /// How they are employed.
    employment_type: Option<String>,
    /// Who manages them.
    manager_id: Option<String>,
    /// When they left.
    left_at: Option<String>,
    /// `invited`, `active`, `suspended`, `left` or `erased`.
    status: String,
    /// Where the person was first heard of.
    source: String,
    /// The roles that the person was given.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    /// When the person was made.
    created_at: String,
    /// When the person last changed.
    updated_at: String,
}

impl From<PersonView> for Person {
    fn from(PersonView { person, roles }: PersonView) -> Self {
        Self {
            id: person.id.to_string(),
            primary_email: person.primary_email,
            display_name: person.display_name,
            emails: person.emails,
            username: person.username,
            given_name: person.given_name,
            family_name: person.family_name,
            employee_id: person.employee_id,
            department: person.department,
            title: person.title,
            employment_type: person.employment_type,
            manager_id: person.manager_id.map(|id| id.to_string()),
            left_at: person.left_at.map(|at| at.to_string()),
            status: person.status,
            source: person.source,
            roles,
            created_at: person.created_at.to_string(),
            updated_at: person.updated_at.to_string(),
        }
    }
}

fn versioned(view: PersonView) -> Versioned<Person> {
    Versioned { version: view.person.version, object: view.into() }
}

/// Which people a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only people with this status: `invited`, `active`, `suspended`, `left` or `erased`.
    status: Option<String>,
    /// Only people with this role.
    #[param(value_type = Option<String>)]
    role: Option<Role>,
}

/// The people
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(ListParams, PageParams),
    responses((status = OK, body = Page<Person>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Person>>> {
    let filter = Filter { status: params.status, role: params.role, manager: None, text: None };
    Ok(Json(Page::of(api.governance().people(&caller, filter, page.paging()).await?)))
}

/// What to search for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SearchBody {
    /// A part of the name or the address, whatever its case; everybody when absent.
    #[schema(max_length = 200)]
    query: Option<String>,
    /// Only people with this status.
    status: Option<String>,
    /// Only people with this role.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
}

/// Search people
#[utoipa::path(post, path = "/api/v1/search/people", tag = "people", params(PageParams), request_body = SearchBody,
    responses((status = OK, body = Page<Person>), (status = BAD_REQUEST, body = Problem)))]
async fn search(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Body(body): Body<SearchBody>,
) -> Result<Json<Page<Person>>> {
    let filter = Filter { status: body.status, role: body.role, manager: None, text: body.query };
    Ok(Json(Page::of(api.governance().people(&caller, filter, page.paging()).await?)))
}

/// A wish for a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewPersonBody {
    /// The address.
    #[schema(max_length = 254)]
    primary_email: String,
    /// The name.
    #[schema(max_length = 200)]
    display_name: String,
    /// The roles; none when absent.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    #[serde(flatten)]
    details: details::Details,
}

/// Make a person by hand
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPersonBody, responses(
    (status = CREATED, body = Person), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "The address is taken", body = Problem)))]
async fn create(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewPersonBody>) -> Result<Response> {
    let new = NewPerson {
        primary_email: body.primary_email,
        display_name: body.display_name,
        roles: body.roles,
        details: body.details.into(),
    };
    let written = api.governance().create_person(&caller, new).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/people/{}", written.value.person.id));
    let mut response = audited(written.map(|view| (StatusCode::CREATED, versioned(view)).into_response()));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One person
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "people", params(("person" = String, Path)),
    responses((status = OK, body = Person), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<PersonId>) -> Result<Versioned<Person>> {
    Ok(versioned(api.governance().person(&caller, id).await?))
}

/// What to change of a person; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PersonEditBody {
    /// The address.
    #[schema(max_length = 254)]
    primary_email: Option<String>,
    /// The name.
    #[schema(max_length = 200)]
    display_name: Option<String>,
    #[serde(flatten)]
    details: details::Details,
}

/// Edit a person
#[utoipa::path(patch, path = "/api/v1/people/{person}", tag = "people", params(("person" = String, Path)),
    request_body = PersonEditBody, responses((status = OK, body = Person), (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "The address is taken", body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<PersonEditBody>,
) -> Result<Response> {
    let edit =
        PersonEdit { primary_email: body.primary_email, display_name: body.display_name, details: body.details.into() };
    Ok(audited(api.governance().edit_person(&caller, id, version, edit).await?.map(versioned)))
}

/// The roles of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RolesBody {
    /// `super_administrator`, `connector_administrator`, `campaign_administrator`, `auditor`, `helpdesk`, `user`.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
}

/// Set the roles of a person
#[utoipa::path(put, path = "/api/v1/people/{person}/roles", tag = "people", params(("person" = String, Path)),
    request_body = RolesBody, responses((status = OK, body = Person), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, description = "Nobody raises their own roles", body = Problem),
    (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem),
    (status = CONFLICT, description = "The last Super Administrator stays one", body = Problem)))]
async fn set_roles(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<PersonId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<RolesBody>,
) -> Result<Response> {
    Ok(audited(api.governance().set_roles(&caller, id, version, body.roles).await?.map(versioned)))
}
