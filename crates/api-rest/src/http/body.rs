//! Bodies of requests: JSON, bounded, refused with the place of the fault.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Result};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::invalid("Content-Type", "the body must be JSON")
                    .with_hint("send Content-Type: application/json"))
            }
            Err(JsonRejection::BytesRejection(_)) => {
                Err(Problem::too_large("the body is larger than a request may be"))
            }
            // Its text names line and column, and what was expected there.
            Err(other) => {
                let text = std::error::Error::source(&other).map_or_else(|| other.body_text(), ToString::to_string);
                Err(Problem::invalid("body", text))
            }
        }
    }
}
