//! Names each request, so that an answer can be found in the log.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::Instrument as _;
use uuid::Uuid;

use super::problem::{MEDIA_TYPE, Problem};
use governance::Code;

/// The header that names the request, in both directions.
const HEADER: &str = "x-request-id";
/// The longest name that a caller may give.
const LONGEST: usize = 64;

/// Gives the request the name that its caller sent, or a new one, and writes it into the answer.
pub(crate) async fn name(request: Request, next: Next) -> Response {
    let sent = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let id = match sent {
        Some(sent) if is_name(sent) => sent.to_owned(),
        _ => Uuid::now_v7().to_string(),
    };
    let span = tracing::info_span!("request", request.id = %id, http.method = %request.method());
    let mut response = next.run(request).instrument(span).await;
    response = explained(response);
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.request_id = Some(id.clone());
        let headers = std::mem::take(response.headers_mut());
        response = problem.into_response();
        for (name, value) in &headers {
            // The length is that of the document without the id.
            if name != header::CONTENT_LENGTH {
                response.headers_mut().insert(name, value.clone());
            }
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Refusals of the layers below (a body too large, a method that a route lacks) as problem documents.
fn explained(response: Response) -> Response {
    let is_explained = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == MEDIA_TYPE);
    let (code, detail) = match response.status() {
        _ if is_explained => return response,
        StatusCode::METHOD_NOT_ALLOWED => (Code::Unimplemented, "this route has no such method"),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::ResourceExhausted, "the body is larger than a request may be"),
        _ => return response,
    };
    let own = response.status();
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut problem = Problem::new(code, detail);
    problem.status = own.as_u16();
    problem.title = own.canonical_reason().unwrap_or_default();
    problem.retry_after_s = None;
    let mut explained = problem.into_response();
    if let Some(allow) = allow {
        explained.headers_mut().insert(header::ALLOW, allow);
    }
    explained
}
