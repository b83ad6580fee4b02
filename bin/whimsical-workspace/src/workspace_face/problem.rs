//! Errors of the workspace and lab faces, and reading their bodies.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::model::Refusal;
use crate::store::StoreError;

/// A problem (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Problem {
    /// Returns a 400.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "bad_request", detail: detail.into() }
    }

    /// Returns a 404.
    #[must_use]
    pub fn not_found() -> Self {
        Refusal::NotFound.into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Refusal::Taken => (StatusCode::CONFLICT, "taken"),
            Refusal::NotAnEmail => (StatusCode::BAD_REQUEST, "not_an_email"),
            Refusal::UpperCase => (StatusCode::BAD_REQUEST, "upper_case"),
            Refusal::UserNameFixed => (StatusCode::BAD_REQUEST, "user_name_fixed"),
            Refusal::NameFixed => (StatusCode::BAD_REQUEST, "name_fixed"),
            Refusal::LastAdmin => (StatusCode::CONFLICT, "last_admin"),
            Refusal::SamlOff => (StatusCode::CONFLICT, "saml_off"),
            Refusal::ScimOff => (StatusCode::CONFLICT, "scim_off"),
            Refusal::NoMetadata => (StatusCode::BAD_REQUEST, "no_metadata"),
            Refusal::PlanTooLow => (StatusCode::CONFLICT, "plan_too_low"),
            Refusal::Deprovisioned => (StatusCode::FORBIDDEN, "deprovisioned"),
            Refusal::NoJit => (StatusCode::FORBIDDEN, "no_jit"),
            Refusal::TeamNotPrivate => (StatusCode::BAD_REQUEST, "team_not_private"),
            Refusal::AlreadyHere => (StatusCode::CONFLICT, "already_here"),
            Refusal::BadValue => (StatusCode::BAD_REQUEST, "bad_value"),
        };
        Self { status, code, detail: refusal.to_string() }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "not_saved", detail: error.to_string() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let mut response = (self.status, axum::Json(body)).into_response();
        let problem = http::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        response
    }
}

/// Reads a JSON body. It must be declared as JSON, which a foreign page's form can't do.
///
/// # Errors
/// When the body is not declared as JSON, or not of the shape wanted.
pub fn body<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Problem {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "not_json",
            detail: "Send the body as application/json.".to_owned(),
        });
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("The body is not as expected: {error}.")))
}
