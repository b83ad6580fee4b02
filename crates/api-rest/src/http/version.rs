//! Versions of objects: `ETag` out, `If-Match` in (RFC 9110 §8.8.3, §13.1.1).

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use governance::Written;
use serde::Serialize;

use super::problem::{Problem, Result};

/// The version that the caller has read; `None` when it did not say or said `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExpectedVersion(pub(crate) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for ExpectedVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        version
            .map(|version| Self(Some(version)))
            .ok_or_else(|| Problem::invalid("If-Match", "this is no ETag of this API; hint: send the ETag as it came"))
    }
}

/// An object with its version as `ETag`.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    /// The version.
    pub(crate) version: i64,
    /// The object.
    pub(crate) object: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.object).into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", self.version)) {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }
}

/// A change as an answer: its place in the audit log as `Podium-Audit-Seq` (R-API-3).
pub(crate) fn audited<T: IntoResponse>(written: Written<T>) -> Response {
    let mut response = written.value.into_response();
    if let Some(seq) = written.seq {
        response.headers_mut().insert("podium-audit-seq", HeaderValue::from(seq));
    }
    response
}
