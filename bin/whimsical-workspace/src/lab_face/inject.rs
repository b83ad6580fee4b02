//! Spoiling requests on their way through.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use serde_json::json;

use super::fault::{ErrorBody, Fault};
use super::spoil::{Spoiled, spoil};
use crate::app::App;
use crate::server::Connection;

/// The most bytes of an answer that a fault rewrites.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Lets the request through, spoiled as the script says.
pub async fn inject(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let faults = app.faults().take(request.method().as_str(), &path);
    let connection = request.extensions().get::<ConnectInfo<Connection>>().map(|info| info.0.clone());
    for fault in &faults {
        match fault {
            Fault::Delay { millis } => tokio::time::sleep(Duration::from_millis((*millis).into())).await,
            Fault::IgnoreStartIndex => ignore_start_index(request.uri_mut()),
            Fault::CloseBefore => return hang_up(connection.as_ref()),
            _ => {
                if let Some(answer) = instead(fault) {
                    return answer;
                }
            }
        }
    }
    let mut response = next.run(request).await;
    for fault in &faults {
        response = match fault {
            Fault::CloseAfter => return hang_up(connection.as_ref()),
            Fault::Delay { .. } | Fault::IgnoreStartIndex => response,
            _ => rewritten(response, fault, &path).await,
        };
    }
    response
}

/// Returns the answer that a fault gives without asking the workspace.
fn instead(fault: &Fault) -> Option<Response> {
    let scim = |status: StatusCode, detail: &str| scim::Error::new(status, detail).to_json().to_string();
    let (status, body, retry_after) = match fault {
        Fault::Unauthorized => (StatusCode::UNAUTHORIZED, ErrorBody::Scim, &None),
        Fault::TooMany { retry_after } => (StatusCode::TOO_MANY_REQUESTS, ErrorBody::Scim, retry_after),
        Fault::Status { status, body, retry_after } => (StatusCode::from_u16(*status).ok()?, *body, retry_after),
        _ => return None,
    };
    let (media_type, text) = match body {
        ErrorBody::Scim => ("application/scim+json", scim(status, "A scripted fault.")),
        ErrorBody::Html => ("text/html", "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>".to_owned()),
        ErrorBody::Empty => ("", String::new()),
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !media_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = r#"Bearer realm="whimsical-scim", error="invalid_token""#;
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(value) = retry_after.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(header::RETRY_AFTER, value);
    }
    Some(response)
}

/// Closes the connection; called within the process there is none, and the answer says so.
fn hang_up(connection: Option<&Connection>) -> Response {
    if let Some(connection) = connection {
        connection.cut();
    }
    (StatusCode::BAD_GATEWAY, axum::Json(json!({"detail": "the connection was closed"}))).into_response()
}

fn ignore_start_index(uri: &mut Uri) {
    let Some(query) = uri.query() else {
        return;
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("startIndex=")).collect();
    if let Ok(without) = format!("{}?{}", uri.path(), kept.join("&")).parse() {
        *uri = without;
    }
}

async fn rewritten(response: Response, fault: &Fault, path: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match spoil(fault, parts.status, bytes, path) {
        Spoiled::Untouched(bytes) => Response::from_parts(parts, bytes.into()),
        Spoiled::Body(bytes) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, bytes.into())
        }
        Spoiled::Status(status, bytes) => {
            parts.status = status;
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, bytes.into())
        }
        Spoiled::MediaType(value, bytes) => {
            if let Ok(value) = HeaderValue::from_str(&value) {
                parts.headers.insert(header::CONTENT_TYPE, value);
            }
            Response::from_parts(parts, bytes.into())
        }
        Spoiled::Cut(bytes, sent) => {
            parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            let first = bytes.slice(..sent.min(bytes.len()));
            let (sender, receiver) = tokio::sync::mpsc::channel::<bytes::Bytes>(1);
            tokio::spawn(async move {
                // The receiver may be gone: the client hung up first.
                let _ = sender.send(first).await;
                // The server writes the first part out while it waits for the next one, which never comes.
                tokio::time::sleep(Duration::from_millis(20)).await;
            });
            Response::from_parts(parts, Body::new(CutBody(receiver)))
        }
    }
}

/// A body that fails after its first part.
struct CutBody(tokio::sync::mpsc::Receiver<bytes::Bytes>);

impl http_body::Body for CutBody {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        self.0.poll_recv(cx).map(|part| match part {
            Some(part) => Some(Ok(http_body::Frame::data(part))),
            None => Some(Err(std::io::ErrorKind::ConnectionReset.into())),
        })
    }
}
