//! A checked expression as a tree.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::ExpressionError;
use super::schema::Type;

/// A place in a source, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Place {
    /// What is wrong here. Long messages, which may repeat what the source says, are cut.
    pub(super) fn error(self, message: impl Into<Cow<'static, str>>) -> ExpressionError {
        let message: String = message.into().chars().take(300).collect();
        ExpressionError { line: self.line, column: self.column, message }
    }
}

/// A part of an expression, with the parts in it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) part: Part,
}

/// What a part does.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Instant(Timestamp),
    Duration(SignedDuration),
    List(Vec<Node>),
    /// One of the variables, with its type.
    Variable(&'static str, Type),
    /// A field of a variable or of a map, with its type.
    Field(Box<Node>, String, Type),
    /// Whether there is such a field.
    Has(Box<Node>, String),
    /// An item of a list, or a field of a map.
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    /// Whether a list or a map holds it.
    In(Box<Node>, Box<Node>),
    Negate(Box<Node>),
    Add(Box<Node>, Box<Node>),
    Subtract(Box<Node>, Box<Node>),
    Size(Box<Node>),
    StartsWith(Box<Node>, Box<Node>),
    EndsWith(Box<Node>, Box<Node>),
    Contains(Box<Node>, Box<Node>),
    LowerAscii(Box<Node>),
    Matches(Box<Node>, Regex),
    ToInstant(Box<Node>),
    ToDuration(Box<Node>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
