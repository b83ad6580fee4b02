//! Filters (RFC 7644 §3.4.2.2): parse one, print it, match resources against it.
//!
//! Start at [`Filter::parse`]. Names and types are checked while parsing, against a
//! [`ResourceType`], so that matching cannot fail and a bad filter is refused with the position of
//! what is wrong. Besides the grammar of the RFC it understands `emails[type eq "work"].value eq
//! "a@b.c"`, a sub-attribute behind a value filter, which Entra ID sends.
//!
//! The parser is our own. The published one (`scim_v2`) splits URNs at their last colon and knows
//! no schemas, so it takes unknown attributes and impossible comparisons; it has no place for
//! Entra's form, and its positions are those of its generated lexer. What would be left of it is
//! smaller than the translation into the types below.
//!
//! Matching works on the resources of the provider itself, whose keys are spelled as in the schema.

mod evaluate;
mod parser;
mod print;
mod scanner;

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::error::Error;
use crate::path::{AttributePath, PathError};
use crate::schema::ResourceType;

pub(crate) use evaluate::compare_numbers;
pub(crate) use parser::{ConditionPath, parse_condition_path};

/// The longest filter that is read, in bytes.
pub const MAX_LENGTH_BYTES: usize = 8 * 1024;
/// How deep parentheses, `not` and value filters may nest.
pub const MAX_DEPTH: usize = 32;

/// A filter whose names and types have been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these hold; at least two.
    And(Vec<Filter>),
    /// One of these holds; at least two.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// `pr`: something is assigned.
    Present(Target),
    /// A comparison with a value.
    Compare(Comparison),
    /// `attr[…]`: one element satisfies all of the condition.
    Element(AttributePath, Box<Filter>),
}

/// What a term looks at: an attribute, perhaps only in those elements that satisfy a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub(crate) path: AttributePath,
    pub(crate) condition: Option<Box<Filter>>,
}

/// An attribute, an operator and a value of a type that fits both.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub(crate) target: Target,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`, equal.
    Equal,
    /// `ne`, not equal.
    NotEqual,
    /// `co`, contains.
    Contains,
    /// `sw`, starts with.
    StartsWith,
    /// `ew`, ends with.
    EndsWith,
    /// `gt`, greater than.
    Greater,
    /// `ge`, greater than or equal.
    GreaterOrEqual,
    /// `lt`, less than.
    Less,
    /// `le`, less than or equal.
    LessOrEqual,
}

/// The value of a comparison, in the type of its attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// `null`: nothing is assigned.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// An instant, and the text it was written as.
    Instant(Timestamp, String),
}

/// Why a filter is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at character {position} of the filter)")]
pub struct FilterError {
    /// The character at which the offending part begins, counted from 1.
    pub position: usize,
    /// What is wrong with it.
    pub problem: FilterProblem,
}

/// What can be wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// Longer than [`MAX_LENGTH_BYTES`].
    #[error("the filter is longer than {MAX_LENGTH_BYTES} bytes")]
    TooLong,
    /// Deeper than [`MAX_DEPTH`].
    #[error("the filter nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Something else should stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Not one of the operators.
    #[error("`{0}` is not an operator")]
    UnknownOperator(String),
    /// Not a JSON string, number, `true`, `false` or `null`.
    #[error("`{0}` is not a value; text needs double quotes")]
    NotAValue(String),
    /// A value filter inside a value filter.
    #[error("a value filter cannot be inside another")]
    NestedElement,
    /// A value filter on an attribute without parts.
    #[error("`{0}` has no parts to filter by")]
    NoElements(String),
    /// A name does not parse, or no schema has it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The type of the attribute has no such comparison.
    #[error("`{attribute}` cannot be compared with `{operator}`")]
    NotComparable {
        /// The attribute.
        attribute: String,
        /// The operator.
        operator: &'static str,
    },
    /// The value is not of the type of the attribute.
    #[error("`{attribute}` is compared with {expected}")]
    WrongType {
        /// The attribute.
        attribute: String,
        /// What its type wants.
        expected: &'static str,
    },
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::invalid_filter(format!("{error}."))
    }
}

impl Filter {
    /// Parses a filter over the resources of a type.
    ///
    /// # Errors
    /// [`FilterError`] if it does not follow the grammar, exceeds a limit, names what no schema
    /// has, or compares what cannot be compared.
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, FilterError> {
        parser::parse(text, resource_type)
    }

    /// Says whether a resource matches. Allocates nothing, except where it compares instants or
    /// the resource is deeper than its schema.
    #[must_use]
    pub fn matches(&self, resource: &Value) -> bool {
        evaluate::matches(self, resource)
    }

    /// Returns the text that a core attribute must equal for a resource to match, if the filter
    /// says so without alternatives; for looking a resource up by an index before matching it.
    ///
    /// The text is as the client wrote it: fold it if the attribute has no `caseExact`.
    #[must_use]
    pub fn required_equality(&self, attribute: &str) -> Option<&str> {
        match self {
            Self::And(all) => all.iter().find_map(|one| one.required_equality(attribute)),
            Self::Compare(Comparison {
                target: Target { path, condition: None },
                operator: Operator::Equal,
                operand: Operand::Text(text),
            }) if path.is_supported()
                && path.extension().is_none()
                && path.sub_attribute().is_none()
                && path.attribute().name == attribute =>
            {
                Some(text)
            }
            _ => None,
        }
    }
}

impl Operator {
    const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
    ];

    /// Returns the keyword.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(keyword))
    }

    fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    fn is_about_text(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }
}

#[cfg(test)]
mod tests;
