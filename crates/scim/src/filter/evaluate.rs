//! Whether a resource matches a filter.
//!
//! A comparison with something absent is false, except `ne` with a value, which is true: the RFC
//! leaves this open, and a person who asks for "not in Berlin" means those without a city too.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::{Comparison, Filter, Operand, Operator, Target};
use crate::path::{AttributePath, elements, is_present};
use crate::{fold, instant};

/// Says whether a resource, or an element inside of a value filter, matches.
pub(super) fn matches(filter: &Filter, context: &Value) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| matches(filter, context)),
        Filter::Or(any) => any.iter().any(|filter| matches(filter, context)),
        Filter::Not(inner) => !matches(inner, context),
        Filter::Present(target) => any_value(target, context, is_non_empty) == Found::Accepted,
        Filter::Compare(comparison) => compares(comparison, context),
        Filter::Element(path, condition) => {
            elements(attribute_value(path, context)).any(|element| matches(condition, element))
        }
    }
}

fn compares(comparison: &Comparison, context: &Value) -> bool {
    let Comparison { target, operator, operand } = comparison;
    if *operand == Operand::Null {
        let is_there = any_value(target, context, is_non_empty) == Found::Accepted;
        return is_there == (*operator == Operator::NotEqual);
    }
    let case = if target.path.leaf().case_exact { Case::Exact } else { Case::Folded };
    match any_value(target, context, |value| holds(value, *operator, operand, case)) {
        Found::Accepted => true,
        Found::Refused => false,
        Found::Nothing => *operator == Operator::NotEqual,
    }
}

#[derive(PartialEq, Eq)]
enum Found {
    /// No value is assigned.
    Nothing,
    /// There are values, and none was accepted.
    Refused,
    /// One was.
    Accepted,
}

fn any_value(target: &Target, context: &Value, accepts: impl Fn(&Value) -> bool) -> Found {
    let mut found = Found::Nothing;
    for element in elements(attribute_value(&target.path, context)) {
        if let Some(condition) = &target.condition
            && !matches(condition, element)
        {
            continue;
        }
        let value = match target.path.sub_attribute() {
            None => Some(element),
            Some(sub) => element.get(&sub.name),
        };
        if let Some(value) = value.filter(|value| is_present(value)) {
            if accepts(value) {
                return Found::Accepted;
            }
            found = Found::Refused;
        }
    }
    found
}

/// Says whether `pr` sees something: empty text is assigned, but not present.
///
/// Source: RFC 7644 §3.4.2.2, table 3 ("a non-empty or non-null value").
fn is_non_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_non_empty),
        Value::Object(members) => members.values().any(is_non_empty),
        other => !other.is_null(),
    }
}

/// As [`AttributePath::attribute_value`]; an element that is no object is its own `value`.
fn attribute_value<'c>(path: &AttributePath, context: &'c Value) -> Option<&'c Value> {
    if context.is_object() {
        path.attribute_value(context)
    } else {
        (path.is_supported() && path.attribute().name == "value").then_some(context)
    }
}

#[derive(Clone, Copy)]
enum Case {
    Exact,
    Folded,
}

fn holds(value: &Value, operator: Operator, operand: &Operand, case: Case) -> bool {
    let ordering = match (value, operand) {
        (Value::String(text), Operand::Text(wanted)) => {
            return text_holds(text, operator, wanted, case);
        }
        (Value::Bool(value), Operand::Boolean(wanted)) => Some(value.cmp(wanted)),
        (Value::Number(value), Operand::Number(wanted)) => compare_numbers(value, wanted),
        (Value::String(text), Operand::Instant(wanted, _)) => {
            instant::parse(text).map(|instant: Timestamp| instant.cmp(wanted))
        }
        _ => None,
    };
    ordering.map_or(operator == Operator::NotEqual, |ordering| is_ordered(operator, ordering))
}

fn text_holds(text: &str, operator: Operator, wanted: &str, case: Case) -> bool {
    match (operator, case) {
        (Operator::Contains, Case::Exact) => text.contains(wanted),
        (Operator::Contains, Case::Folded) => fold::contains(text, wanted),
        (Operator::StartsWith, Case::Exact) => text.starts_with(wanted),
        (Operator::StartsWith, Case::Folded) => fold::starts_with(text, wanted),
        (Operator::EndsWith, Case::Exact) => text.ends_with(wanted),
        (Operator::EndsWith, Case::Folded) => fold::ends_with(text, wanted),
        (_, Case::Exact) => is_ordered(operator, text.cmp(wanted)),
        (_, Case::Folded) => is_ordered(operator, fold::compare(text, wanted)),
    }
}

fn is_ordered(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

/// Compares whole numbers exactly, and others as `f64`.
pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
