//! From a parsed tree to a checked one: every name is known, every operator gets what it can work with.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};
use regex::RegexBuilder;

use super::node::{Comparison, Node, Part, Place};
use super::parse::Places;
use super::schema::{Scalar, Type, VARIABLES};
use super::{ExpressionError, MOST_STEPS};

/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX_BYTES: usize = 1 << 18;

/// How deep groups of a regular expression stand in one another at most.
const MOST_NESTED: u32 = 32;
/// How deep the parts of a tree stand in one another at most.
const DEEPEST_TREE: u16 = 128;

type Checked = Result<(Node, Type), ExpressionError>;

/// The checked tree, and the type of its value.
pub(super) fn check(tree: &IdedExpr, places: &Places) -> Checked {
    Checker { places, parts: 0, depth: 0 }.expression(tree)
}

struct Checker<'a> {
    places: &'a Places,
    parts: u32,
    depth: u16,
}

impl Checker<'_> {
    fn expression(&mut self, tree: &IdedExpr) -> Checked {
        let at = self.places.of(tree.id);
        self.parts += 1;
        self.depth += 1;
        if self.parts > MOST_STEPS || self.depth > DEEPEST_TREE {
            return Err(at.error(format!("this has more than {MOST_STEPS} parts, or stands too deep")));
        }
        let (part, found) = match &tree.expr {
            Expr::Literal(literal) => literal_of(literal, at)?,
            Expr::Ident(name) => variable(name, at)?,
            Expr::Select(select) => self.select(select, at)?,
            Expr::List(list) if list.optional_indices.is_empty() => self.list(&list.elements, at)?,
            Expr::Call(call) => self.call(call, at)?,
            Expr::Comprehension(_) => return Err(at.error("loops (all, exists, map, filter) are not supported")),
            Expr::Map(_) | Expr::Struct(_) => return Err(at.error("maps and messages cannot be written here")),
            Expr::List(_) | Expr::Unspecified => return Err(at.error("this is not supported")),
        };
        self.depth -= 1;
        Ok((Node { at, part }, found))
    }

    /// A part whose value is of this type.
    fn wanted(&mut self, tree: &IdedExpr, wanted: Type) -> Result<Box<Node>, ExpressionError> {
        let (node, found) = self.expression(tree)?;
        if found.fits(wanted) {
            Ok(Box::new(node))
        } else {
            Err(node.at.error(format!("this is {found}, not {wanted}")))
        }
    }

    fn list(&mut self, items: &[IdedExpr], at: Place) -> Result<(Part, Type), ExpressionError> {
        let mut nodes = Vec::with_capacity(items.len());
        let mut of = Scalar::Any;
        for item in items {
            let (node, found) = self.expression(item)?;
            let Type::One(scalar) = found else { return Err(node.at.error("a list holds single values")) };
            if !scalar.fits(of) {
                return Err(node.at.error(format!("this is {found}; the items before it are not")));
            }
            if of == Scalar::Any {
                of = scalar;
            }
            nodes.push(node);
        }
        if nodes.len() > MOST_STEPS as usize {
            return Err(at.error("this list is too long"));
        }
        Ok((Part::List(nodes), Type::List(of)))
    }

    fn select(&mut self, select: &SelectExpr, at: Place) -> Result<(Part, Type), ExpressionError> {
        let (of, found) = self.expression(&select.operand)?;
        let declared = match found {
            Type::Object(object) => {
                let field = object.fields.iter().find(|(name, _)| *name == select.field);
                let Some((_, declared)) = field else {
                    let known: Vec<_> = object.fields.iter().map(|(name, _)| *name).collect();
                    let known = known.join(", ");
                    return Err(at.error(format!("`{}` has no field `{}`; it has {known}", object.name, select.field)));
                };
                *declared
            }
            Type::Map | Type::One(Scalar::Any) => Type::ANY,
            other => return Err(at.error(format!("{other} has no fields"))),
        };
        let of = Box::new(of);
        if select.test {
            return Ok((Part::Has(of, select.field.clone()), Type::BOOL));
        }
        Ok((Part::Field(of, select.field.clone(), declared), declared))
    }

    fn call(&mut self, call: &CallExpr, at: Place) -> Result<(Part, Type), ExpressionError> {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, None, [value]) => Ok((Part::Not(self.wanted(value, Type::BOOL)?), Type::BOOL)),
            (operators::LOGICAL_AND, None, [left, right]) => {
                Ok((Part::And(self.wanted(left, Type::BOOL)?, self.wanted(right, Type::BOOL)?), Type::BOOL))
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                Ok((Part::Or(self.wanted(left, Type::BOOL)?, self.wanted(right, Type::BOOL)?), Type::BOOL))
            }
            (operators::CONDITIONAL, None, [condition, yes, no]) => self.conditional(condition, yes, no),
            (operators::IN, None, [item, of]) => self.is_in(item, of),
            (operators::INDEX, None, [of, key]) => self.index(of, key),
            (operators::NEGATE, None, [value]) => {
                let (node, found) = self.expression(value)?;
                match found {
                    Type::One(Scalar::Int | Scalar::Double) => Ok((Part::Negate(Box::new(node)), found)),
                    _ => Err(at.error(format!("{found} cannot be negated"))),
                }
            }
            (name @ (operators::ADD | operators::SUBSTRACT), None, [left, right]) => self.sum(name, left, right, at),
            (name, None, [left, right]) if comparison(name).is_some() => self.comparison(name, left, right, at),
            ("size", None, [value]) | ("size", Some(value), []) => self.size(value),
            ("duration", None, [value]) => self.time(value, Type::DURATION),
            ("timestamp", None, [value]) => self.time(value, Type::INSTANT),
            ("lowerAscii", Some(of), []) => Ok((Part::LowerAscii(self.wanted(of, Type::TEXT)?), Type::TEXT)),
            ("startsWith", Some(of), [part]) => {
                Ok((Part::StartsWith(self.wanted(of, Type::TEXT)?, self.wanted(part, Type::TEXT)?), Type::BOOL))
            }
            ("endsWith", Some(of), [part]) => {
                Ok((Part::EndsWith(self.wanted(of, Type::TEXT)?, self.wanted(part, Type::TEXT)?), Type::BOOL))
            }
            ("contains", Some(of), [part]) => {
                Ok((Part::Contains(self.wanted(of, Type::TEXT)?, self.wanted(part, Type::TEXT)?), Type::BOOL))
            }
            ("matches", Some(of), [pattern]) | ("matches", None, [of, pattern]) => self.matches(of, pattern),
            (name, ..) => Err(at.error(unknown_function(name))),
        }
    }

    fn conditional(&mut self, test: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Result<(Part, Type), ExpressionError> {
        let test = self.wanted(test, Type::BOOL)?;
        let (yes, found) = self.expression(yes)?;
        let (no, other) = self.expression(no)?;
        if !other.fits(found) {
            return Err(no.at.error(format!("this is {other}; the other choice is {found}")));
        }
        let found = if found == Type::ANY || found == Type::List(Scalar::Any) { other } else { found };
        Ok((Part::If(test, Box::new(yes), Box::new(no)), found))
    }

    fn is_in(&mut self, item: &IdedExpr, of: &IdedExpr) -> Result<(Part, Type), ExpressionError> {
        let (item, found) = self.expression(item)?;
        let (of, holder) = self.expression(of)?;
        let fits = match holder {
            Type::List(scalar) => found.fits(Type::One(scalar)),
            Type::Map => found.fits(Type::TEXT),
            other => other == Type::ANY,
        };
        if !fits {
            return Err(of.at.error(format!("{found} cannot be in {holder}")));
        }
        Ok((Part::In(Box::new(item), Box::new(of)), Type::BOOL))
    }

    fn index(&mut self, of: &IdedExpr, key: &IdedExpr) -> Result<(Part, Type), ExpressionError> {
        let (of, found) = self.expression(of)?;
        let (wanted, value) = match found {
            Type::List(scalar) => (Type::INT, Type::One(scalar)),
            Type::Map => (Type::TEXT, Type::ANY),
            Type::One(Scalar::Any) => (Type::ANY, Type::ANY),
            other => return Err(of.at.error(format!("{other} has no items"))),
        };
        let key = self.wanted(key, wanted)?;
        Ok((Part::Index(Box::new(of), key), value))
    }

    /// Sums of instants and durations; of nothing else.
    fn sum(
        &mut self,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
        at: Place,
    ) -> Result<(Part, Type), ExpressionError> {
        let (left, of) = self.expression(left)?;
        let (right, by) = self.expression(right)?;
        let is_difference = name == operators::SUBSTRACT;
        let found = match (of, by) {
            (Type::DURATION, Type::DURATION) => Type::DURATION,
            (Type::INSTANT, Type::DURATION) => Type::INSTANT,
            (Type::DURATION, Type::INSTANT) if !is_difference => Type::INSTANT,
            (Type::INSTANT, Type::INSTANT) if is_difference => Type::DURATION,
            _ => return Err(at.error(format!("only instants and durations are added up, not {of} and {by}"))),
        };
        let (left, right) = (Box::new(left), Box::new(right));
        Ok((if is_difference { Part::Subtract(left, right) } else { Part::Add(left, right) }, found))
    }

    fn comparison(
        &mut self,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
        at: Place,
    ) -> Result<(Part, Type), ExpressionError> {
        let Some(comparison) = comparison(name) else { return Err(at.error(unknown_function(name))) };
        let (left, of) = self.expression(left)?;
        let (right, with) = self.expression(right)?;
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let is_ordered = |found| matches!(found, Type::One(_));
        if !of.fits(with) || matches!(of, Type::Object(_)) || !(is_equality || is_ordered(of) && is_ordered(with)) {
            return Err(at.error(format!("{of} cannot be compared so with {with}")));
        }
        Ok((Part::Compare(comparison, Box::new(left), Box::new(right)), Type::BOOL))
    }

    fn size(&mut self, value: &IdedExpr) -> Result<(Part, Type), ExpressionError> {
        let (node, found) = self.expression(value)?;
        if !matches!(found, Type::List(_) | Type::Map | Type::One(Scalar::Text | Scalar::Any)) {
            return Err(node.at.error(format!("{found} has no size")));
        }
        Ok((Part::Size(Box::new(node)), Type::INT))
    }

    /// A text as an instant or a duration; a literal is read now.
    fn time(&mut self, value: &IdedExpr, wanted: Type) -> Result<(Part, Type), ExpressionError> {
        let node = self.wanted(value, Type::TEXT)?;
        let part = match (&node.part, wanted == Type::DURATION) {
            (Part::Text(text), true) => Part::Duration(
                duration(text).ok_or_else(|| node.at.error(format!("`{text}` is no duration such as 30m or 1h30m")))?,
            ),
            (Part::Text(text), false) => Part::Instant(
                text.parse()
                    .map_err(|_| node.at.error(format!("`{text}` is no instant such as 2026-01-31T09:00:00Z")))?,
            ),
            (_, true) => Part::ToDuration(node),
            (_, false) => Part::ToInstant(node),
        };
        Ok((part, wanted))
    }

    fn matches(&mut self, of: &IdedExpr, pattern: &IdedExpr) -> Result<(Part, Type), ExpressionError> {
        let of = self.wanted(of, Type::TEXT)?;
        let pattern = self.wanted(pattern, Type::TEXT)?;
        let Part::Text(text) = pattern.part else {
            return Err(pattern.at.error("a regular expression is a literal text"));
        };
        let regex = RegexBuilder::new(&text).size_limit(LARGEST_REGEX_BYTES).nest_limit(MOST_NESTED).build();
        let regex = regex.map_err(|error| {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            pattern.at.error(format!("this is no regular expression: {last}"))
        })?;
        Ok((Part::Matches(of, regex), Type::BOOL))
    }
}

/// A duration as CEL writes it: `30m`, `1h30m`, `1.5h`, `-5s`.
pub(super) fn duration(text: &str) -> Option<jiff::SignedDuration> {
    let is_plain = text.chars().all(|letter| letter.is_ascii_digit() || "hmsun.-".contains(letter));
    if is_plain { text.parse().ok() } else { None }
}

fn literal_of(literal: &LiteralValue, at: Place) -> Result<(Part, Type), ExpressionError> {
    Ok(match literal {
        LiteralValue::Boolean(value) => (Part::Bool(*value.inner()), Type::BOOL),
        LiteralValue::Int(value) => (Part::Int(*value.inner()), Type::INT),
        LiteralValue::Double(value) => (Part::Double(*value.inner()), Type::One(Scalar::Double)),
        LiteralValue::String(value) => (Part::Text(value.inner().to_owned()), Type::TEXT),
        LiteralValue::Null => return Err(at.error("null is not supported; ask has(…) whether a field is there")),
        LiteralValue::UInt(_) | LiteralValue::Bytes(_) => return Err(at.error("this kind of literal is not supported")),
    })
}

fn variable(name: &str, at: Place) -> Result<(Part, Type), ExpressionError> {
    if let Some((name, found)) = VARIABLES.into_iter().find(|(known, _)| *known == name) {
        return Ok((Part::Variable(name, found), found));
    }
    let known: Vec<_> = VARIABLES.iter().map(|(name, _)| *name).collect();
    Err(at.error(format!("there is no variable `{name}`; there are {}", known.join(", "))))
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::EQUALS => Comparison::Equal,
        operators::NOT_EQUALS => Comparison::NotEqual,
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn unknown_function(name: &str) -> String {
    format!(
        "`{name}` is not supported here; functions are size, matches, startsWith, endsWith, contains, lowerAscii, \
         duration, timestamp, has"
    )
}
