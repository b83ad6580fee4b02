//! The element that a value filter describes, for when none matches it yet.

use serde_json::{Map, Value};

use crate::filter::{Comparison, Filter, Operand, Operator, Target};
use crate::schema::{Attribute, Kind};

/// Returns the element that satisfies a filter of `eq` comparisons joined by `and`; none for any
/// other filter. Entra ID relies on `emails[type eq "work"].value` making such an element.
pub(super) fn template(condition: &Filter, attribute: &Attribute) -> Option<Value> {
    if attribute.kind != Kind::Complex {
        return None;
    }
    let mut parts = Map::new();
    collect(condition, &mut parts)?;
    Some(Value::Object(parts))
}

fn collect(condition: &Filter, parts: &mut Map<String, Value>) -> Option<()> {
    match condition {
        Filter::And(all) => all.iter().try_for_each(|one| collect(one, parts)),
        Filter::Compare(Comparison {
            target: Target { path, condition: None },
            operator: Operator::Equal,
            operand,
        }) if path.is_supported() => {
            let value = match operand {
                Operand::Null => return Some(()),
                Operand::Boolean(value) => Value::Bool(*value),
                Operand::Number(value) => Value::Number(value.clone()),
                Operand::Text(value) | Operand::Instant(_, value) => Value::String(value.clone()),
            };
            let previous = parts.insert(path.attribute().name.clone(), value.clone());
            previous.is_none_or(|previous| previous == value).then_some(())
        }
        _ => None,
    }
}
