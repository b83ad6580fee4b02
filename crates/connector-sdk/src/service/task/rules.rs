//! The field rules of what a task hands to the connector.
//!
//! Start at [`Rules`]. A broken rule refuses the task before anything is done, in the words that every Baton connector
//! has for it. Rules stand in the order of the fields, and the first broken one is told. Two kinds are left out on
//! purpose: values of an enum that this build does not know are no reason to refuse, and what is inside of an `Any` has
//! no rules.
//!
//! Source: the rules in baton-messages.md; the texts are those of protoc-gen-validate.

mod connector;
mod request;

use crate::error::Error;

/// A message with rules.
pub(super) trait Rules {
    /// The name of the message in texts.
    const NAME: &'static str;

    /// Says which rule is broken first.
    fn check(&self) -> Result<(), Broken>;
}

/// The text of a broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(String);

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        Self::invalid_argument(broken.0)
    }
}

/// The rule `field` of the message `M` is broken.
fn broken<M: Rules>(field: &str, reason: &str) -> Broken {
    Broken(format!("invalid {}.{field}: {reason}", M::NAME))
}

/// The rules of a part, if it is there.
fn part<M: Rules, P: Rules>(field: &str, part: Option<&P>) -> Result<(), Broken> {
    let Some(part) = part else { return Ok(()) };
    part.check().map_err(|Broken(cause)| {
        broken::<M>(field, &format!("embedded message failed validation | caused by: {cause}"))
    })
}

/// The rules of a part, which must be there.
fn required<M: Rules, P: Rules>(field: &str, value: Option<&P>) -> Result<(), Broken> {
    if value.is_none() {
        return Err(broken::<M>(field, "value is required"));
    }
    part::<M, P>(field, value)
}

/// The rules of each part.
fn each<M: Rules, P: Rules>(field: &str, parts: &[P]) -> Result<(), Broken> {
    parts.iter().enumerate().try_for_each(|(index, one)| part::<M, P>(&format!("{field}[{index}]"), Some(one)))
}

/// The text has 1 to `max` bytes.
fn length<M: Rules>(field: &str, text: &str, max: usize) -> Result<(), Broken> {
    if (1..=max).contains(&text.len()) {
        return Ok(());
    }
    Err(broken::<M>(field, &format!("value length must be between 1 and {max} bytes, inclusive")))
}

/// The text is empty or has at most `max` bytes.
fn length_or_empty<M: Rules>(field: &str, text: &str, max: usize) -> Result<(), Broken> {
    if text.is_empty() { Ok(()) } else { length::<M>(field, text, max) }
}

#[cfg(test)]
mod tests;
