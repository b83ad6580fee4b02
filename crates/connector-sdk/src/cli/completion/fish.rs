//! The script for fish.

use super::{Command, ConnectorSpec, all_commands, flags, quoted, takes_value, words};

pub(super) fn script(spec: &ConnectorSpec) -> String {
    let name = spec.name;
    let mut lines = vec![format!("# fish completion for {name}")];
    for command in all_commands() {
        let condition = match command {
            Command::Root => format!("not __fish_seen_subcommand_from {}", words(Command::Root).join(" ")),
            other => format!("__fish_seen_subcommand_from {}", other.name()),
        };
        for word in words(command) {
            let summary = Command::ALL.iter().find(|one| one.name() == word).map_or("", |one| one.summary());
            lines.push(format!("complete -c {name} -n '{condition}' -f -a {word} -d '{}'", quoted(summary)));
        }
        for field in flags(spec, command) {
            let short = field.short.map(|short| format!(" -s {short}")).unwrap_or_default();
            let value = if takes_value(&field) { " -r" } else { "" };
            let (long, described) = (field.name, quoted(field.description));
            lines.push(format!("complete -c {name} -n '{condition}' -l {long}{short}{value} -d '{described}'"));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
