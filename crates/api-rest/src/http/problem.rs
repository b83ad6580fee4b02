//! Errors as problem documents (RFC 9457), with a stable `code`, the field, and what to do next.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use governance::{Code, Error};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The result of a route.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

/// What is wrong with a request, or why it was not carried out (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// The canonical gRPC name of the kind of error, in lower case.
    #[schema(example = "not_found")]
    pub(crate) code: &'static str,
    /// The HTTP status, repeated.
    pub(crate) status: u16,
    /// The reason phrase of the status.
    pub(crate) title: &'static str,
    /// What is wrong, in words.
    pub(crate) detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The field of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Names this request in the server's log. Set on the way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// How many seconds to wait before the same request may succeed.
    #[serde(skip)]
    pub(crate) retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of this kind.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::from(Error::new(code, detail))
    }

    /// The value of this field cannot be what it is.
    pub(crate) fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self::from(Error::invalid(field, detail))
    }

    /// The body has more bytes than it may have; sending it again does not help.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default(),
            retry_after_s: None,
            ..Self::new(Code::ResourceExhausted, detail)
        }
    }

    /// With what to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The HTTP status of each kind of error.
pub(crate) const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition => StatusCode::CONFLICT,
        Code::Aborted => StatusCode::PRECONDITION_FAILED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if error.code() == Code::Internal {
            let mut causes = Vec::new();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                causes.push(next.to_string());
                cause = next.source();
            }
            tracing::error!(error = causes.join(": "), "a request failed by a fault of Podium");
        }
        let status = status(error.code());
        Self {
            code: error.code().name(),
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default(),
            detail: error.detail().to_owned(),
            hint: error.hint().map(str::to_owned),
            field: error.field().map(str::to_owned),
            request_id: None,
            retry_after_s: error.retry().map(|after| after.as_secs().max(1)),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(after) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The middleware that knows the request's id writes it into the document.
        response.extensions_mut().insert(self);
        response
    }
}
