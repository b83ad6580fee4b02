//! Forms: what whoever asks for access has to answer.
//!
//! Start at [`check`], which says whether fields make a form, and [`answers`], which reads what was answered.
//!
//! Source: governance R-Q-5.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many fields a form has at most.
pub const MOST_FIELDS: usize = 32;
const MOST_OPTIONS: usize = 64;
const LONGEST_KEY: usize = 40;
const LONGEST_LABEL: usize = 200;
const LONGEST_HELP: usize = 1_000;
const LONGEST_TEXT: usize = 2_000;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// What expressions call it: `request.form.key`.
    pub key: String,
    /// What people read.
    pub label: String,
    /// What helps them to answer.
    #[serde(default)]
    pub help: String,
    /// Whether there has to be an answer.
    #[serde(default)]
    pub required: bool,
    /// What an answer is.
    pub answer: Answer,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Answer {
    /// Words.
    Text {
        /// How many letters there may be; 2,000 when nothing is said.
        #[serde(default)]
        max_length: Option<usize>,
    },
    /// One of these.
    Choice {
        /// What can be chosen.
        options: Vec<String>,
    },
    /// A number.
    Number {
        /// Not below this.
        #[serde(default)]
        min: Option<f64>,
        /// Not above this.
        #[serde(default)]
        max: Option<f64>,
    },
    /// A day: `2026-11-23`.
    Date {
        /// Not before this day.
        #[serde(default)]
        not_before: Option<Date>,
        /// Not after this day.
        #[serde(default)]
        not_after: Option<Date>,
    },
    /// Yes or no.
    Checkbox {
        /// Whether only yes will do.
        #[serde(default)]
        must_be_ticked: bool,
    },
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The field of the document.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

fn invalid(field: impl Into<String>, message: impl Into<String>) -> Invalid {
    Invalid { field: field.into(), message: message.into() }
}

/// Checks whether these fields make a form.
///
/// # Errors
/// Naming the first that is wrong.
pub fn check(fields: &[Field]) -> Result<(), Invalid> {
    if fields.is_empty() || fields.len() > MOST_FIELDS {
        return Err(invalid("fields", format!("a form has 1 to {MOST_FIELDS} fields")));
    }
    let mut keys = BTreeSet::new();
    for (field, number) in fields.iter().zip(0..) {
        let at = |name: &str| format!("fields[{number}].{name}");
        let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let begins = field.key.starts_with(|letter: char| letter.is_ascii_lowercase());
        if !begins || field.key.len() > LONGEST_KEY || !field.key.chars().all(is_letter) {
            let words = format!("a key is up to {LONGEST_KEY} of a–z, 0–9 and `_`, and begins with a letter");
            return Err(invalid(at("key"), words));
        }
        if !keys.insert(&field.key) {
            return Err(invalid(at("key"), format!("`{}` stands here twice", field.key)));
        }
        if field.label.trim().is_empty() || field.label.chars().count() > LONGEST_LABEL {
            return Err(invalid(at("label"), format!("a label has 1 to {LONGEST_LABEL} letters")));
        }
        if field.help.chars().count() > LONGEST_HELP {
            return Err(invalid(at("help"), format!("help has at most {LONGEST_HELP} letters")));
        }
        check_answer(&field.answer).map_err(|message| invalid(at("answer"), message))?;
    }
    Ok(())
}

fn check_answer(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Text { max_length: Some(most) } if *most == 0 || *most > LONGEST_TEXT => {
            Err(format!("a text has at most 1 to {LONGEST_TEXT} letters"))
        }
        Answer::Choice { options } => {
            let different: BTreeSet<&String> = options.iter().collect();
            let is_odd = |option: &String| option.trim().is_empty() || option.chars().count() > LONGEST_LABEL;
            if options.is_empty() || options.len() > MOST_OPTIONS || different.len() < options.len() {
                return Err(format!("there are 1 to {MOST_OPTIONS} options, all different"));
            }
            if options.iter().any(is_odd) {
                return Err(format!("an option has 1 to {LONGEST_LABEL} letters"));
            }
            Ok(())
        }
        Answer::Number { min: Some(min), max: Some(max) } if min > max => Err("`min` is above `max`".to_owned()),
        Answer::Date { not_before: Some(first), not_after: Some(last) } if first > last => {
            Err("`notBefore` is after `notAfter`".to_owned())
        }
        _ => Ok(()),
    }
}

/// What was answered, as it is kept: text trimmed, what was left empty left out.
///
/// # Errors
/// Naming the first answer that is wrong, missing, or to no question.
pub fn answers(fields: &[Field], given: &Map<String, Value>) -> Result<Map<String, Value>, Invalid> {
    if let Some(odd) = given.keys().find(|key| !fields.iter().any(|field| field.key == **key)) {
        let odd: String = odd.chars().take(LONGEST_KEY).collect();
        return Err(invalid(format!("form.{odd}"), format!("nobody asks for `{odd}`")));
    }
    let mut kept = Map::new();
    for field in fields {
        let at = format!("form.{}", field.key);
        let answer = given.get(&field.key).filter(|answer| !answer.is_null());
        let answer = answer.map(|answer| read(&field.answer, answer).map_err(|message| invalid(&at, message)));
        match answer.transpose()?.filter(|answer| answer.as_str() != Some("")) {
            Some(answer) => drop(kept.insert(field.key.clone(), answer)),
            None if field.required => return Err(invalid(at, format!("answer `{}`", field.label))),
            None if field.answer == (Answer::Checkbox { must_be_ticked: true }) => {
                return Err(invalid(at, "this has to be ticked"));
            }
            None => {}
        }
    }
    Ok(kept)
}

fn read(answer: &Answer, given: &Value) -> Result<Value, String> {
    match (answer, given) {
        (Answer::Text { max_length }, Value::String(text)) => {
            let (text, most) = (text.trim(), max_length.unwrap_or(LONGEST_TEXT));
            let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
            if text.chars().count() > most || text.contains(is_odd) {
                return Err(format!("at most {most} letters"));
            }
            Ok(text.into())
        }
        (Answer::Choice { options }, Value::String(chosen)) if options.contains(chosen) => Ok(given.clone()),
        (Answer::Choice { options }, _) => Err(format!("choose one of {}", options.join(", "))),
        (Answer::Number { min, max }, Value::Number(number)) => {
            let value = number.as_f64().unwrap_or(f64::NAN);
            match (min, max) {
                (Some(min), _) if value < *min => Err(format!("at least {min}")),
                (_, Some(max)) if value > *max => Err(format!("at most {max}")),
                _ => Ok(given.clone()),
            }
        }
        (Answer::Date { not_before, not_after }, Value::String(text)) => {
            let date: Date = text.trim().parse().map_err(|_| "a day is written like 2026-11-23".to_owned())?;
            match (not_before, not_after) {
                (Some(first), _) if date < *first => Err(format!("not before {first}")),
                (_, Some(last)) if date > *last => Err(format!("not after {last}")),
                _ => Ok(date.to_string().into()),
            }
        }
        (Answer::Checkbox { must_be_ticked: true }, Value::Bool(false)) => Err("this has to be ticked".to_owned()),
        (Answer::Checkbox { .. }, Value::Bool(_)) => Ok(given.clone()),
        (Answer::Text { .. }, _) => Err("the answer is text".to_owned()),
        (Answer::Number { .. }, _) => Err("the answer is a number".to_owned()),
        (Answer::Date { .. }, _) => Err("the answer is a day, written like 2026-11-23".to_owned()),
        (Answer::Checkbox { .. }, _) => Err("the answer is true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests;
