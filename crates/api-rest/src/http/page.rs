//! Lists in pages: `page_size`, `page_token`, `{list, nextPageToken}`.
//!
//! A token is opaque: the cursor of the store in base64url. It holds nothing that its holder could not see.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use store::Paging;
use utoipa::{IntoParams, ToSchema};

use super::problem::{Problem, Result};

/// How many items a page has when nobody says.
const DEFAULT_SIZE: u32 = 50;
/// How many items a page has at most.
const LARGEST_SIZE: u32 = 200;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// How many items at most: 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<u32>,
    /// `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A checked wish for a page.
#[derive(Debug, Clone)]
pub(crate) struct PageQuery {
    /// How many items at most.
    pub(crate) limit: u32,
    /// The cursor after which the page begins.
    pub(crate) after: Option<String>,
}

impl PageQuery {
    /// The wish as the store takes it.
    pub(crate) fn paging(&self) -> Paging<'_> {
        Paging { after: self.after.as_deref(), limit: self.limit }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Query(params) = Query::<PageParams>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::invalid("page_size", error.body_text()))?;
        let limit = params.page_size.unwrap_or(DEFAULT_SIZE);
        if !(1..=LARGEST_SIZE).contains(&limit) {
            return Err(Problem::invalid("page_size", format!("`{limit}` is not between 1 and {LARGEST_SIZE}")));
        }
        let decode = |token: &String| {
            URL_SAFE_NO_PAD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| Problem::invalid("page_token", "this is no token of a page"))
        };
        // An empty token asks for the first page, as clients send it that loop without a special case.
        let after = params.page_token.as_ref().filter(|token| !token.is_empty()).map(decode).transpose()?;
        Ok(Self { limit, after })
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) list: Vec<T>,
    /// What asks for the next page; empty at the end.
    pub(crate) next_page_token: String,
}

impl<T> Page<T> {
    /// The page with these items; `next` is the cursor after the last of them when there are more.
    pub(crate) fn new(list: Vec<T>, next: Option<String>) -> Self {
        Self { list, next_page_token: next.map(|cursor| URL_SAFE_NO_PAD.encode(cursor)).unwrap_or_default() }
    }

    /// A page of the store, each of its rows in the form that callers see.
    pub(crate) fn of<R>(page: store::Page<R>) -> Self
    where
        T: From<R>,
    {
        Self::new(page.rows.into_iter().map(T::from).collect(), page.next)
    }
}
