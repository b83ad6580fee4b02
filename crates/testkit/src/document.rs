//! Documents whose commands are run as they are written.
//!
//! A fenced block marked `console` is a session: each line that starts with `$ ` is a command for `bash` (a trailing
//! backslash continues it), and the lines up to the next command are what it must print, standard output and standard
//! error together. In the expected text `[..]` stands for any text within a line and a line `...` for any lines.
//! All blocks of a document share one folder and one shell's variables are given by the caller; a command that must
//! fail is followed by a line `[exit N]`.

use std::process::Command;

use anyhow::{Context as _, bail};
use camino::Utf8Path;

/// One command of a document and what it must print.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the document on which the command starts, from 1.
    pub line: usize,
    /// The command, without the prompt.
    pub command: String,
    /// The expected text, without the `[exit N]` line.
    pub expected: String,
    /// The expected exit code.
    pub exit_code: i32,
}

/// Returns the steps of all `console` blocks of a Markdown text.
#[must_use]
pub fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut is_session, mut is_continued) = (false, false);
    for (index, line) in markdown.lines().enumerate() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            is_session = !is_session && info.trim() == "console";
            is_continued = false;
            continue;
        }
        if !is_session {
            continue;
        }
        if let (true, Some(step)) = (is_continued, steps.last_mut()) {
            step.command.push('\n');
            step.command.push_str(line.trim_start_matches("> "));
            is_continued = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: index + 1, command: command.to_owned(), expected: String::new(), exit_code: 0 });
            is_continued = line.ends_with('\\');
        } else if let Some(step) = steps.last_mut() {
            let code = line.strip_prefix("[exit ").and_then(|rest| rest.strip_suffix(']'));
            if let Some(code) = code.and_then(|code| code.parse().ok()) {
                step.exit_code = code;
            } else {
                step.expected.push_str(line);
                step.expected.push('\n');
            }
        }
    }
    steps
}

/// Runs every command of the document at `path` in `folder` and compares what it prints.
///
/// `path_entries` are put in front of `PATH`; `variables` are added to the environment.
///
/// # Errors
/// At the first command whose text or exit code differs; the error shows both and the line of the document.
/// Also when the document holds no command: a test that runs nothing must not pass.
pub fn replay(
    path: &Utf8Path,
    folder: &Utf8Path,
    path_entries: &[&Utf8Path],
    variables: &[(&str, &str)],
) -> anyhow::Result<usize> {
    let markdown = std::fs::read_to_string(path).with_context(|| format!("read `{path}`"))?;
    let steps = steps(&markdown);
    if steps.is_empty() {
        bail!("`{path}` holds no `console` block with a command");
    }
    let search_path =
        path_entries.iter().map(ToString::to_string).chain(std::env::var("PATH")).collect::<Vec<_>>().join(":");
    for step in &steps {
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{}", step.command)])
            .current_dir(folder)
            .env("PATH", &search_path)
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .output()
            .context("start bash")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let exit_code = output.status.code().unwrap_or(-1);
        if exit_code != step.exit_code || !is_match(&step.expected, &printed) {
            bail!(
                "{path}:{}: `{}`\n--- expected (exit {})\n{}--- printed (exit {exit_code})\n{printed}",
                step.line,
                step.command,
                step.exit_code,
                step.expected
            );
        }
    }
    Ok(steps.len())
}

/// Whether `printed` is what `expected` describes; white space at line ends and blank lines at the end don't matter.
fn is_match(expected: &str, printed: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    is_lines_match(&lines(expected), &lines(printed))
}

fn is_lines_match(expected: &[String], printed: &[String]) -> bool {
    match (expected.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((wanted, rest)), _) if wanted.trim() == "..." => {
            (0..=printed.len()).any(|skipped| is_lines_match(rest, printed.get(skipped..).unwrap_or_default()))
        }
        (Some((wanted, wanted_rest)), Some((line, line_rest))) => {
            is_line_match(wanted, line) && is_lines_match(wanted_rest, line_rest)
        }
        _ => false,
    }
}

fn is_line_match(expected: &str, printed: &str) -> bool {
    let Some((head, tail)) = expected.split_once("[..]") else {
        return expected == printed;
    };
    printed.strip_prefix(head).is_some_and(|rest| {
        (0..=rest.len())
            .filter(|at| rest.is_char_boundary(*at))
            .any(|at| is_line_match(tail, rest.get(at..).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests;
