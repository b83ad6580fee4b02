//! Completion scripts for shells, made from the tables. Hidden flags are not completed.

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
        "bash" => Some(bash(spec)),
        "fish" => Some(fish(spec)),
        "zsh" => Some(zsh(spec)),
        _ => None,
    }
}

/// The flags to complete, in alphabetical order: those of the settings, and those that only the command has.
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
    match command {
        Command::Root => Command::ALL.iter().map(|command| command.name()).collect(),
        Command::Completion => SHELLS.to_vec(),
        Command::Help => Command::ALL.iter().map(|command| command.name()).filter(|name| *name != "help").collect(),
        Command::Capabilities | Command::Config | Command::HealthCheck => Vec::new(),
    }
}

fn all_commands() -> impl Iterator<Item = Command> {
    std::iter::once(Command::Root).chain(Command::ALL)
}

fn bash(spec: &ConnectorSpec) -> String {
    let function = format!("_{}", spec.name.replace('-', "_"));
    let commands = words(Command::Root).join("|");
    let cases: String = all_commands()
        .map(|command| {
            let flags = flags(spec, command);
            let mut choices: Vec<String> = words(command).into_iter().map(str::to_owned).collect();
            choices.extend(flags.iter().map(|field| format!("--{}", field.name)));
            format!("        \"{}\") choices=\"{}\" ;;\n", command.name(), choices.join(" "))
        })
        .collect();
    let takes_value = |field: &Field| {
        let short = field.short.map(|short| format!("-{short}|")).unwrap_or_default();
        format!("{short}--{}", field.name)
    };
    let with_value: Vec<String> = all_commands()
        .flat_map(|command| flags(spec, command))
        .filter(|field| field.kind != Kind::Bool)
        .map(|field| takes_value(&field))
        .collect();
    format!(
        "# bash completion for {name}\n\
         {function}() {{\n    \
             local current=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n    \
             local command=\"\" choices=\"\" word\n    \
             COMPREPLY=()\n    \
             case \"$previous\" in\n        \
                 {with_value}) return ;;\n    \
             esac\n    \
             for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n        \
                 case \"$word\" in\n            \
                     {commands}) command=\"$word\"; break ;;\n        \
                 esac\n    \
             done\n    \
             case \"$command\" in\n{cases}    esac\n    \
             COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n\
         }}\n\
         complete -o default -F {function} {name}\n",
        name = spec.name,
        with_value = with_value.join("|"),
    )
}

fn fish(spec: &ConnectorSpec) -> String {
    let name = spec.name;
    let commands = words(Command::Root).join(" ");
    let mut script = format!("# fish completion for {name}\n");
    for command in all_commands() {
        let condition = match command {
            Command::Root => format!("not __fish_seen_subcommand_from {commands}"),
            other => format!("__fish_seen_subcommand_from {}", other.name()),
        };
        for word in words(command) {
            let summary = Command::ALL.iter().find(|one| one.name() == word).map_or("", |one| one.summary());
            let described = if summary.is_empty() { String::new() } else { format!(" -d '{}'", quoted(summary)) };
            script.push_str(&format!("complete -c {name} -n '{condition}' -f -a {word}{described}\n"));
        }
        for field in flags(spec, command) {
            let short = field.short.map(|short| format!(" -s {short}")).unwrap_or_default();
            let value = if field.kind == Kind::Bool { "" } else { " -r" };
            script.push_str(&format!(
                "complete -c {name} -n '{condition}' -l {}{short}{value} -d '{}'\n",
                field.name,
                quoted(field.description)
            ));
        }
    }
    script
}

fn zsh(spec: &ConnectorSpec) -> String {
    let name = spec.name;
    let function = format!("_{}", name.replace('-', "_"));
    let commands: String = Command::ALL
        .iter()
        .map(|command| format!("        '{}:{}'\n", command.name(), quoted(command.summary())))
        .collect();
    let arguments = |command: Command| -> String {
        flags(spec, command)
            .iter()
            .map(|field| {
                let described = quoted(field.description).replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
                let value = if field.kind == Kind::Bool { "" } else { "=:value:_files" };
                format!(
                    "        '--{}{}[{described}]{}'\n",
                    field.name,
                    if value.is_empty() { "" } else { "=" },
                    value.trim_start_matches('=')
                )
            })
            .collect()
    };
    let cases: String = Command::ALL
        .into_iter()
        .map(|command| {
            let choices = words(command);
            let choices = if choices.is_empty() {
                String::new()
            } else {
                format!("        '1:argument:({})'\n", choices.join(" "))
            };
            let lines = format!("{}{choices}", arguments(command));
            format!("    {})\n        specs=(\n{lines}        )\n        ;;\n", command.name())
        })
        .collect();
    format!(
        "#compdef {name}\n\
         # zsh completion for {name}\n\
         {function}() {{\n    \
             local -a commands specs\n    \
             local command=\"\" word\n    \
             commands=(\n{commands}    )\n    \
             for word in \"${{(@)words[2,CURRENT-1]}}\"; do\n        \
                 if (( ${{commands[(I)$word:*]}} )); then command=\"$word\"; break; fi\n    \
             done\n    \
             case \"$command\" in\n{cases}    *)\n        specs=(\n{root}        )\n        \
                 _describe 'command' commands\n        ;;\n    \
             esac\n    \
             _arguments -s $specs\n\
         }}\n\
         compdef {function} {name}\n",
        root = arguments(Command::Root),
    )
}

/// The text as it stands within single quotes.
fn quoted(text: &str) -> String {
    text.replace('\'', "")
}
