//! Usage texts, made from the tables.

use super::command::Command;
use super::field::{Field, Kind, Origin};
use super::lexer::{HELP, VERSION};
use super::plan::settings_of;
use super::spec::ConnectorSpec;

/// The usage of the program, or of one of its commands.
pub(super) fn text(spec: &ConnectorSpec, command: Command) -> String {
    let name = spec.name;
    let mut own: Vec<Field> = command.local_fields().to_vec();
    own.push(HELP);
    let settings = settings_of(spec);
    if command == Command::Root {
        own.push(VERSION);
        own.extend(&settings);
        let commands: Vec<String> =
            Command::ALL.iter().map(|command| format!("  {:<12} {}\n", command.name(), command.summary())).collect();
        return format!(
            "Sync who has access to {product} into a .c1z file, and change it.\n\n\
             Usage:\n  {name} [flags]\n  {name} [command]\n\n\
             Available Commands:\n{commands}\nFlags:\n{flags}\n\
             Use \"{name} [command] --help\" for more information about a command.\n",
            product = spec.display_name,
            commands = commands.concat(),
            flags = flags(&own, name),
        );
    }
    format!(
        "{summary}\n\nUsage:\n  {name} {command}{arguments} [flags]\n\nFlags:\n{own}\nGlobal Flags:\n{global}",
        summary = command.summary(),
        command = command.name(),
        arguments = command.arguments(),
        own = flags(&own, &format!("{name} {}", command.name())),
        global = flags(&settings, name),
    )
}

/// One line per flag that is not hidden, in alphabetical order.
fn flags(fields: &[Field], owner: &str) -> String {
    let mut shown: Vec<&Field> = fields.iter().filter(|field| !field.hidden).collect();
    shown.sort_by_key(|field| field.name);
    let heads: Vec<String> = shown.iter().map(|field| head(field)).collect();
    let width = heads.iter().map(String::len).max().unwrap_or_default();
    let lines = shown.iter().zip(&heads).map(|(field, head)| {
        let line = format!("{head:<width$}   {}", explanation(field, owner));
        format!("{}\n", line.trim_end())
    });
    lines.collect::<Vec<_>>().concat()
}

fn head(field: &Field) -> String {
    let short = field.short.map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let head = format!("  {short}--{} {}", field.name, field.type_word());
    head.trim_end().to_owned()
}

/// What the flag is for, its environment variable and its default.
fn explanation(field: &Field, owner: &str) -> String {
    let description = match field.name {
        "help" => format!("help for {owner}"),
        "version" => format!("version for {owner}"),
        _ => field.description.to_owned(),
    };
    let required = if field.required { "required: " } else { "" };
    let env = match field.origin {
        Origin::Everywhere => format!("(${})", field.env_name()),
        Origin::FlagOnly => String::new(),
    };
    let default = match field.kind {
        Kind::Text(text) if !text.is_empty() => format!("(default \"{text}\")"),
        Kind::Int(number) if number != 0 => format!("(default {number})"),
        _ => String::new(),
    };
    let parts = [format!("{required}{description}"), env, default];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
