//! Whether a policy can be followed, as far as that can be told without knowing people and other policies.

use super::sla::{LONGEST, LONGEST_COMMENT, SHORTEST};
use super::{Action, MOST_ASSIGNEES, MOST_RULES, MOST_STEPS, Overdue, Policy, Sla, Step, Who};
use crate::expression::{self, Wanted};

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The path of the field.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

fn invalid<T>(field: impl Into<String>, message: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid { field: field.into(), message: message.into() })
}

impl Policy {
    /// Checks what can be told without knowing people and other policies: its size, and that somebody can agree.
    ///
    /// # Errors
    /// [`Invalid`] naming the first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.rules.len() > MOST_RULES {
            return invalid("rules", format!("a policy has at most {MOST_RULES} rules"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(source) = &rule.condition else { continue };
            condition(&format!("rules[{index}].condition"), source)?;
        }
        for (path, action) in self.actions() {
            let Action::Steps { steps } = action else { continue };
            if steps.is_empty() || steps.len() > MOST_STEPS {
                return invalid(format!("{path}.steps"), format!("an action has 1 to {MOST_STEPS} steps"));
            }
            for (index, step) in steps.iter().enumerate() {
                step.check(&format!("{path}.steps[{index}]"))?;
            }
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, path: &str) -> Result<(), Invalid> {
        self.who.check(&format!("{path}.who"))?;
        if let Some(fallback) = &self.fallback {
            fallback.check(&format!("{path}.fallback"))?;
        }
        if let Some(sla) = &self.sla {
            sla.check(&format!("{path}.sla"))?;
        }
        Ok(())
    }
}

impl Who {
    fn check(&self, field: &str) -> Result<(), Invalid> {
        match self {
            Self::People { people } if people.is_empty() => invalid(field, "nobody is named, so nobody could agree"),
            Self::People { people } if people.len() > MOST_ASSIGNEES => {
                invalid(field, format!("a step asks at most {MOST_ASSIGNEES} people"))
            }
            Self::Manager { level: 0 | 10.. } => invalid(field, "a manager's level is 1 to 9"),
            Self::Expression { expression } => match expression::check(expression, Wanted::People) {
                Ok(()) => Ok(()),
                Err(error) => invalid(format!("{field}.expression"), error.to_string()),
            },
            _ => Ok(()),
        }
    }
}

impl Sla {
    fn check(&self, path: &str) -> Result<(), Invalid> {
        if self.after < SHORTEST || self.after > LONGEST {
            return invalid(format!("{path}.after"), "a step may take 5 minutes to 30 days");
        }
        if self.comment.chars().count() > LONGEST_COMMENT {
            return invalid(format!("{path}.comment"), format!("a comment has at most {LONGEST_COMMENT} letters"));
        }
        match &self.then {
            Overdue::EscalateTo { people } if people.len() > MOST_ASSIGNEES => {
                invalid(format!("{path}.then.people"), format!("a step asks at most {MOST_ASSIGNEES} people"))
            }
            _ => Ok(()),
        }
    }
}

fn condition(field: &str, source: &str) -> Result<(), Invalid> {
    if source.trim().is_empty() {
        return invalid(field, "leave the condition out, or write one");
    }
    expression::check(source, Wanted::Condition)
        .map_err(|error| Invalid { field: field.to_owned(), message: error.to_string() })
}
