//! A connector that runs beside the server, as a process of its own.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use testkit::{Podium, TOKEN, Workspace, binary};

/// Quick enough for a test, with the lease that a heartbeat of a second gives.
pub(crate) const QUICK: [(&str, &str); 3] = [
    ("PODIUM_CONNECTORS__POLL_INTERVAL", "1s"),
    ("PODIUM_CONNECTORS__HEARTBEAT_INTERVAL", "1s"),
    ("PODIUM_HOSTED__ALLOW_PRIVATE_NETWORKS", "true"),
];

/// A self-hosted connector: its path in REST and its client id and secret.
pub(crate) struct SelfHosted {
    pub(crate) path: String,
    id: String,
    secret: String,
}

impl SelfHosted {
    pub(crate) fn add(podium: &Podium) -> Self {
        let wish = json!({"catalogId": "whimsical", "hosting": "self_hosted"});
        let connector = podium.done("POST", "/api/v1/connectors", Some(&wish)).unwrap();
        let path = format!("/api/v1/connectors/{}", connector["id"].as_str().unwrap());
        let pair = podium.done("POST", &format!("{path}/credentials"), Some(&json!({}))).unwrap();
        let text = |field: &str| pair[field].as_str().unwrap().to_owned();
        Self { path, id: text("clientId"), secret: text("clientSecret") }
    }

    pub(crate) fn start(&self, podium: &Podium, workspace: &Workspace) -> Running {
        Running(self.command(podium, workspace).spawn().unwrap())
    }

    /// What starts the connector.
    pub(crate) fn command(&self, podium: &Podium, workspace: &Workspace) -> Command {
        let host = podium.url().trim_start_matches("http://").to_owned();
        let mut command = Command::new(binary("baton-whimsical").unwrap());
        command
            .env("BATON_CLIENT_ID", &self.id)
            .env("BATON_CLIENT_SECRET", &self.secret)
            .env("BATON_WHIMSICAL_TOKEN", TOKEN)
            .env("BATON_PROVISIONING", "true")
            .env("BATON_BASE_URL", workspace.scim_url())
            .env("BATON_C1_API_HOST", host)
            .env("SSL_CERT_FILE", podium.authority())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// A connector that is killed when the test ends.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn is_connected(connector: &Value) -> bool {
    connector["status"] == "connected"
}

/// The last sync of the connector, once it has been applied after `before`.
pub(crate) fn next_applied(podium: &Podium, path: &str, before: &Value) -> Value {
    podium
        .wait(path, |connector| connector["openSyncId"].is_null() && connector["appliedSyncId"] != *before)
        .unwrap()["appliedSyncId"]
        .clone()
}
