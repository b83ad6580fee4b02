//! Completion scripts for shells, made from the tables. Hidden flags are not completed.

mod bash;
mod fish;
mod zsh;

use super::command::Command;
use super::field::{Field, Kind};
use super::lexer::{HELP, VERSION};
use super::plan::settings_of;
use super::spec::ConnectorSpec;

/// The shells that there are scripts for.
const SHELLS: [&str; 3] = ["bash", "fish", "zsh"];

/// The script for the shell; `None` for an unknown one.
pub(super) fn script(spec: &ConnectorSpec, shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash::script(spec)),
        "fish" => Some(fish::script(spec)),
        "zsh" => Some(zsh::script(spec)),
        _ => None,
    }
}

/// The flags to complete, in alphabetical order: those of the settings, or those that only the command has.
fn flags(spec: &ConnectorSpec, command: Command) -> Vec<Field> {
    let help = Field { description: "Print help", ..HELP };
    let version = Field { description: "Print the version", ..VERSION };
    let mut flags: Vec<Field> = command.local_fields().to_vec();
    flags.push(help);
    if command == Command::Root {
        flags.push(version);
        flags.extend(settings_of(spec).into_iter().filter(|field| !field.hidden));
    }
    flags.sort_by_key(|field| field.name);
    flags
}

/// The words that may follow the command.
fn words(command: Command) -> Vec<&'static str> {
    let commands = Command::ALL.iter().map(|command| command.name());
    match command {
        Command::Root => commands.collect(),
        Command::Completion => SHELLS.to_vec(),
        Command::Help => commands.filter(|name| *name != "help").collect(),
        Command::Capabilities | Command::Config | Command::HealthCheck => Vec::new(),
    }
}

fn all_commands() -> impl Iterator<Item = Command> {
    std::iter::once(Command::Root).chain(Command::ALL)
}

fn takes_value(field: &Field) -> bool {
    field.kind != Kind::Bool
}

/// The name of the shell function.
fn function(spec: &ConnectorSpec) -> String {
    format!("_{}", spec.name.replace('-', "_"))
}

/// The text as it may stand within single quotes.
fn quoted(text: &str) -> String {
    text.replace('\'', "")
}
