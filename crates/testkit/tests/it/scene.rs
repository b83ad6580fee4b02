//! A workspace, a folder, and the programs that tests run in it.

use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use testkit::{TOKEN, Workspace, binary};

/// One workspace with one folder for the connector's files.
pub(crate) struct Scene {
    pub(crate) workspace: Workspace,
    folder: tempfile::TempDir,
}

/// What a finished file holds: every object as JSON, without order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) resources: BTreeSet<String>,
    pub(crate) grants: BTreeSet<String>,
    pub(crate) entitlements: BTreeSet<String>,
}

impl Scene {
    pub(crate) fn new(users: u32) -> Self {
        Self { workspace: Workspace::start(users, &[]).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> Utf8PathBuf {
        self.folder().join(name)
    }

    /// The connector with the workspace's address and token, its log on standard error.
    pub(crate) fn connector(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("baton-whimsical").unwrap());
        command
            .args(args)
            .current_dir(self.folder())
            .env("BATON_WHIMSICAL_TOKEN", TOKEN)
            .env("BATON_BASE_URL", self.workspace.scim_url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the connector to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.connector(args).output().unwrap()
    }

    /// Starts a sync into a file and lets it run.
    pub(crate) fn start_sync(&self, file: &str) -> Child {
        self.connector(&["--file", file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What an undisturbed sync finds.
    pub(crate) fn truth(&self) -> Rows {
        let output = self.run(&["--file", "truth.c1z"]);
        assert!(output.status.success(), "{}", stderr(&output));
        self.rows("truth.c1z")
    }

    /// What the latest finished sync of a file holds, as the explorer shows it.
    pub(crate) fn rows(&self, file: &str) -> Rows {
        let list = |command: &str, key: &str, item: &str| {
            let answer = self.baton(file, command);
            let items = answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let count = items.len();
            let set: BTreeSet<String> = items.iter().map(|value| value[item].to_string()).collect();
            assert_eq!(set.len(), count, "`{command}` shows something twice");
            set
        };
        Rows {
            resources: list("resources", "resources", "resource"),
            grants: list("grants", "grants", "grant"),
            entitlements: list("entitlements", "entitlements", "entitlement"),
        }
    }

    /// The ids of the finished and of the unfinished syncs in a file.
    pub(crate) fn syncs(&self, file: &str) -> (Vec<String>, Vec<String>) {
        let answer = self.baton(file, "syncs");
        let syncs = answer.get("syncs").and_then(Value::as_array).cloned().unwrap_or_default();
        let id = |sync: &Value| sync["id"].as_str().unwrap().to_owned();
        let (finished, unfinished): (Vec<_>, Vec<_>) = syncs.iter().partition(|sync| sync.get("endedAt").is_some());
        (finished.into_iter().map(id).collect(), unfinished.into_iter().map(id).collect())
    }

    fn baton(&self, file: &str, command: &str) -> Value {
        let output = Command::new(binary("baton").unwrap())
            .args(["-f", self.file(file).as_str(), "-o", "json", command])
            .output()
            .unwrap();
        assert!(output.status.success(), "baton {command}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds a fault to the workspace's lab.
    pub(crate) fn spoil(&self, script: &Value) {
        self.workspace.send("POST", "/lab/faults", &script.to_string()).unwrap();
    }

    pub(crate) fn heal(&self) {
        self.workspace.call("DELETE", "/lab/faults").unwrap();
    }

    /// How many SCIM requests the workspace has had.
    pub(crate) fn requests(&self) -> u64 {
        let answer: Value = serde_json::from_str(&self.workspace.call("GET", "/lab/requests").unwrap()).unwrap();
        answer["requests"].as_u64().unwrap()
    }

    /// Whether every scripted fault has been met.
    pub(crate) fn is_every_fault_met(&self) -> bool {
        let answer: Value = serde_json::from_str(&self.workspace.call("GET", "/lab/faults").unwrap()).unwrap();
        answer["faults"].as_array().unwrap().is_empty()
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
