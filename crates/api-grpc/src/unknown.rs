//! Calls that nobody answers.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use tonic::Status;

/// `router`, answering gRPC calls of services that it has not with `Unimplemented` in trailers instead of 404.
///
/// Source: baton-service-mode §16 item 8, D9.
pub fn unknown_services(router: Router) -> Router {
    router.layer(from_fn(unimplemented))
}

async fn unimplemented(request: Request, next: Next) -> Response {
    if !is_grpc(request.headers()) {
        return next.run(request).await;
    }
    let method = request.uri().path().trim_start_matches('/').chars().take(200).collect::<String>();
    let response = next.run(request).await;
    let unanswered = matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
    if unanswered || !is_grpc(response.headers()) {
        return Status::unimplemented(format!("this server has no `{method}`")).into_http();
    }
    response
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}
