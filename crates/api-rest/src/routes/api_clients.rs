//! API clients: tokens for machines and scripts. A token is in the answer that makes it, and nowhere else.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::actor::Role;
use governance::api_client::NewApiClient;
use ids::{ApiTokenId, PersonId};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::api_token::ApiToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, Page, PageParams, PageQuery, Problem, Result, Signed, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// An API client. Its token is nowhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiClient {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// The person that it acts for; absent for a machine.
    person_id: Option<String>,
    /// What it may be, at most; with a person, only what the person is too.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    /// The last four letters of its token.
    last_four: String,
    /// When it ends.
    expires_at: Option<String>,
    /// When somebody ended it.
    revoked_at: Option<String>,
    /// When it was last used, to five minutes.
    last_used_at: Option<String>,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
}

impl From<ApiToken> for ApiClient {
    fn from(token: ApiToken) -> Self {
        let time = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
        Self {
            id: token.id.to_string(),
            name: token.name,
            person_id: token.person_id.map(|id| id.to_string()),
            roles: token.roles,
            last_four: token.last_four,
            expires_at: time(token.expires_at),
            revoked_at: time(token.revoked_at),
            last_used_at: time(token.last_used_at),
            created_by: token.created_by,
            created_at: token.created_at.to_string(),
        }
    }
}

/// The API clients: all, or the caller's own
#[utoipa::path(get, path = "/api/v1/api-clients", tag = "api-clients", params(PageParams),
    responses((status = OK, body = Page<ApiClient>)))]
async fn list(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<ApiClient>>> {
    Ok(Json(Page::of(api.governance().api_clients(&caller, page.paging()).await?)))
}

/// A wish for an API client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewApiClientBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: String,
    /// What it may be, at most: roles that the caller has.
    #[schema(value_type = Vec<String>, min_items = 1)]
    roles: BTreeSet<Role>,
    /// The person that it acts for. Absent for a machine; the caller when they may not make clients for others.
    #[schema(value_type = Option<String>)]
    person_id: Option<PersonId>,
    /// When it ends; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A new API client with its token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewlyMade {
    /// The client.
    #[serde(flatten)]
    client: ApiClient,
    /// What to send as `Authorization: Bearer …`. Shown once.
    token: String,
}

/// Make an API client; its token is shown once
#[utoipa::path(post, path = "/api/v1/api-clients", tag = "api-clients", request_body = NewApiClientBody, responses(
    (status = CREATED, body = NewlyMade), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, description = "For somebody else, or with a role that the caller lacks", body = Problem)))]
async fn create(
    State(api): State<Api>,
    Signed(caller): Signed,
    Body(body): Body<NewApiClientBody>,
) -> Result<Response> {
    let new =
        NewApiClient { name: body.name, roles: body.roles, person_id: body.person_id, expires_at: body.expires_at };
    let written = api.governance().create_api_client(&caller, new).await?;
    let mut response = audited(written.map(|(client, token)| {
        let made = NewlyMade { client: client.into(), token: token.expose_secret().to_owned() };
        (StatusCode::CREATED, Json(made)).into_response()
    }));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// End an API client
#[utoipa::path(delete, path = "/api/v1/api-clients/{client}", tag = "api-clients", params(("client" = String, Path)),
    responses((status = NO_CONTENT, description = "Its token works no more"), (status = NOT_FOUND, body = Problem)))]
async fn revoke(State(api): State<Api>, Signed(caller): Signed, At(id): At<ApiTokenId>) -> Result<Response> {
    Ok(audited(api.governance().revoke_api_client(&caller, id).await?.map(|()| StatusCode::NO_CONTENT)))
}
