//! The files of syncs, in both directions, in pieces.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use governance::Code;
use ids::{ConnectorId, SyncId};
use serde::Deserialize;
use store::file::Digest;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Sync, versioned};
use crate::Api;
use crate::http::{At, Params, Problem, Result, Signed, audited};

/// How long to wait for the next piece of a file.
const PATIENCE: Duration = Duration::from_mins(1);

/// The routes with small bodies.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(download))
}

/// The routes whose bodies are files.
pub(crate) fn files() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(bring))
}

/// Download the file of a sync (c1z)
#[utoipa::path(get, path = "/api/v1/syncs/{sync}/file", tag = "syncs", params(("sync" = String, Path)), responses(
    (status = OK, description = "The file; its SHA-256 is the ETag", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = NOT_FOUND, description = "No such sync, or it has no file", body = Problem)))]
async fn download(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<SyncId>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = api.governance().sync_file(&caller, id).await?;
    let tag = format!("\"{}\"", file.digest);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let mut response = Body::from_stream(file.content).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in
        [(header::ETAG, tag), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"sync-{id}.c1z\""))]
    {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// What is known of a file that is brought.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BringParams {
    /// Its SHA-256 in small hexadecimal digits; a file with another one is refused.
    sha256: Option<String>,
}

/// Bring a sync file (c1z) by hand; it is read as if the connector had sent it
///
/// Bringing the same file again changes nothing that people see. No `Idempotency-Key` is needed.
#[utoipa::path(post, path = "/api/v1/connectors/{connector}/files", tag = "syncs",
    params(("connector" = String, Path), BringParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = ACCEPTED, description = "It will be read soon", body = Sync),
    (status = BAD_REQUEST, description = "No sync file, or another than was said", body = Problem),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "A sync of the connector is under way", body = Problem),
    (status = PAYLOAD_TOO_LARGE, description = "The file is too large", body = Problem)))]
async fn bring(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(connector): At<ConnectorId>,
    Params(params): Params<BringParams>,
    body: Body,
) -> Result<Response> {
    let expected = params.sha256.map(|text| text.parse::<Digest>()).transpose();
    let expected = expected.map_err(|error| Problem::invalid("sha256", error.to_string()))?;
    let mut file = api.governance().bring_file(&caller, connector).await?;
    let mut pieces = body.into_data_stream();
    loop {
        let piece = tokio::time::timeout(PATIENCE, pieces.next()).await;
        let piece = piece.map_err(|_| Problem::new(Code::Unavailable, "no more of the file came for a minute"))?;
        match piece {
            None => break,
            Some(Ok(piece)) => file.write(piece).await.map_err(refused)?,
            Some(Err(_)) => return Err(Problem::invalid("body", "the file broke off")),
        }
    }
    let written = file.finish(expected).await?;
    Ok(audited(written.map(|sync| (StatusCode::ACCEPTED, versioned(sync)).into_response())))
}

/// A file that is too large stays so.
fn refused(error: governance::Error) -> Problem {
    if error.code() != Code::ResourceExhausted {
        return error.into();
    }
    let problem = Problem::too_large(error.detail());
    match error.hint() {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}
