//! From text to a checked [`Filter`], by recursive descent with counted depth.

use std::sync::Arc;

use super::scanner::{Fault, Literal, Scanner};
use super::{Comparison, Filter, FilterError, FilterProblem, MAX_LENGTH_BYTES, Operand, Operator, Target};
use crate::error::excerpt;
use crate::instant;
use crate::path::{AttributePath, PathError, Reference, Support, is_name, value_of_elements};
use crate::schema::{Attribute, Kind, ResourceType};
use crate::value::boolean_word;

/// What a PATCH path may be: a name, or a name with a value filter.
pub(crate) enum ConditionPath {
    Plain(Reference),
    Filtered(Target),
}

/// Parses a whole filter.
pub(super) fn parse(text: &str, resource_type: &ResourceType) -> Result<Filter, FilterError> {
    whole(text, resource_type, |parser| {
        let filter = parser.any(None)?;
        parser.scanner.skip_spaces();
        if parser.scanner.is_at_end() { Ok(filter) } else { Err(parser.scanner.expected("`and`, `or` or the end")) }
    })
}

/// Parses the path of a PATCH operation: `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`,
/// each with or without a URN, or a bare URN.
pub(crate) fn parse_condition_path(text: &str, resource_type: &ResourceType) -> Result<ConditionPath, FilterError> {
    whole(text.trim_matches(' '), resource_type, |parser| {
        let word = parser.scanner.word();
        let path = if parser.scanner.is_at_end() {
            ConditionPath::Plain(
                Reference::parse(word, resource_type).map_err(|error| Fault { offset: 0, problem: error.into() })?,
            )
        } else {
            ConditionPath::Filtered(parser.filtered(word, 0)?)
        };
        if parser.scanner.is_at_end() { Ok(path) } else { Err(parser.scanner.expected("the end of the path")) }
    })
}

fn whole<T>(
    text: &str,
    resource_type: &ResourceType,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<T, Fault>,
) -> Result<T, FilterError> {
    let mut parser = Parser { scanner: Scanner::new(text), resource_type };
    let parsed = if text.len() > MAX_LENGTH_BYTES {
        Err(Fault { offset: 0, problem: FilterProblem::TooLong })
    } else {
        parse(&mut parser)
    };
    parsed.map_err(|fault| FilterError {
        position: text.get(..fault.offset).unwrap_or(text).chars().count() + 1,
        problem: fault.problem,
    })
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    resource_type: &'a ResourceType,
}

/// The attribute whose parts the names stand for, inside of a value filter.
type Context<'c> = Option<&'c AttributePath>;

impl Parser<'_> {
    fn any(&mut self, context: Context<'_>) -> Result<Filter, Fault> {
        let mut filters = flattened_or(self.all(context)?);
        while self.scanner.take_keyword("or") {
            filters.extend(flattened_or(self.all(context)?));
        }
        Ok(one_or(filters, Filter::Or))
    }

    fn all(&mut self, context: Context<'_>) -> Result<Filter, Fault> {
        let mut filters = flattened_and(self.unary(context)?);
        while self.scanner.take_keyword("and") {
            filters.extend(flattened_and(self.unary(context)?));
        }
        Ok(one_or(filters, Filter::And))
    }

    fn unary(&mut self, context: Context<'_>) -> Result<Filter, Fault> {
        self.scanner.skip_spaces();
        if self.scanner.take_not() {
            self.scanner.open('(')?;
            return Ok(Filter::Not(Box::new(self.rest_of_group(context)?)));
        }
        if self.scanner.open('(')? {
            return self.rest_of_group(context);
        }
        self.term(context)
    }

    fn rest_of_group(&mut self, context: Context<'_>) -> Result<Filter, Fault> {
        let inner = self.any(context)?;
        self.scanner.skip_spaces();
        self.scanner.close(')', "`and`, `or` or `)`")?;
        Ok(inner)
    }

    fn term(&mut self, context: Context<'_>) -> Result<Filter, Fault> {
        let start = self.scanner.offset();
        let word = self.scanner.word();
        if word.is_empty() {
            return Err(self.scanner.expected("the name of an attribute"));
        }
        if self.scanner.is_before('[') {
            if context.is_some() {
                return Err(self.scanner.fault(FilterProblem::NestedElement));
            }
            let target = self.filtered(word, start)?;
            return match (target.path.sub_attribute(), target.condition) {
                (None, Some(condition)) => Ok(Filter::Element(target.path, condition)),
                (_, condition) => self.operation(Target { path: target.path, condition }),
            };
        }
        let path = match context {
            None => AttributePath::parse(word, self.resource_type),
            Some(parent) => self.part(parent, word),
        }
        .map_err(|error| Fault { offset: start, problem: error.into() })?;
        self.operation(Target { path, condition: None })
    }

    /// Parses `[filter]` and perhaps `.sub` behind a name that was just taken.
    fn filtered(&mut self, word: &str, start: usize) -> Result<Target, Fault> {
        let fault = |problem| Fault { offset: start, problem };
        let path = AttributePath::parse(word, self.resource_type).map_err(|error| fault(error.into()))?;
        if !(path.attribute.multi_valued || path.attribute.kind == Kind::Complex) || path.sub.is_some() {
            return Err(fault(FilterProblem::NoElements(path.to_string())));
        }
        if !self.scanner.open('[')? {
            return Err(self.scanner.expected("`[`"));
        }
        let condition = self.any(Some(&path))?;
        self.scanner.skip_spaces();
        self.scanner.close(']', "`and`, `or` or `]`")?;
        let start = self.scanner.offset();
        let path = if self.scanner.take('.') {
            let name = self.scanner.word();
            self.sub_attribute(&path, name).map_err(|error| Fault { offset: start + 1, problem: error.into() })?
        } else {
            path
        };
        Ok(Target { path, condition: Some(Box::new(condition)) })
    }

    /// Parses the operator and the value.
    fn operation(&mut self, target: Target) -> Result<Filter, Fault> {
        if !self.scanner.skip_spaces() {
            return Err(self.scanner.expected("a space and an operator"));
        }
        let start = self.scanner.offset();
        let word = self.scanner.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(target));
        }
        if word.is_empty() {
            return Err(self.scanner.expected("an operator"));
        }
        let operator = Operator::from_keyword(word)
            .ok_or_else(|| Fault { offset: start, problem: FilterProblem::UnknownOperator(excerpt(word)) })?;
        if !self.scanner.skip_spaces() {
            return Err(self.scanner.expected("a space and a value"));
        }
        let target = through_value(target);
        let value_start = self.scanner.offset();
        let literal = self.scanner.literal()?;
        if !is_comparable(target.path.leaf(), operator) {
            return Err(Fault {
                offset: start,
                problem: FilterProblem::NotComparable { attribute: target.to_string(), operator: operator.as_str() },
            });
        }
        let operand = operand(target.path.leaf(), operator, literal).map_err(|expected| Fault {
            offset: value_start,
            problem: FilterProblem::WrongType { attribute: target.to_string(), expected },
        })?;
        Ok(Filter::Compare(Comparison { target, operator, operand }))
    }

    /// Resolves a name inside of a value filter.
    fn part(&self, parent: &AttributePath, name: &str) -> Result<AttributePath, PathError> {
        if parent.attribute.kind != Kind::Complex && name.eq_ignore_ascii_case("value") {
            let mut value = (*parent.attribute).clone();
            "value".clone_into(&mut value.name);
            value.multi_valued = false;
            return Ok(AttributePath {
                extension: None,
                attribute: Arc::new(value),
                sub: None,
                support: parent.support,
            });
        }
        let resolved = self.sub_attribute(parent, name)?;
        Ok(AttributePath {
            extension: None,
            attribute: resolved.sub.unwrap_or(resolved.attribute),
            sub: None,
            support: resolved.support,
        })
    }

    /// Resolves the name of a part, which may be one that is only recognised.
    fn sub_attribute(&self, parent: &AttributePath, name: &str) -> Result<AttributePath, PathError> {
        if !is_name(name) {
            return Err(PathError::Malformed { path: excerpt(name) });
        }
        if let Some(sub) = parent.attribute.sub_attribute(name) {
            return Ok(parent.with_sub(sub));
        }
        let urn = parent.extension.as_ref().unwrap_or(&self.resource_type.schema.urn);
        self.resource_type
            .unsupported
            .iter()
            .filter(|schema| schema.urn.eq_ignore_ascii_case(urn))
            .find_map(|schema| schema.attribute(&parent.attribute.name)?.sub_attribute(name))
            .map(|sub| AttributePath { support: Support::Unsupported, ..parent.with_sub(sub) })
            .ok_or_else(|| PathError::UnknownAttribute { path: format!("{parent}.{}", excerpt(name)) })
    }
}

/// `emails` alone is compared through `emails.value` (RFC 7643 §2.4).
fn through_value(target: Target) -> Target {
    let value = match target.path.sub {
        None => value_of_elements(&target.path.attribute).cloned(),
        Some(_) => None,
    };
    match value {
        None => target,
        Some(value) => Target { path: target.path.with_sub(&value), ..target },
    }
}

/// Source: RFC 7644 §3.4.2.2, table 3.
fn is_comparable(attribute: &Attribute, operator: Operator) -> bool {
    match attribute.kind {
        Kind::String | Kind::Reference => true,
        Kind::Boolean | Kind::Binary => operator.is_equality(),
        Kind::DateTime | Kind::Integer | Kind::Decimal => !operator.is_about_text(),
        Kind::Complex => false,
    }
}

/// Brings a literal to the type of the attribute, or says what that type wants.
fn operand(attribute: &Attribute, operator: Operator, literal: Literal) -> Result<Operand, &'static str> {
    match (attribute.kind, literal) {
        (_, Literal::Null) if operator.is_equality() => Ok(Operand::Null),
        (_, Literal::Null) => Err("`null` only by `eq` and `ne`"),
        (Kind::Boolean, Literal::Boolean(value)) => Ok(Operand::Boolean(value)),
        (Kind::Boolean, Literal::Text(text)) => boolean_word(&text).map(Operand::Boolean).ok_or("true or false"),
        (Kind::Boolean, _) => Err("true or false"),
        (Kind::DateTime, Literal::Text(text)) => match instant::parse(&text) {
            Some(instant) => Ok(Operand::Instant(instant, text)),
            None => Err("a date and time such as \"2026-01-05T09:00:00Z\""),
        },
        (Kind::DateTime, _) => Err("a date and time in double quotes"),
        (Kind::Integer | Kind::Decimal, Literal::Number(number)) => Ok(Operand::Number(number)),
        (Kind::Integer | Kind::Decimal, _) => Err("a number"),
        (_, Literal::Text(text)) => Ok(Operand::Text(text)),
        (_, Literal::Number(number)) if attribute.accepts_numbers => Ok(Operand::Text(number.to_string())),
        _ => Err("text in double quotes"),
    }
}

fn flattened_or(filter: Filter) -> Vec<Filter> {
    match filter {
        Filter::Or(any) => any,
        other => vec![other],
    }
}

fn flattened_and(filter: Filter) -> Vec<Filter> {
    match filter {
        Filter::And(all) => all,
        other => vec![other],
    }
}

fn one_or(mut filters: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.pop(), filters.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            filters.extend(last);
            many(filters)
        }
    }
}
