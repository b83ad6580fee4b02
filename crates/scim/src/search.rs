//! A query for a list: the parameters of a GET, or a `SearchRequest` (RFC 7644 §3.4.2, §3.4.3).
//!
//! Start at [`Query::from_parameters`] or [`Query::from_json`], which differ only in where they
//! read; [`Query::resolve`] then checks everything against a resource type. [`Listing::answer`]
//! does the rest for resources that are JSON in memory; a provider with an index of its own uses
//! the parts.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::filter::Filter;
use crate::message::check_schemas;
use crate::page::cursor::{Binding, Seal};
use crate::page::{Limits, ListResponse, Page};
use crate::path::member;
use crate::projection::Projection;
use crate::schema::ResourceType;
use crate::sort::{Key, Sort};
use crate::value::Strictness;

/// The schema of a search.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A query as the client wrote it. Numbers are still text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// What to show.
    pub attributes: Option<Vec<String>>,
    /// What not to show.
    pub excluded_attributes: Option<Vec<String>>,
    /// What to match.
    pub filter: Option<String>,
    /// What to sort by.
    pub sort_by: Option<String>,
    /// Which way round.
    pub sort_order: Option<String>,
    /// The first to return.
    pub start_index: Option<String>,
    /// The most to return.
    pub count: Option<String>,
    /// Where to go on; empty for the first page.
    pub cursor: Option<String>,
}

/// A query that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// What to match; everything if none.
    pub filter: Option<Filter>,
    /// In which order.
    pub sort: Sort,
    /// What to show.
    pub projection: Projection,
    /// Which part.
    pub page: Page,
}

impl Query {
    /// Reads form-decoded parameters; unknown ones are ignored, of repeated ones the first counts.
    pub fn from_parameters<N: AsRef<str>, V: AsRef<str>>(parameters: &[(N, V)]) -> Self {
        let text = |wanted: &str| {
            parameters.iter().find(|(name, _)| name.as_ref() == wanted).map(|(_, value)| value.as_ref().to_owned())
        };
        Self {
            attributes: text("attributes").and_then(|text| names(&text)),
            excluded_attributes: text("excludedAttributes").and_then(|text| names(&text)),
            filter: text("filter"),
            sort_by: text("sortBy"),
            sort_order: text("sortOrder"),
            start_index: text("startIndex"),
            count: text("count"),
            cursor: text("cursor"),
        }
    }

    /// Reads the body of a `.search`.
    ///
    /// # Errors
    /// 400 `invalidSyntax` if it is not an object or says that it is something else; 400
    /// `invalidValue` if a member has the wrong type.
    pub fn from_json(body: &Value, strictness: Strictness) -> Result<Self, Error> {
        let members = body.as_object().ok_or_else(|| Error::invalid_syntax("The body is not a JSON object."))?;
        check_schemas(members, SEARCH_REQUEST, strictness)?;
        Ok(Self {
            attributes: listed(members, "attributes")?,
            excluded_attributes: listed(members, "excludedAttributes")?,
            filter: text(members, "filter")?,
            sort_by: text(members, "sortBy")?,
            sort_order: text(members, "sortOrder")?,
            start_index: number(members, "startIndex")?,
            count: number(members, "count")?,
            cursor: text(members, "cursor")?,
        })
    }

    /// Returns what to show, without looking at the rest; for answers that are not lists.
    ///
    /// # Errors
    /// 400 `invalidValue` if both lists of attributes are given.
    pub fn projection(&self, resource_type: &ResourceType) -> Result<Projection, Error> {
        Projection::new(self.attributes.as_deref(), self.excluded_attributes.as_deref(), resource_type)
    }

    /// Checks the query against a resource type.
    ///
    /// # Errors
    /// Those of [`Filter::parse`], [`Sort::new`], [`Projection::new`] and [`Page::new`].
    pub fn resolve(&self, resource_type: &ResourceType, limits: Limits) -> Result<Listing, Error> {
        Ok(Listing {
            filter: self.filter.as_deref().map(|filter| Filter::parse(filter, resource_type)).transpose()?,
            sort: Sort::new(self.sort_by.as_deref(), self.sort_order.as_deref(), resource_type)?,
            projection: self.projection(resource_type)?,
            page: Page::new(self.start_index.as_deref(), self.count.as_deref(), self.cursor.as_deref(), limits)?,
        })
    }
}

impl Listing {
    /// Returns a text that is the same for the same filter and order only; what a cursor is bound to.
    #[must_use]
    pub fn query(&self) -> String {
        let filter = self.filter.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{}\n{filter}", self.sort.canonical())
    }

    /// Returns the page of those resources that match. `scope` names whose resources these are.
    ///
    /// Takes O(n log n) for n resources; keeps one key for each that matches.
    ///
    /// # Errors
    /// Those of [`Seal::open`].
    pub fn answer<'r>(
        &self,
        resources: impl IntoIterator<Item = &'r Value>,
        resource_type: &ResourceType,
        seal: &Seal,
        scope: &str,
        now: Timestamp,
    ) -> Result<ListResponse, Error> {
        let mut matching: Vec<(Key, &Value)> = resources
            .into_iter()
            .filter(|resource| self.filter.as_ref().is_none_or(|filter| filter.matches(resource)))
            .map(|resource| (self.sort.key(resource), resource))
            .collect();
        matching.sort_by(|(left, _), (right, _)| left.cmp(right));
        let query = self.query();
        let binding = Binding { scope, query: &query };
        let (start, count) = match &self.page {
            Page::Index { .. } => {
                let range = self.page.range(matching.len());
                (range.start, range.len())
            }
            Page::Cursor { cursor, count, default_count } if cursor.is_empty() => (0, count.unwrap_or(*default_count)),
            Page::Cursor { cursor, count, .. } => {
                let position = seal.open(cursor, *count, binding, now)?;
                let start = matching.partition_point(|(key, _)| *key <= position.after);
                (start, position.count)
            }
        };
        let page = matching.iter().skip(start).take(count);
        let has_more = start.saturating_add(count) < matching.len();
        let (start_index, next_cursor) = match &self.page {
            Page::Index { start_index, .. } => (Some(*start_index), None),
            Page::Cursor { .. } => {
                let last = page.clone().next_back().filter(|_| has_more);
                (None, last.map(|(key, _)| seal.seal(key.clone(), count, binding, now)))
            }
        };
        Ok(ListResponse {
            total_results: matching.len(),
            start_index,
            next_cursor,
            resources: page.map(|(_, resource)| self.projection.apply(resource, resource_type)).collect(),
        })
    }
}

/// Splits a list at its commas; one without names is none at all.
fn names(text: &str) -> Option<Vec<String>> {
    let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match member(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::invalid_value(format!("`{name}` is not a string."))),
    }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match member(members, name) {
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => text(members, name),
    }
}

fn listed(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Error> {
    match member(members, name) {
        Some(Value::Array(elements)) => {
            let all: Option<Vec<&str>> = elements.iter().map(Value::as_str).collect();
            match all {
                Some(all) => Ok(names(&all.join(","))),
                None => Err(Error::invalid_value(format!("`{name}` is not an array of strings."))),
            }
        }
        _ => Ok(text(members, name)?.and_then(|text| names(&text))),
    }
}

#[cfg(test)]
mod tests;
