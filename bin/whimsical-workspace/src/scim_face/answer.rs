//! Answers: a status, headers and a JSON body.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use scim::Error;
use serde_json::Value;

use crate::model::Refusal;
use crate::store::StoreError;

/// What goes back to the client.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Answer {
    /// Returns an answer with a JSON body.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
    }

    /// Returns an answer with a body that is JSON already.
    pub(super) fn bytes(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, headers: HeaderMap::new(), body: Some(body) }
    }

    /// Returns an answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a header, if the text can be one.
    pub(super) fn with_text(self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.with(name, value),
            Err(_) => self,
        }
    }

    /// Returns the status.
    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the response, in the media type that the request prefers.
    pub(super) fn into_response(self, request: &HeaderMap) -> Response {
        let has_body = self.body.is_some();
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if has_body {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(request)));
        }
        response
    }
}

/// `application/json` only for those who ask for it and for neither SCIM JSON nor anything.
fn media_type(request: &HeaderMap) -> &'static str {
    let accepted: Vec<String> = request
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(|range| range.trim().to_lowercase())
        .collect();
    let has = |wanted: &str| accepted.iter().any(|range| range == wanted);
    if has("application/json") && !has("application/scim+json") && !has("*/*") && !has("application/*") {
        "application/json"
    } else {
        "application/scim+json"
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::json(error.status, &error.to_json())
    }
}

/// Returns the SCIM error for a refusal of the model.
pub(super) fn refused(refusal: Refusal) -> Error {
    let detail = refusal.to_string();
    match refusal {
        Refusal::NotFound => Error::not_found(detail),
        Refusal::Taken | Refusal::AlreadyHere => Error::uniqueness(detail),
        Refusal::NotAnEmail | Refusal::UpperCase | Refusal::BadValue => Error::invalid_value(detail),
        Refusal::UserNameFixed | Refusal::NameFixed => Error::mutability(detail),
        Refusal::LastAdmin
        | Refusal::SamlOff
        | Refusal::ScimOff
        | Refusal::NoMetadata
        | Refusal::PlanTooLow
        | Refusal::Deprovisioned
        | Refusal::NoJit
        | Refusal::TeamNotPrivate => Error::new(StatusCode::FORBIDDEN, detail),
    }
}

/// Returns the SCIM error for a change that could not be saved.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub(super) fn unsaved(error: StoreError) -> Error {
    tracing::warn!(error = %error, "a change was made and could not be saved");
    Error::new(StatusCode::SERVICE_UNAVAILABLE, "The change could not be saved.")
}
