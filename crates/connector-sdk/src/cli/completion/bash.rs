//! The script for bash.

use super::{Command, ConnectorSpec, all_commands, flags, function, takes_value, words};

pub(super) fn script(spec: &ConnectorSpec) -> String {
    let (name, function) = (spec.name, function(spec));
    let with_value: Vec<String> = all_commands()
        .flat_map(|command| flags(spec, command))
        .filter(takes_value)
        .flat_map(|field| {
            let short = field.short.map(|short| format!("-{short}"));
            short.into_iter().chain([format!("--{}", field.name)])
        })
        .collect();
    let choices = |command: Command| {
        let flags = flags(spec, command).into_iter().map(|field| format!("--{}", field.name));
        let choices: Vec<String> = words(command).into_iter().map(str::to_owned).chain(flags).collect();
        format!("        \"{}\") choices=\"{}\" ;;\n", command.name(), choices.join(" "))
    };
    let choices: Vec<String> = all_commands().map(choices).collect();
    format!(
        r#"# bash completion for {name}
{function}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="" choices="" word
    COMPREPLY=()
    case "$previous" in
        {with_value}) return ;;
    esac
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$word" in
            {commands}) command="$word"; break ;;
        esac
    done
    case "$command" in
{choices}    esac
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
}}
complete -o default -F {function} {name}
"#,
        with_value = with_value.join("|"),
        commands = words(Command::Root).join("|"),
        choices = choices.concat(),
    )
}
