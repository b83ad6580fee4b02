//! Runs a program of the `examples` folder.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

/// One call of a program in a folder of its own, with an empty environment.
pub(crate) struct Program {
    name: &'static str,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The last line of stderr.
    pub(crate) fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    /// The log lines on stderr with this message.
    pub(crate) fn logged(&self, message: &str) -> Vec<serde_json::Value> {
        let lines = self.stderr.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &serde_json::Value| line["msg"] == message).collect()
    }
}

impl Program {
    /// The fake connector, with a token in its environment.
    pub(crate) fn fake() -> Self {
        Self::new("fake_connector").env("BATON_WHIMSICAL_TOKEN", "s3cret")
    }

    /// The program of this name.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// With this environment variable; an earlier value is replaced.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this environment variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// With this file in its folder.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::File::create(self.path(name)).unwrap().write_all(content.as_bytes()).unwrap();
        self
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    /// The names of everything in its folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        outcome(&self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Starts it.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(testkit::binary(&format!("examples/{}", self.name)).unwrap());
        command.args(args).current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

pub(crate) fn outcome(output: &Output) -> Outcome {
    Outcome {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}
