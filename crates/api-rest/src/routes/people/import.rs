//! People out of a CSV file.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use governance::person::Mode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{Params, Problem, Result, Signed, audited};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(import))
}

/// Whether to change anything.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportParams {
    /// Say what would change, and change nothing.
    #[serde(default, rename = "dryRun")]
    dry_run: bool,
}

/// What an import changed, or would change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Imported {
    /// How many people were made.
    created: usize,
    /// How many were changed.
    changed: usize,
    /// How many were already as the file says.
    unchanged: usize,
    /// Whether nothing was changed, because only the question was asked.
    dry_run: bool,
}

/// Make and change people as a CSV file says: all of it, or nothing
///
/// The first line names the columns: `primaryEmail` and `displayName`, and as wished `emails` (with blanks between them),
/// `username`, `givenName`, `familyName`, `employeeId`, `department`, `title`, `employmentType`, `managerEmail`. People are
/// known by their primary addresses; who is not in the file stays as they are. A column that is not there changes nothing,
/// an empty field takes away. At most 5,000 people and 1 MiB. The same file again changes nothing.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people", params(ImportParams),
    request_body(content = String, content_type = "text/csv"),
    responses((status = OK, body = Imported),
    (status = BAD_REQUEST, description = "The lines that are wrong; nothing was imported", body = Problem),
    (status = PAYLOAD_TOO_LARGE, body = Problem)))]
async fn import(
    State(api): State<Api>,
    Signed(caller): Signed,
    Params(params): Params<ImportParams>,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<Response> {
    let body = body.map_err(|_| Problem::too_large("the file is larger than a request may be"))?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::invalid("body", "the file is not UTF-8"))?;
    let mode = if params.dry_run { Mode::DryRun } else { Mode::Real };
    let written = api.governance().import_people(&caller, text, mode).await?;
    let dry_run = params.dry_run;
    Ok(audited(written.map(|done| {
        Json(Imported { created: done.created, changed: done.changed, unchanged: done.unchanged, dry_run })
    })))
}
