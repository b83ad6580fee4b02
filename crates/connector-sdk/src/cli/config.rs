//! All settings of a run, merged: flag before environment before config file before default.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::config_file::ConfigFile;
use super::default_fields::HTTP_TIMEOUT;
use super::field::{Field, Origin, Rule};
use super::lexer::Parsed;
use super::value::Value;

/// The settings of a run. Values of secret fields are left out of `Debug`.
///
/// Reading a field gives its default when it is not one of the program's, or of another type.
#[derive(Clone, Default)]
pub struct Config {
    entries: HashMap<&'static str, Entry>,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    source: Source,
    secret: bool,
}

/// What gave a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Default,
    File,
    Environment,
    Flag,
}

impl Config {
    /// The text.
    #[must_use]
    pub fn text(&self, field: &Field) -> String {
        match self.value(field) {
            Value::Text(text) => text,
            _ => String::new(),
        }
    }

    /// The secret text.
    #[must_use]
    pub fn secret(&self, field: &Field) -> SecretString {
        SecretString::from(self.text(field))
    }

    /// Whether the switch is on.
    #[must_use]
    pub fn is_on(&self, field: &Field) -> bool {
        self.value(field) == Value::Bool(true)
    }

    /// The number.
    #[must_use]
    pub fn int(&self, field: &Field) -> i64 {
        match self.value(field) {
            Value::Int(number) => number,
            _ => 0,
        }
    }

    /// The list.
    #[must_use]
    pub fn list(&self, field: &Field) -> Vec<String> {
        match self.value(field) {
            Value::List(values) => values,
            _ => Vec::new(),
        }
    }

    /// Whether a flag, the environment or the config file gave it, be it the default or empty.
    #[must_use]
    pub fn is_set(&self, field: &Field) -> bool {
        self.entries.get(field.name).is_some_and(|entry| entry.source != Source::Default)
    }

    /// How long one upstream call may take: `--http-timeout-seconds`.
    #[must_use]
    pub fn http_timeout(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.int(&HTTP_TIMEOUT)).unwrap_or_default())
    }

    fn value(&self, field: &Field) -> Value {
        self.entries.get(field.name).map_or_else(|| Value::default_of(field), |entry| entry.value.clone())
    }

    /// Merges what flags, environment and config file say.
    pub(super) fn merge(
        fields: &[Field],
        parsed: &Parsed,
        environment: impl Fn(&str) -> Option<String>,
        file: &ConfigFile,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut entries = HashMap::with_capacity(fields.len());
        for field in fields {
            let flag = parsed.get(field).map(|value| (value.clone(), Source::Flag));
            let found = flag.or_else(|| {
                if field.origin == Origin::FlagOnly {
                    return None;
                }
                if let Some(text) = environment(&field.env_name()).filter(|text| !text.is_empty()) {
                    return Some((Value::from_environment(field, &text, warnings), Source::Environment));
                }
                let value = Value::from_file(field, file.get(field.name)?, warnings)?;
                Some((value, Source::File))
            });
            let (value, source) = found.unwrap_or_else(|| (Value::default_of(field), Source::Default));
            entries.insert(field.name, Entry { value, source, secret: field.secret });
        }
        Self { entries }
    }

    /// Checks that the required fields are there.
    ///
    /// # Errors
    /// The message.
    pub(super) fn check_required(&self, fields: &[Field]) -> Result<(), String> {
        let absent = fields.iter().filter(|field| field.required && !self.is_set(field));
        let mut names: Vec<String> = absent.map(|field| format!("\"{}\"", field.name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        names.sort();
        Err(format!("required flag(s) {} not set", names.join(", ")))
    }

    /// Checks the rules of the fields, and that the required ones are not empty.
    ///
    /// # Errors
    /// The message.
    pub(super) fn check_rules(&self, fields: &[Field]) -> Result<(), String> {
        for field in fields {
            self.check_rule(field)?;
        }
        let empty = |field: &&Field| match self.value(field) {
            Value::Text(text) => text.is_empty(),
            Value::List(values) => values.is_empty(),
            Value::Bool(_) | Value::Int(_) => false,
        };
        let complaint = |field: &Field| {
            let (name, kind) = (field.name, field.type_word());
            format!("\nfield {name} of type {kind} is marked as required but it has a zero-value")
        };
        let empty: Vec<String> = fields.iter().filter(|field| field.required).filter(empty).map(complaint).collect();
        if empty.is_empty() { Ok(()) } else { Err(format!("errors found:{}", empty.concat())) }
    }

    /// Checks the rule of one field.
    ///
    /// # Errors
    /// The message.
    pub(super) fn check_rule(&self, field: &Field) -> Result<(), String> {
        let name = field.name;
        match field.rule {
            Rule::Any => Ok(()),
            Rule::Range(least, most) => match self.int(field) {
                value if value > most => {
                    Err(format!("field {name}: value must be less than or equal to {most} but got {value}"))
                }
                value if value < least => {
                    Err(format!("field {name}: value must be greater than or equal to {least} but got {value}"))
                }
                _ => Ok(()),
            },
            Rule::OneOf(allowed) => {
                let value = self.text(field);
                if allowed.contains(&value.as_str()) {
                    return Ok(());
                }
                Err(format!("field {name}: value must be one of [{}] but got '{value}'", allowed.join(" ")))
            }
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.entries.iter().collect();
        names.sort_by_key(|(name, _)| **name);
        let mut map = f.debug_map();
        for (name, entry) in names {
            map.entry(name, &(entry.source, shown(entry)));
        }
        map.finish()
    }
}

fn shown(entry: &Entry) -> String {
    match &entry.value {
        _ if entry.secret => "[hidden]".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Bool(on) => on.to_string(),
        Value::Int(number) => number.to_string(),
        Value::List(values) => values.join(","),
    }
}
