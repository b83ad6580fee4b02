//! A filter as text: with the spelling of the schema, and no more parentheses than it needs.

use std::fmt;

use serde_json::Value;

use super::{Comparison, Filter, Operand, Target};
use crate::path::AttributePath;

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) => joined(formatter, all, " and "),
            Self::Or(any) => joined(formatter, any, " or "),
            Self::Not(inner) => write!(formatter, "not ({inner})"),
            Self::Present(target) => write!(formatter, "{target} pr"),
            Self::Compare(comparison) => comparison.fmt(formatter),
            Self::Element(path, condition) => write!(formatter, "{path}[{condition}]"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(condition) = &self.condition else {
            return self.path.fmt(formatter);
        };
        let whole = AttributePath { sub: None, ..self.path.clone() };
        write!(formatter, "{whole}[{condition}]")?;
        match self.path.sub_attribute() {
            Some(sub) => write!(formatter, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.target, self.operator.as_str(), self.operand)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Boolean(value) => value.fmt(formatter),
            Self::Number(value) => value.fmt(formatter),
            Self::Text(value) | Self::Instant(_, value) => {
                // A JSON string, with its escapes.
                Value::String(value.clone()).fmt(formatter)
            }
        }
    }
}

fn joined(formatter: &mut fmt::Formatter<'_>, filters: &[Filter], word: &str) -> fmt::Result {
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            formatter.write_str(word)?;
        }
        if matches!(filter, Filter::Or(_)) {
            write!(formatter, "({filter})")?;
        } else {
            write!(formatter, "{filter}")?;
        }
    }
    Ok(())
}
