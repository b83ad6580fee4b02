//! Arguments into flags and words, by the rules of the flag library that the Go connectors use.
//!
//! `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-abc` for switches, `--` before words only.
//! A switch takes a value only behind `=`.

use super::field::{Field, Kind};
use super::literal::{parse_bool, parse_int, parse_list, quote};
use super::value::Value;

/// `--help`.
pub(super) const HELP: Field = Field::bool("help", "").short('h').flag_only();
/// `--version`.
pub(super) const VERSION: Field = Field::bool("version", "").short('v').flag_only();

/// What the arguments hold.
#[derive(Default)]
pub(super) struct Parsed {
    /// The flags that were given, with their last value; lists are added up.
    pub(super) flags: Vec<(&'static str, Value)>,
    /// The other arguments.
    pub(super) words: Vec<String>,
}

impl Parsed {
    /// The value of a flag that was given.
    pub(super) fn get(&self, field: &Field) -> Option<&Value> {
        self.flags.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value)
    }

    /// Whether the switch was given and is on.
    pub(super) fn is_on(&self, field: &Field) -> bool {
        self.get(field) == Some(&Value::Bool(true))
    }

    fn set(&mut self, field: &Field, text: &str) -> Result<(), String> {
        let value = parse_flag(field, text)?;
        match (self.flags.iter_mut().find(|(name, _)| *name == field.name), value) {
            (Some((_, Value::List(all))), Value::List(more)) => all.extend(more),
            (Some((_, old)), value) => *old = value,
            (None, value) => self.flags.push((field.name, value)),
        }
        Ok(())
    }
}

/// Reads the arguments.
///
/// # Errors
/// The message for the first argument that is wrong.
pub(super) fn parse(args: &[String], fields: &[Field]) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            parsed.words.extend(rest.cloned());
            break;
        } else if let Some(long) = arg.strip_prefix("--") {
            long_flag(&mut parsed, arg, long, &mut rest, fields)?;
        } else if let Some(group) = arg.strip_prefix('-').filter(|group| !group.is_empty()) {
            short_flags(&mut parsed, group, &mut rest, fields)?;
        } else {
            parsed.words.push(arg.clone());
        }
    }
    Ok(parsed)
}

/// The place of the first argument that is neither flag nor value of a flag. An unknown flag without `=` is taken to
/// have a value.
pub(super) fn first_word(args: &[String], fields: &[Field]) -> Option<usize> {
    let is_switch = |found: Option<&Field>| found.is_some_and(|field| field.kind == Kind::Bool);
    let mut skip = false;
    for (at, arg) in args.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        if arg == "--" {
            return None;
        }
        if let Some(long) = arg.strip_prefix("--") {
            skip = !long.contains('=') && !is_switch(fields.iter().find(|field| field.name == long));
        } else if let Some(group) = arg.strip_prefix('-').filter(|group| !group.is_empty()) {
            let mut letters = group.chars();
            let letter = letters.next();
            skip = letters.next().is_none() && !is_switch(fields.iter().find(|field| field.short == letter));
        } else {
            return Some(at);
        }
    }
    None
}

fn long_flag<'a>(
    parsed: &mut Parsed,
    arg: &str,
    long: &str,
    rest: &mut impl Iterator<Item = &'a String>,
    fields: &[Field],
) -> Result<(), String> {
    if long.starts_with(['-', '=']) {
        return Err(format!("bad flag syntax: {arg}"));
    }
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (long, None),
    };
    let field = fields.iter().find(|field| field.name == name).ok_or_else(|| format!("unknown flag: --{name}"))?;
    match value {
        Some(value) => parsed.set(field, value),
        None if field.kind == Kind::Bool => parsed.set(field, "true"),
        None => {
            let value = rest.next().ok_or_else(|| format!("flag needs an argument: --{name}"))?;
            parsed.set(field, value)
        }
    }
}

fn short_flags<'a>(
    parsed: &mut Parsed,
    group: &str,
    rest: &mut impl Iterator<Item = &'a String>,
    fields: &[Field],
) -> Result<(), String> {
    let mut letters = group.chars();
    let mut left = group;
    while let Some(letter) = letters.next() {
        let field = fields
            .iter()
            .find(|field| field.short == Some(letter))
            .ok_or_else(|| format!("unknown shorthand flag: {} in -{left}", quote_letter(letter)))?;
        let attached = letters.as_str();
        match attached.strip_prefix('=') {
            Some(value) if !value.is_empty() => return parsed.set(field, value),
            _ if field.kind == Kind::Bool => parsed.set(field, "true")?,
            _ if !attached.is_empty() => return parsed.set(field, attached),
            _ => {
                let needs = || format!("flag needs an argument: {} in -{left}", quote_letter(letter));
                let value = rest.next().ok_or_else(needs)?;
                return parsed.set(field, value);
            }
        }
        left = attached;
    }
    Ok(())
}

fn quote_letter(letter: char) -> String {
    format!("'{}'", letter.escape_default())
}

fn parse_flag(field: &Field, text: &str) -> Result<Value, String> {
    let refuse =
        |why: String| format!("invalid argument {} for {} flag: {why}", quote(text), quote(&field.flag_name()));
    match field.kind {
        Kind::Text(_) => Ok(Value::Text(text.to_owned())),
        Kind::Bool => parse_bool(text)
            .map(Value::Bool)
            .ok_or_else(|| refuse(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text)))),
        Kind::Int(_) => parse_int(text)
            .map(Value::Int)
            .map_err(|error| refuse(format!("strconv.ParseInt: parsing {}: {}", quote(text), error.text()))),
        Kind::List => parse_list(text).map(Value::List).map_err(refuse),
    }
}

#[cfg(test)]
mod tests;
