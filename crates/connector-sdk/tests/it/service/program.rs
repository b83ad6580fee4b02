//! The real program in service mode, with its server's certificate in `SSL_CERT_FILE` (client items 3, 13).

use std::io::Read;
use std::process::{Child, Command, Stdio};

use connector_sdk::service::Credentials;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use testkit::{TOKEN, Workspace};

use super::lab::{Lab, credentials};
use super::server::id_of;
use super::syncs::sync;

/// A process that is killed when the test is over.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// `baton-whimsical` for this workspace, with nothing but its environment; its temporary files go into the folder.
    fn start(lab: &Lab, workspace: &Workspace, folder: &TempDir) -> Self {
        let certificate = folder.path().join("ca.pem");
        std::fs::write(&certificate, lab.server.pem()).unwrap();
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let (id, secret) = credentials(&format!("localhost:{}", lab.server.address.port()));
        Credentials::parse(&id, &secret).unwrap();
        let child = Command::new(testkit::binary("baton-whimsical").unwrap())
            .env_clear()
            .env("BATON_CLIENT_ID", id)
            .env("BATON_CLIENT_SECRET", secret.expose_secret())
            .env("BATON_WHIMSICAL_TOKEN", TOKEN)
            .env("BATON_BASE_URL", workspace.scim_url())
            .env("BATON_HOST_ID", "pod-7")
            .env("BATON_SHUTDOWN_GRACE_SECONDS", "0")
            .env("SSL_CERT_FILE", certificate)
            .env("TMPDIR", &temporary)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Ends it with the signal: its status, what it logged.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.0.wait().unwrap().code(), log)
    }
}

#[tokio::test]
async fn a_sync_of_a_workspace_goes_up_and_a_signal_in_the_next_one_ends_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let lab = Lab::new().await;
        let workspace = Workspace::start(30, &[]).unwrap();
        lab.server.script(|script| {
            script.next_poll = Some(proto::Duration { seconds: 0, nanos: 20_000_000 });
            script.tasks.push_back(sync("a"));
        });
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(&lab, &workspace, &folder);
        let report = lab.server.finished(&id_of("a")).await;
        assert!(matches!(report.final_state, Some(FinalState::Success(_))), "{report:?}");
        assert_eq!(report.host_id, "pod-7");
        assert!(lab.server.seen(|seen| seen.uploads[0].data.starts_with(b"C1ZF\0")));

        // The workspace answers the next sync late, and does not get to.
        let late = r#"{"contains": "/Users", "count": 9, "fault": {"kind": "delay", "millis": 60000}}"#;
        workspace.send("POST", "/lab/faults", late).unwrap();
        lab.server.script(|script| script.tasks.push_back(sync("b")));
        lab.server.until("a heartbeat", |seen| (seen.heartbeats.last()?.task_id == id_of("b")).then_some(())).await;
        let (status, log) = tokio::task::spawn_blocking(move || process.end(signal)).await.unwrap();
        assert_eq!(status, Some(0), "{log}");
        assert_eq!(lab.server.finished(&id_of("b")).await.status.unwrap().code, 1);
        let left: Vec<_> =
            std::fs::read_dir(folder.path().join("tmp")).unwrap().map(|one| one.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(log.contains(signal.as_str()), "{log}");
        for secret in ["v1:", "token-1", TOKEN] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}
