//! The script for zsh.

use super::{Command, ConnectorSpec, Field, flags, function, quoted, takes_value, words};

pub(super) fn script(spec: &ConnectorSpec) -> String {
    let (name, function) = (spec.name, function(spec));
    let described = |command: &Command| format!("        '{}:{}'\n", command.name(), quoted(command.summary()));
    let commands: Vec<String> = Command::ALL.iter().map(described).collect();
    let case = |command: &Command| {
        format!("    {})\n        specs=(\n{}        )\n        ;;\n", command.name(), specs(spec, *command))
    };
    let cases: Vec<String> = Command::ALL.iter().map(case).collect();
    format!(
        r#"#compdef {name}
# zsh completion for {name}
{function}() {{
    local -a commands specs
    local command="" word
    commands=(
{commands}    )
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        if (( ${{commands[(I)$word:*]}} )); then command="$word"; break; fi
    done
    case "$command" in
{cases}    *)
        specs=(
{root}        )
        _describe 'command' commands
        ;;
    esac
    _arguments -s $specs
}}
compdef {function} {name}
"#,
        commands = commands.concat(),
        cases = cases.concat(),
        root = specs(spec, Command::Root),
    )
}

/// What `_arguments` offers after the command.
fn specs(spec: &ConnectorSpec, command: Command) -> String {
    let flag = |field: Field| {
        let described = quoted(field.description).replace('[', "\\[").replace(']', "\\]");
        let value = if takes_value(&field) { ("=", ":value:_files") } else { ("", "") };
        format!("        '--{}{}[{described}]{}'\n", field.name, value.0, value.1)
    };
    let mut specs: Vec<String> = flags(spec, command).into_iter().map(flag).collect();
    let words = words(command);
    if command != Command::Root && !words.is_empty() {
        specs.push(format!("        '1:argument:({})'\n", words.join(" ")));
    }
    specs.concat()
}
