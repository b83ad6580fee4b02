//! Works a checked expression out, counting steps.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::node::{Comparison, Node, Part, Place};
use super::schema::Type;
use super::value::Value;
use super::{ExpressionError, MOST_STEPS, check};

type Found<'a> = Result<Value<'a>, ExpressionError>;

/// The value of an expression, given these facts.
pub(super) fn run<'a>(root: &'a Node, facts: &'a Json) -> Found<'a> {
    Run { facts, steps: 0 }.value(root)
}

struct Run<'a> {
    facts: &'a Json,
    steps: u32,
}

impl<'a> Run<'a> {
    /// Counts the step, and those that handling so many letters or items takes.
    fn step(&mut self, at: Place, size: usize) -> Result<(), ExpressionError> {
        let more = u32::try_from(size / 64).unwrap_or(MOST_STEPS);
        self.steps = self.steps.saturating_add(1).saturating_add(more);
        if self.steps > MOST_STEPS {
            return Err(at.error(format!("working this out takes more than {MOST_STEPS} steps")));
        }
        Ok(())
    }

    fn value(&mut self, node: &'a Node) -> Found<'a> {
        self.step(node.at, 0)?;
        Ok(match &node.part {
            Part::Bool(value) => Value::Bool(*value),
            Part::Int(value) => Value::Int(*value),
            Part::Double(value) => Value::Double(*value),
            Part::Text(text) => Value::Text(Cow::Borrowed(text)),
            Part::Instant(value) => Value::Instant(*value),
            Part::Duration(value) => Value::Duration(*value),
            Part::List(items) => Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?),
            Part::Variable(name, declared) => {
                let fact = self.facts.get(name).and_then(|fact| Value::of(fact, *declared));
                fact.ok_or_else(|| node.at.error(format!("there is no `{name}` here")))?
            }
            Part::Field(of, name, declared) => self.field(of, name, *declared, node.at)?,
            Part::Has(of, name) => Value::Bool(match self.value(of)? {
                Value::Map(fields) => fields.get(name).is_some_and(|field| !field.is_null()),
                _ => false,
            }),
            Part::Index(of, key) => self.index(of, key, node.at)?,
            Part::Not(value) => Value::Bool(!self.bool(value)?),
            Part::And(left, right) => self.short(left, right, false)?,
            Part::Or(left, right) => self.short(left, right, true)?,
            Part::If(test, yes, no) => {
                let chosen = if self.bool(test)? { yes } else { no };
                self.value(chosen)?
            }
            Part::Compare(comparison, left, right) => self.compare(*comparison, left, right, node.at)?,
            Part::In(item, of) => self.is_in(item, of, node.at)?,
            Part::Negate(value) => match self.value(value)? {
                Value::Int(value) => {
                    Value::Int(value.checked_neg().ok_or_else(|| node.at.error("this number is too large"))?)
                }
                Value::Double(value) => Value::Double(-value),
                other => return Err(node.at.error(format!("{} cannot be negated", other.words()))),
            },
            Part::Add(left, right) => self.sum(left, right, node.at)?,
            Part::Subtract(left, right) => self.difference(left, right, node.at)?,
            Part::Size(value) => self.size(value, node.at)?,
            Part::StartsWith(of, part) => Value::Bool(self.text(of)?.starts_with(&*self.text(part)?)),
            Part::EndsWith(of, part) => Value::Bool(self.text(of)?.ends_with(&*self.text(part)?)),
            Part::Contains(of, part) => Value::Bool(self.text(of)?.contains(&*self.text(part)?)),
            Part::LowerAscii(of) => Value::Text(Cow::Owned(self.text(of)?.to_ascii_lowercase())),
            Part::Matches(of, regex) => Value::Bool(regex.is_match(&self.text(of)?)),
            Part::ToInstant(of) => {
                let text = self.text(of)?;
                Value::Instant(text.parse().map_err(|_| node.at.error("this text is no instant"))?)
            }
            Part::ToDuration(of) => {
                let text = self.text(of)?;
                Value::Duration(check::duration(&text).ok_or_else(|| node.at.error("this text is no duration"))?)
            }
        })
    }

    fn bool(&mut self, node: &'a Node) -> Result<bool, ExpressionError> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            other => Err(node.at.error(format!("this is {}, neither true nor false", other.words()))),
        }
    }

    fn text(&mut self, node: &'a Node) -> Result<Cow<'a, str>, ExpressionError> {
        match self.value(node)? {
            Value::Text(text) => {
                self.step(node.at, text.len())?;
                Ok(text)
            }
            other => Err(node.at.error(format!("this is {}, not text", other.words()))),
        }
    }

    fn field(&mut self, of: &'a Node, name: &str, declared: Type, at: Place) -> Found<'a> {
        let Value::Map(fields) = self.value(of)? else { return Err(at.error("this has no fields")) };
        let found = fields.get(name).and_then(|fact| Value::of(fact, declared));
        found.ok_or_else(|| at.error(format!("`{name}` is not known here; ask has(…) first")))
    }

    fn index(&mut self, of: &'a Node, key: &'a Node, at: Place) -> Found<'a> {
        match (self.value(of)?, self.value(key)?) {
            (Value::List(items), Value::Int(number)) => {
                let found = usize::try_from(number).ok().and_then(|number| items.into_iter().nth(number));
                found.ok_or_else(|| at.error(format!("the list has no item {number}")))
            }
            (Value::Map(fields), Value::Text(name)) => {
                let found = fields.get(&*name).and_then(|fact| Value::of(fact, Type::ANY));
                found.ok_or_else(|| at.error(format!("`{name}` is not known here; ask has(…) first")))
            }
            (of, key) => Err(at.error(format!("{} has no items by {}", of.words(), key.words()))),
        }
    }

    /// `&&` and `||`: the side that decides alone does, even when the other side fails.
    fn short(&mut self, left: &'a Node, right: &'a Node, deciding: bool) -> Found<'a> {
        let first = self.bool(left);
        if first == Ok(deciding) {
            return Ok(Value::Bool(deciding));
        }
        let second = self.bool(right)?;
        if second == deciding {
            return Ok(Value::Bool(deciding));
        }
        first.map(Value::Bool)
    }

    fn compare(&mut self, comparison: Comparison, left: &'a Node, right: &'a Node, at: Place) -> Found<'a> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.step(at, left.size().max(right.size()))?;
        let order = || {
            left.order(&right)
                .ok_or_else(|| at.error(format!("{} cannot be compared so with {}", left.words(), right.words())))
        };
        Ok(Value::Bool(match comparison {
            Comparison::Equal => left.equals(&right),
            Comparison::NotEqual => !left.equals(&right),
            Comparison::Less => order()?.is_lt(),
            Comparison::LessOrEqual => order()?.is_le(),
            Comparison::Greater => order()?.is_gt(),
            Comparison::GreaterOrEqual => order()?.is_ge(),
        }))
    }

    fn is_in(&mut self, item: &'a Node, of: &'a Node, at: Place) -> Found<'a> {
        let (item, of) = (self.value(item)?, self.value(of)?);
        match of {
            Value::List(items) => {
                let size = items.iter().map(|other| other.size().min(item.size()) + 1).sum();
                self.step(at, size)?;
                Ok(Value::Bool(items.iter().any(|other| other.equals(&item))))
            }
            Value::Map(fields) => match item {
                Value::Text(name) => Ok(Value::Bool(fields.contains_key(&*name))),
                other => Err(at.error(format!("{} is no name of a field", other.words()))),
            },
            other => Err(at.error(format!("nothing is in {}", other.words()))),
        }
    }

    fn sum(&mut self, left: &'a Node, right: &'a Node, at: Place) -> Found<'a> {
        let found = match (self.value(left)?, self.value(right)?) {
            (Value::Duration(left), Value::Duration(right)) => left.checked_add(right).map(Value::Duration),
            (Value::Instant(from), Value::Duration(by)) | (Value::Duration(by), Value::Instant(from)) => {
                from.checked_add(by).ok().map(Value::Instant)
            }
            _ => None,
        };
        found.ok_or_else(|| at.error("this is beyond all time"))
    }

    fn difference(&mut self, left: &'a Node, right: &'a Node, at: Place) -> Found<'a> {
        let found = match (self.value(left)?, self.value(right)?) {
            (Value::Duration(left), Value::Duration(right)) => left.checked_sub(right).map(Value::Duration),
            (Value::Instant(from), Value::Duration(by)) => from.checked_sub(by).ok().map(Value::Instant),
            (Value::Instant(left), Value::Instant(right)) => Some(Value::Duration(left.duration_since(right))),
            _ => None,
        };
        found.ok_or_else(|| at.error("this is beyond all time"))
    }

    fn size(&mut self, node: &'a Node, at: Place) -> Found<'a> {
        let size = match self.value(node)? {
            Value::Text(text) => {
                self.step(at, text.len())?;
                text.chars().count()
            }
            Value::List(items) => items.len(),
            Value::Map(fields) => fields.len(),
            other => return Err(at.error(format!("{} has no size", other.words()))),
        };
        Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
    }
}
