//! Values while an expression is worked out: facts are borrowed, not copied.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::schema::{Scalar, Type};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    Instant(Timestamp),
    Duration(SignedDuration),
    List(Vec<Value<'a>>),
    Map(&'a serde_json::Map<String, Json>),
}

impl<'a> Value<'a> {
    /// A fact as a value of its declared type; none when there is nothing, or something else.
    pub(super) fn of(fact: &'a Json, declared: Type) -> Option<Self> {
        match (declared, fact) {
            (_, Json::Null) => None,
            (Type::One(Scalar::Instant), Json::String(text)) => text.parse().ok().map(Self::Instant),
            (Type::One(Scalar::Duration), Json::String(text)) => text.parse().ok().map(Self::Duration),
            (_, Json::Bool(value)) => Some(Self::Bool(*value)),
            (_, Json::Number(number)) => number.as_i64().map(Self::Int).or_else(|| number.as_f64().map(Self::Double)),
            (_, Json::String(text)) => Some(Self::Text(Cow::Borrowed(text))),
            (_, Json::Array(items)) => {
                Some(Self::List(items.iter().filter_map(|item| Self::of(item, Type::ANY)).collect()))
            }
            (_, Json::Object(fields)) => Some(Self::Map(fields)),
        }
    }

    /// What kind of value it is.
    pub(super) const fn words(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Text(_) => "text",
            Self::Instant(_) => "an instant",
            Self::Duration(_) => "a duration",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// How many letters or items it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(items) => items.len(),
            Self::Map(fields) => fields.len(),
            _ => 0,
        }
    }

    /// Whether both are the same; values of different kinds never are.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            (Self::Map(left), Self::Map(right)) => left == right,
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }

    /// Which is less; none when the two cannot be compared so.
    #[expect(clippy::cast_precision_loss, reason = "CEL compares whole numbers with others so")]
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(right),
            (Self::Int(left), Self::Double(right)) => (*left as f64).partial_cmp(right),
            (Self::Double(left), Self::Int(right)) => left.partial_cmp(&(*right as f64)),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Instant(left), Self::Instant(right)) => Some(left.cmp(right)),
            (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}
