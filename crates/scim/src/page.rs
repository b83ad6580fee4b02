//! Pages of a list: by index (RFC 7644 §3.4.2.4) and by cursor (RFC 9865).
//!
//! Start at [`Page`]. A cursor is made and opened by a [`cursor::Seal`]; what goes back is a
//! [`ListResponse`].

pub mod cursor;

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::error::{Error, ScimType, excerpt};

/// The schema of a list.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// How many resources a page may have, and which ways of paging there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Resources in a page if the client names no number.
    pub default_count: usize,
    /// The most resources in a page.
    pub max_count: usize,
    /// Which ways of paging are offered.
    pub methods: Methods,
}

/// Which ways of paging are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    /// By index; a `cursor` is ignored like any unknown parameter.
    IndexOnly,
    /// By index and by cursor.
    IndexAndCursor,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// From a position on.
    Index {
        /// The first, counted from 1.
        start_index: usize,
        /// The most to return.
        count: usize,
    },
    /// From behind the last one of the page before.
    Cursor {
        /// The cursor; empty for the first page.
        cursor: String,
        /// The most to return; none if the client left it out.
        count: Option<usize>,
        /// The most to return if this is the first page and the client left it out.
        default_count: usize,
    },
}

impl Page {
    /// Reads the parameters.
    ///
    /// By index, a number that is out of range is brought into it: `startIndex` at least 1, `count`
    /// between 0 and the maximum.
    ///
    /// # Errors
    /// 400 `invalidValue` if a number is not a whole number, or `cursor` comes with `startIndex`;
    /// 400 `invalidCount` if a cursor comes with a `count` that is not between 1 and the maximum.
    pub fn new(
        start_index: Option<&str>,
        count: Option<&str>,
        cursor: Option<&str>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let start_index = start_index.map(|text| whole("startIndex", text)).transpose()?;
        let count = count.map(|text| whole("count", text)).transpose()?;
        let cursor = cursor.filter(|_| limits.methods == Methods::IndexAndCursor);
        match (cursor, start_index) {
            (Some(_), Some(_)) => Err(Error::invalid_value("`cursor` and `startIndex` exclude each other.")),
            (Some(cursor), None) => Ok(Self::Cursor {
                cursor: cursor.to_owned(),
                count: count.map(|count| cursor_count(count, limits)).transpose()?,
                default_count: limits.default_count,
            }),
            (None, _) => Ok(Self::Index {
                start_index: start_index.map_or(1, clamped).max(1),
                count: count.map_or(limits.default_count, clamped).min(limits.max_count),
            }),
        }
    }

    /// Returns which of `total` resources, counted from 0, are on a page by index; those on the
    /// first page for a cursor.
    #[must_use]
    pub fn range(&self, total: usize) -> Range<usize> {
        let (start, count) = match self {
            Self::Index { start_index, count } => (start_index.saturating_sub(1).min(total), *count),
            Self::Cursor { count, default_count, .. } => (0, count.unwrap_or(*default_count)),
        };
        start..start.saturating_add(count).min(total)
    }
}

/// A page as it goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct ListResponse {
    /// How many resources match in all.
    pub total_results: usize,
    /// The position of the first, counted from 1; none if paged by cursor.
    pub start_index: Option<usize>,
    /// Where the next page begins; none on the last page, and if paged by index.
    pub next_cursor: Option<String>,
    /// The resources.
    pub resources: Vec<Value>,
}

impl ListResponse {
    /// Returns a list that is not paged.
    #[must_use]
    pub fn all(resources: Vec<Value>) -> Self {
        Self { total_results: resources.len(), start_index: Some(1), next_cursor: None, resources }
    }

    /// Returns the message. `Resources` is there even when empty, the numbers are JSON integers.
    #[must_use]
    pub fn into_json(self) -> Value {
        let mut message = Map::new();
        message.insert("schemas".to_owned(), json!([LIST_RESPONSE]));
        message.insert("totalResults".to_owned(), self.total_results.into());
        if let Some(start_index) = self.start_index {
            message.insert("startIndex".to_owned(), start_index.into());
        }
        message.insert("itemsPerPage".to_owned(), self.resources.len().into());
        if let Some(next_cursor) = self.next_cursor {
            message.insert("nextCursor".to_owned(), next_cursor.into());
        }
        message.insert("Resources".to_owned(), Value::Array(self.resources));
        Value::Object(message)
    }
}

/// Reads a whole number of any size; one that is too large is the largest.
fn whole(name: &str, text: &str) -> Result<i64, Error> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().or_else(|error: std::num::ParseIntError| match error.kind() {
        PosOverflow => Ok(i64::MAX),
        NegOverflow => Ok(i64::MIN),
        _ => Err(Error::invalid_value(format!("`{name}` is `{}`, which is not a whole number.", excerpt(text)))),
    })
}

fn clamped(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

fn cursor_count(count: i64, limits: Limits) -> Result<usize, Error> {
    usize::try_from(count).ok().filter(|count| (1..=limits.max_count).contains(count)).ok_or_else(|| {
        Error::of(ScimType::InvalidCount, format!("With a cursor, `count` is between 1 and {}.", limits.max_count))
    })
}

#[cfg(test)]
mod tests;
