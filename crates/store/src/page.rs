//! Pages of long lists.

use crate::error::{Error, Result};

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Paging<'a> {
    /// The cursor that the page before gave; none for the first page.
    pub after: Option<&'a str>,
    /// How many rows at most.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// The cursor of the next page; none after the last row.
    pub next: Option<String>,
}

impl<'a> Paging<'a> {
    /// The first page.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// One row more than wanted: it tells whether there is a next page.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page out of the rows that were [fetched](Self::fetch); `cursor` names a row.
    pub(crate) fn page<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> String) -> Page<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Page { rows, next }
    }

    /// The cursor as what it was made of.
    pub(crate) fn parts<const N: usize>(&self) -> Result<Option<[&'a str; N]>> {
        let Some(cursor) = self.after else { return Ok(None) };
        let parts: Vec<&str> = cursor.splitn(N, ' ').collect();
        parts.try_into().map(Some).map_err(|_| Error::Cursor)
    }
}
