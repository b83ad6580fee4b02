//! OpenID providers that people sign in with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use governance::identity_provider::{IdentityProvider, NewProvider, ProviderEdit, ProviderSettings};
use ids::IdentityProviderId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Body, ExpectedVersion, Page, Problem, Result, Signed, Versioned, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, edit, remove))
}

/// A provider. Its secret is shown nowhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Provider {
    /// Its id.
    id: String,
    /// What the button says.
    name: String,
    /// The issuer, as its tokens name it.
    issuer: String,
    /// The id that Podium has there.
    client_id: String,
    /// Whether Podium has a secret there.
    has_client_secret: bool,
    /// Whether somebody whom nobody knows yet becomes a person at their first sign-in.
    creates_people: bool,
    /// Whether the provider must say that it has verified the address.
    requires_verified_email: bool,
    /// What is asked for beside `openid`.
    scopes: Vec<String>,
    /// The address that Podium must be registered with there.
    redirect_uri: String,
}

fn object(api: &Api, provider: IdentityProvider) -> Provider {
    Provider {
        id: provider.id.to_string(),
        name: provider.name,
        issuer: provider.issuer,
        client_id: provider.client_id,
        has_client_secret: provider.sealed_secret.is_some(),
        creates_people: provider.settings.creates_people,
        requires_verified_email: provider.settings.requires_verified_email,
        scopes: provider.settings.scopes,
        redirect_uri: api.governance().redirect_uri(),
    }
}

fn versioned(api: &Api, provider: IdentityProvider) -> Versioned<Provider> {
    Versioned { version: provider.version, object: object(api, provider) }
}

/// The sign-in providers, by name
#[utoipa::path(get, path = "/api/v1/settings/identity-providers", tag = "settings",
    responses((status = OK, body = Page<Provider>)))]
async fn list(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Page<Provider>>> {
    let all = api.governance().identity_providers(&caller).await?;
    let list = all.into_iter().map(|provider| object(&api, provider)).collect();
    Ok(Json(Page::new(list, None)))
}

/// A sign-in provider
#[utoipa::path(get, path = "/api/v1/settings/identity-providers/{provider}", tag = "settings",
    params(("provider" = String, Path)),
    responses((status = OK, body = Provider), (status = NOT_FOUND, body = Problem)))]
async fn get(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<IdentityProviderId>,
) -> Result<Versioned<Provider>> {
    Ok(versioned(&api, api.governance().identity_provider(&caller, id).await?))
}

/// A wish for a provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewProviderBody {
    /// What the button says.
    #[schema(max_length = 100)]
    name: String,
    /// The issuer: `https://login.example.com/tenant`. Its description is read at once.
    issuer: String,
    /// The id that Podium has there.
    client_id: String,
    /// The secret that Podium has there; absent for a public client.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
    /// Whether somebody whom nobody knows yet becomes a person at their first sign-in; no when absent.
    #[serde(default)]
    creates_people: bool,
    /// Whether the provider must say that it has verified the address; yes when absent.
    requires_verified_email: Option<bool>,
    /// What is asked for beside `openid`: `email` and `profile` when absent.
    scopes: Option<Vec<String>>,
}

/// Add a sign-in provider
#[utoipa::path(post, path = "/api/v1/settings/identity-providers", tag = "settings", request_body = NewProviderBody,
    responses((status = CREATED, body = Provider), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, body = Problem)))]
async fn add(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewProviderBody>) -> Result<Response> {
    let usual = ProviderSettings::default();
    let new = NewProvider {
        name: body.name,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret: body.client_secret,
        settings: ProviderSettings {
            creates_people: body.creates_people,
            requires_verified_email: body.requires_verified_email.unwrap_or(usual.requires_verified_email),
            scopes: body.scopes.unwrap_or(usual.scopes),
        },
    };
    let written = api.governance().add_identity_provider(&caller, new).await?;
    Ok(audited(written.map(|provider| (StatusCode::CREATED, versioned(&api, provider)).into_response())))
}

/// What to change of a provider; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProviderBody {
    /// What the button says.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// The id that Podium has there.
    client_id: Option<String>,
    /// The secret that Podium has there.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
    /// Whether somebody whom nobody knows yet becomes a person at their first sign-in.
    creates_people: Option<bool>,
    /// Whether the provider must say that it has verified the address.
    requires_verified_email: Option<bool>,
    /// What is asked for beside `openid`.
    scopes: Option<Vec<String>>,
}

/// Change a sign-in provider
#[utoipa::path(patch, path = "/api/v1/settings/identity-providers/{provider}", tag = "settings",
    params(("provider" = String, Path)), request_body = ProviderBody,
    responses((status = OK, body = Provider), (status = BAD_REQUEST, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<IdentityProviderId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<ProviderBody>,
) -> Result<Response> {
    let edit = ProviderEdit {
        name: body.name,
        client_id: body.client_id,
        client_secret: body.client_secret,
        creates_people: body.creates_people,
        requires_verified_email: body.requires_verified_email,
        scopes: body.scopes,
    };
    let written = api.governance().edit_identity_provider(&caller, id, version, edit).await?;
    Ok(audited(written.map(|provider| versioned(&api, provider))))
}

/// Remove a sign-in provider
#[utoipa::path(delete, path = "/api/v1/settings/identity-providers/{provider}", tag = "settings",
    params(("provider" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem), (status = PRECONDITION_FAILED, body = Problem)))]
async fn remove(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<IdentityProviderId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    let written = api.governance().remove_identity_provider(&caller, id, version).await?;
    Ok(audited(written.map(|()| StatusCode::NO_CONTENT)))
}
