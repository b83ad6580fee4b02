//! The order of a list (RFC 7644 §3.4.2.3).
//!
//! Start at [`Sort::new`]. A list always has a total order: what `sortBy` leaves equal is ordered by
//! creation and then by id, neither of which ever changes, so that pages do not shift under a
//! client that reads them one by one. Of a text, the first 256 characters count, so that a
//! [`Key`] always fits into a cursor.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::error::{Error, excerpt};
use crate::filter::compare_numbers;
use crate::path::{AttributePath, elements, value_of_elements};
use crate::schema::{Kind, ResourceType};
use crate::{fold, instant};

/// How much of a text counts.
const TEXT_CHARS: usize = 256;

/// How to order a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sort {
    by: Option<AttributePath>,
    order: Order,
}

/// Which way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// The smallest first, what is absent last.
    #[default]
    #[serde(rename = "a")]
    Ascending,
    /// What is absent first, then the greatest.
    #[serde(rename = "d")]
    Descending,
}

/// The place of a resource in a list. Keys of the same [`Sort`] compare like their resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    #[serde(rename = "v", default, skip_serializing_if = "Sorted::is_absent")]
    sorted: Sorted,
    #[serde(rename = "o", default)]
    order: Order,
    #[serde(rename = "c")]
    created: Option<Timestamp>,
    #[serde(rename = "i")]
    id: String,
}

/// The value to sort by. Absent is the greatest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Sorted {
    #[serde(rename = "b")]
    Boolean(bool),
    #[serde(rename = "n")]
    Number(Number),
    #[serde(rename = "t")]
    Instant(Timestamp),
    #[serde(rename = "s")]
    Text(String),
    #[default]
    #[serde(rename = "-")]
    Absent,
}

impl Sort {
    /// Reads `sortBy` and `sortOrder`; without `sortBy` the order is that of creation.
    ///
    /// # Errors
    /// 400 `invalidPath` if `sortBy` is unknown or names something without an order (a complex
    /// attribute, a whole schema); 400 `invalidValue` if `sortOrder` is not one of the two words.
    pub fn new(sort_by: Option<&str>, sort_order: Option<&str>, resource_type: &ResourceType) -> Result<Self, Error> {
        let order = match sort_order {
            None => Order::Ascending,
            Some(word) if word.eq_ignore_ascii_case("ascending") => Order::Ascending,
            Some(word) if word.eq_ignore_ascii_case("descending") => Order::Descending,
            Some(word) => {
                return Err(Error::invalid_value(format!(
                    "`sortOrder` is `{}`; use ascending or descending.",
                    excerpt(word)
                )));
            }
        };
        let Some(sort_by) = sort_by else {
            return Ok(Self::default());
        };
        let mut path = AttributePath::parse(sort_by, resource_type)?;
        if path.sub.is_none()
            && let Some(value) = value_of_elements(&path.attribute)
        {
            path = path.with_sub(&value.clone());
        }
        if path.leaf().kind == Kind::Complex && path.is_supported() {
            return Err(Error::invalid_path(format!("`{path}` has no order; sort by one of its sub-attributes.")));
        }
        Ok(Self { by: Some(path), order })
    }

    /// Says whether the order is that of creation.
    #[must_use]
    pub fn is_by_creation(&self) -> bool {
        self.by.is_none()
    }

    /// Returns the place of a resource.
    #[must_use]
    pub fn key(&self, resource: &Value) -> Key {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let created = resource.get("meta").and_then(|meta| meta.get("created"));
        Key {
            sorted: self.sorted(resource),
            order: self.order,
            created: instant::parse(&text(created)),
            id: text(resource.get("id")),
        }
    }

    fn sorted(&self, resource: &Value) -> Sorted {
        let Some(path) = &self.by else {
            return Sorted::Absent;
        };
        let is_primary = |element: &&Value| element.get("primary") == Some(&Value::Bool(true));
        let all = || elements(path.attribute_value(resource));
        let value = all().find(is_primary).or_else(|| all().next());
        let value = match path.sub_attribute() {
            None => value,
            Some(sub) => value.and_then(|element| element.get(&sub.name)),
        };
        match (path.leaf().kind, value) {
            (Kind::DateTime, Some(Value::String(text))) => instant::parse(text).map_or(Sorted::Absent, Sorted::Instant),
            (_, Some(Value::Bool(value))) => Sorted::Boolean(*value),
            (_, Some(Value::Number(value))) => Sorted::Number(value.clone()),
            (_, Some(Value::String(text))) => {
                let text: String = text.chars().take(TEXT_CHARS).collect();
                Sorted::Text(if path.leaf().case_exact { text } else { fold::folded(&text) })
            }
            _ => Sorted::Absent,
        }
    }

    /// Returns a text that is the same for the same order only.
    pub(crate) fn canonical(&self) -> String {
        match &self.by {
            None => String::new(),
            Some(path) => format!("{path} {:?}", self.order),
        }
    }
}

impl Key {
    /// Returns the place of a resource in the order of creation.
    #[must_use]
    pub fn by_creation(created: Timestamp, id: &str) -> Self {
        Self { sorted: Sorted::Absent, order: Order::Ascending, created: Some(created), id: id.to_owned() }
    }

    /// Returns when the resource was made.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// Returns the id of the resource.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_value = self.sorted.cmp(&other.sorted);
        match self.order {
            Order::Ascending => by_value,
            Order::Descending => by_value.reverse(),
        }
        .then_with(|| self.created.cmp(&other.created))
        .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Sorted {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
            Self::Absent => 4,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => compare_numbers(left, right).unwrap_or(Ordering::Equal),
            (Self::Instant(left), Self::Instant(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

#[cfg(test)]
mod tests;
