//! Who the caller is.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use domain::actor::Role;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_clients::ApiClient;
use crate::Api;
use crate::http::{Result, Signed};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// The person; absent when a machine calls that acts for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Myself>,
    /// The API client whose token was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_client: Option<ApiClient>,
    /// What the caller may be: the roles of the person, narrowed by those of the token.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    /// What concerns the caller.
    counts: Counts,
}

/// The person who calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Myself {
    /// The id.
    id: String,
    /// The address.
    primary_email: String,
    /// The name.
    display_name: String,
}

/// What concerns the caller; at most 200 of each are counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Counts {
    /// Apps that the caller owns.
    owned_apps: usize,
    /// Syncs that are held until somebody decides.
    open_holds: usize,
}

/// Who calls, and what they may be
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = OK, body = Me)))]
async fn get(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Me>> {
    let me = api.governance().me(&caller).await?;
    Ok(Json(Me {
        person: me.person.map(|person| Myself {
            id: person.id.to_string(),
            primary_email: person.primary_email,
            display_name: person.display_name,
        }),
        api_client: me.token.map(ApiClient::from),
        roles: me.roles,
        counts: Counts { owned_apps: me.owned_apps, open_holds: me.open_holds },
    }))
}
