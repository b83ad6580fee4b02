//! What stands in the address of a request: ids in its path, filters in its query.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use governance::Code;
use serde::de::DeserializeOwned;

use super::problem::{Problem, Result};

/// The ids in the path. A text that can be no id names nothing.
#[derive(Debug)]
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(ids)| Self(ids)).map_err(|_| {
            Problem::new(Code::NotFound, format!("there is nothing at `{}`: this is no id", parts.uri.path()))
        })
    }
}

/// The filters in the query.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found.map(|Query(params)| Self(params)).map_err(|refused| {
            let cause = std::error::Error::source(&refused).map(ToString::to_string);
            Problem::invalid("query", cause.unwrap_or_else(|| refused.body_text()))
        })
    }
}
