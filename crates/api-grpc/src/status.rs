//! How a refusal looks on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use governance::{Code, Error};
use proto::google::rpc;
use proto::{Any, Message as _};
use tonic::Status;

/// How long a call may take; uploads take as long as they need, as long as something comes.
const CALL: Duration = Duration::from_secs(50);

/// The domain of the details that this server gives.
const DOMAIN: &str = "podium";

/// Answers `Unavailable` when a call takes too long: a connector waits for ever, and asks again after an error.
///
/// Source: baton-service-mode §16 item 7.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().path().ends_with("/UploadAsset") {
        return next.run(request).await;
    }
    match tokio::time::timeout(CALL, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Status::unavailable("the server is too busy to answer in time; try again").into_http(),
    }
}

/// The refusal of a use case; causes inside stay there and go to the log.
pub(crate) fn refused(error: &Error) -> Status {
    let code = match error.code() {
        Code::InvalidArgument => tonic::Code::InvalidArgument,
        Code::Unauthenticated => tonic::Code::Unauthenticated,
        Code::PermissionDenied => tonic::Code::PermissionDenied,
        Code::NotFound => tonic::Code::NotFound,
        Code::AlreadyExists => tonic::Code::AlreadyExists,
        Code::FailedPrecondition => tonic::Code::FailedPrecondition,
        Code::Aborted => tonic::Code::Aborted,
        Code::ResourceExhausted => tonic::Code::ResourceExhausted,
        Code::Unimplemented => tonic::Code::Unimplemented,
        Code::Unavailable => tonic::Code::Unavailable,
        Code::Internal => tonic::Code::Internal,
    };
    match error.code() {
        Code::Internal => tracing::error!(error = error as &dyn std::error::Error, "a call failed"),
        Code::Unavailable => tracing::warn!(error = error as &dyn std::error::Error, "a call could not be answered"),
        _ => {}
    }
    let metadata = [("field", error.field()), ("hint", error.hint())];
    let metadata = metadata.into_iter().filter_map(|(key, value)| Some((key, value?)));
    detailed(code, error.detail(), error.code().name(), metadata)
}

/// A field of the request that breaks its rule.
pub(crate) fn invalid(field: &str, detail: &str) -> Status {
    let text = format!("`{field}` {detail}");
    detailed(tonic::Code::InvalidArgument, &text, Code::InvalidArgument.name(), [("field", field)])
}

/// A status with one detail: a `google.rpc.ErrorInfo`.
pub(crate) fn detailed<'a>(
    code: tonic::Code,
    message: &str,
    reason: &str,
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Status {
    let metadata: BTreeMap<String, String> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let info = rpc::ErrorInfo { reason: reason.to_owned(), domain: DOMAIN.to_owned(), metadata };
    let details = Any::from_msg(&info).into_iter().collect();
    let status = rpc::Status { code: i32::from(code), message: message.to_owned(), details };
    Status::with_details(code, message, status.encode_to_vec().into())
}
