//! The client ids and secrets of self-hosted connectors.

use auth::credential::{Overlap, Rotation};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ids::CredentialId;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{connector_id, parse};
use crate::Api;
use crate::http::{Body, Page, Params, Problem, Result, Signed, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, rotate)).routes(routes!(get, revoke))
}

/// A client id with what is known of it. Its secret is nowhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Credential {
    /// Its id.
    id: String,
    /// What the connector calls itself with: `BATON_CLIENT_ID`.
    client_id: String,
    /// What people call it.
    label: String,
    /// `active`, `retiring`, `expired` or `revoked`.
    state: &'static str,
    /// When it stops working, because another took its place.
    retire_at: Option<String>,
    /// When it ends whatever happens.
    expires_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
    /// When it was last used.
    last_used_at: Option<String>,
    /// The address from which it was last used.
    last_used_from: Option<String>,
    /// The networks that it may be used from; empty: from everywhere.
    allowed_cidrs: Vec<String>,
    /// When it was made.
    created_at: String,
}

impl From<store::credential::Credential> for Credential {
    fn from(credential: store::credential::Credential) -> Self {
        let time = |instant: Option<jiff::Timestamp>| instant.map(|instant| instant.to_string());
        Self {
            id: credential.id.to_string(),
            client_id: credential.client_id,
            label: credential.label,
            state: credential.state.name(),
            retire_at: time(credential.retire_at),
            expires_at: time(credential.expires_at),
            revoked_at: time(credential.revoked_at),
            last_used_at: time(credential.last_used_at),
            last_used_from: credential.last_used_from,
            allowed_cidrs: credential.allowed_cidrs,
            created_at: credential.created_at.to_string(),
        }
    }
}

/// The credentials of a connector
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/credentials", tag = "credentials",
    responses((status = OK, body = Page<Credential>)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
) -> Result<Json<Page<Credential>>> {
    let found = api.governance().credentials(&caller, connector_id(&id)?).await?;
    Ok(Json(Page::new(found.into_iter().map(Credential::from).collect(), None)))
}

/// How to rotate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RotateBody {
    /// How long the former pair goes on working: `PT0S`, `PT1H`, `PT24H` (when absent) or `P7D`.
    overlap: Option<String>,
    /// What people call the new pair.
    #[serde(default)]
    label: String,
    /// The networks that it may be used from; empty: from everywhere.
    #[serde(default)]
    allowed_cidrs: Vec<String>,
    /// When it ends whatever happens.
    expires_at: Option<String>,
}

/// A new pair. The secret is shown now and never again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Issued {
    /// What is kept of it.
    #[serde(flatten)]
    credential: Credential,
    /// The secret: `BATON_CLIENT_SECRET`. It is kept nowhere.
    client_secret: String,
}

/// **Rotate**: a new client id and secret, shown once
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/credentials", tag = "credentials",
    request_body = RotateBody, responses((status = CREATED, body = Issued), (status = BAD_REQUEST, body = Problem),
    (status = CONFLICT, description = "The connector is hosted", body = Problem)))]
async fn rotate(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Body(body): Body<RotateBody>,
) -> Result<Response> {
    let overlap: Overlap = body.overlap.map(|text| parse("overlap", &text)).transpose()?.unwrap_or_default();
    let cidrs = body.allowed_cidrs.iter().map(|text| parse("allowedCidrs", text)).collect::<Result<_>>()?;
    let expires_at = body.expires_at.map(|text| parse("expiresAt", &text)).transpose()?;
    let rotation = Rotation { overlap, label: body.label, allowed_cidrs: cidrs, expires_at };
    let issued = api.governance().rotate(&caller, connector_id(&id)?, &rotation).await?;
    let mut response = audited(issued.map(|issued| {
        let client_secret = issued.client_secret.expose_secret().to_owned();
        (StatusCode::CREATED, Json(Issued { credential: issued.credential.into(), client_secret })).into_response()
    }));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One credential
#[utoipa::path(get, path = "/api/v1/connectors/{connector}/credentials/{credential}", tag = "credentials",
    responses((status = OK, body = Credential), (status = NOT_FOUND, body = Problem)))]
async fn get(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path((connector, id)): Path<(String, String)>,
) -> Result<Json<Credential>> {
    let found = api.governance().credentials(&caller, connector_id(&connector)?).await?;
    let wanted = credential_id(&id)?;
    let credential = found.into_iter().find(|credential| credential.id == wanted);
    Ok(Json(credential.ok_or_else(|| governance::Error::not_found("credential", id))?.into()))
}

/// Why.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RevokeParams {
    /// Why, for the audit log.
    reason: Option<String>,
}

/// Revoke a credential: it ends at its next call
#[utoipa::path(delete, path = "/api/v1/connectors/{connector}/credentials/{credential}", tag = "credentials",
    params(RevokeParams), responses((status = OK, body = Credential), (status = NOT_FOUND, body = Problem)))]
async fn revoke(
    State(api): State<Api>,
    Signed(caller): Signed,
    Path((connector, id)): Path<(String, String)>,
    Params(params): Params<RevokeParams>,
) -> Result<Response> {
    let (connector, id) = (connector_id(&connector)?, credential_id(&id)?);
    let revoked = api.governance().revoke_credential(&caller, connector, id, params.reason.as_deref()).await?;
    Ok(audited(revoked.map(|credential| Json(Credential::from(credential)))))
}

fn credential_id(text: &str) -> Result<CredentialId> {
    text.parse().map_err(|_| governance::Error::not_found("credential", text).into())
}
