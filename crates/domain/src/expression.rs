//! Expressions in the conditions and steps of policies: a subset of CEL.
//!
//! Start at [`Expression`]: it is parsed and type-checked once, and worked out any number of times. The crate `cel`
//! parses; checking and working out are ours, because that crate has no type check against declared variables, no limit
//! of cost, and counts time with `chrono`.
//!
//! Work is bounded: a source has at most [`LONGEST_BYTES`], brackets stand at most [`DEEPEST`] deep, and its
//! tree has at most [`MOST_STEPS`] parts; there are no loops; regular expressions are literals of bounded size that match in linear time; and each part
//! that is worked out, and each 64 letters or list items that it handles, counts as one of [`MOST_STEPS`] steps. No
//! expression reads anything but the facts that it is given.
//!
//! Source: governance §3.3 R-P-1.

mod check;
mod node;
mod parse;
mod run;
mod schema;
mod value;

use serde_json::Value as Json;

use node::Node;
use schema::Type;
use value::Value;

/// The longest source, in bytes.
pub const LONGEST_BYTES: usize = 4_096;
/// How deep choices (`? :`) and brackets may stand in one another.
pub const DEEPEST: u16 = 12;
/// The stack of the parser, in bytes; only what is used of it takes memory.
const PARSER_STACK_BYTES: usize = 16 << 20;
/// How many steps working an expression out takes at most.
pub const MOST_STEPS: u32 = 1_000;

/// What the value of an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Whether a rule matches: true or false.
    Condition,
    /// Who is asked: a list of ids or mail addresses of people.
    People,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ExpressionError {
    /// The line, from 1.
    pub line: u32,
    /// The column in letters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

/// An expression that is known to be one.
#[derive(Debug, Clone)]
pub struct Expression {
    root: Node,
}

impl Expression {
    /// The expression with this source, whose value is for this.
    ///
    /// # Errors
    /// When it is none, names what there is not, compares what cannot be compared, has another type of value, or is
    /// larger than allowed.
    pub fn new(source: &str, wanted: Wanted) -> Result<Self, ExpressionError> {
        let (root, found) = on_large_stack(|| {
            let (tree, places) = parse::parse(source)?;
            check::check(&tree, &places)
        })?;
        let fits = match wanted {
            Wanted::Condition => found.fits(Type::BOOL),
            Wanted::People => found.fits(Type::TEXTS),
        };
        if fits {
            return Ok(Self { root });
        }
        let wanted = match wanted {
            Wanted::Condition => "a condition is true or false",
            Wanted::People => "people are a list of ids or mail addresses",
        };
        Err(root.at.error(format!("this is {found}; {wanted}")))
    }

    /// Whether it is true of these facts: an object with a member per variable, `now` as RFC 3339 text.
    ///
    /// # Errors
    /// When it uses a fact that there is not, or takes too many steps.
    pub fn is_true(&self, facts: &Json) -> Result<bool, ExpressionError> {
        match run::run(&self.root, facts)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.root.at.error(format!("this is {}, neither true nor false", other.words()))),
        }
    }

    /// Whom it names, given these facts: ids or mail addresses.
    ///
    /// # Errors
    /// When it uses a fact that there is not, or takes too many steps.
    pub fn people(&self, facts: &Json) -> Result<Vec<String>, ExpressionError> {
        let odd = |other: &Value<'_>| self.root.at.error(format!("this is {}, not people", other.words()));
        match run::run(&self.root, facts)? {
            Value::List(items) => {
                let text = |item| match item {
                    Value::Text(text) => Ok(text.into_owned()),
                    other => Err(odd(&other)),
                };
                items.into_iter().map(text).collect()
            }
            other => Err(odd(&other)),
        }
    }
}

/// Does this on a stack that the parser's recursion, which is bounded, fits on in builds of every kind.
fn on_large_stack<T: Send>(run: impl FnOnce() -> Result<T, ExpressionError> + Send) -> Result<T, ExpressionError> {
    let failed = || ExpressionError { line: 1, column: 1, message: "this could not be read; try again".to_owned() };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES).spawn_scoped(scope, run);
        thread.map_err(|_| failed())?.join().map_err(|_| failed())?
    })
}

/// Whether this is an expression whose value is for this.
///
/// # Errors
/// As [`Expression::new`].
pub fn check(source: &str, wanted: Wanted) -> Result<(), ExpressionError> {
    Expression::new(source, wanted).map(|_| ())
}

/// The variables and their fields, each with the words for its type, as the documentation and the console show them.
#[must_use]
pub fn variables() -> Vec<(String, String)> {
    schema::listed()
}

#[cfg(test)]
mod tests;
