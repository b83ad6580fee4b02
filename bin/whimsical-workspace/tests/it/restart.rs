//! The real program: what it prints, and what survives a clean stop and a kill.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::bench::TOKEN;

/// The running program, on a port of its own.
pub(crate) struct Program {
    pub(crate) process: Child,
    pub(crate) url: String,
}

impl Program {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_whimsical-workspace"))
            .args(["serve", "--listen", "127.0.0.1:0", "--lab", "--token", TOKEN])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it printed {line:?}")).to_owned();
        assert!(url.starts_with("http://127.0.0.1:"));
        Self { process, url }
    }

    fn with_data(path: &Path) -> Self {
        Self::start(&["--users", "20", "--data", path.to_str().unwrap()])
    }

    /// Stops the program by a signal and returns whether it ended well.
    fn stop(&mut self, signal: &str) -> bool {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(20)).build().unwrap()
}

async fn users(program: &Program) -> Vec<Value> {
    let url = format!("{}/scim-v2/Users?count=200", program.url);
    let text = client().get(url).bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap();
    let mut users: Value = serde_json::from_str(&text.replace(&program.url, "")).unwrap();
    users["Resources"].as_array_mut().unwrap().clone()
}

async fn create(client: &reqwest::Client, url: &str, number: u32) -> bool {
    let body = json!({"userName": format!("new{number}@example.com")}).to_string();
    let request = client.post(format!("{url}/scim-v2/Users")).bearer_auth(TOKEN);
    let reply = request.header("content-type", "application/scim+json").body(body).send().await;
    reply.is_ok_and(|reply| reply.status() == 201)
}

#[tokio::test]
async fn everything_comes_back_after_a_clean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.jsonl");
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::with_data(&path);
        let api = format!("{}/api/workspace/saml/simulate", program.url);
        let body = json!({"email": format!("jit{signal}@example.com")}).to_string();
        let reply = client().post(api).header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let before = users(&program).await;
        assert!(program.stop(signal), "it ends well after {signal}");
        let after = users(&Program::with_data(&path)).await;
        assert_eq!(after, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.jsonl");
    let mut acknowledged: Vec<u32> = Vec::new();
    for round in 0..3_u32 {
        let mut program = Program::with_data(&path);
        let is_over = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4_u32)
            .map(|writer| {
                let (url, is_over) = (program.url.clone(), Arc::clone(&is_over));
                tokio::spawn(async move {
                    let client = client();
                    let mut done = Vec::new();
                    for number in 0..10_000 {
                        let number = (round * 10 + writer) * 10_000 + number;
                        if is_over.load(Ordering::Relaxed) || !create(&client, &url, number).await {
                            break;
                        }
                        done.push(number);
                    }
                    done
                })
            })
            .collect();
        // Killed in the middle of the writing: after some users more than before are there.
        let enough = users_total(&program).await + 15;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while users_total(&program).await < enough {
            assert!(std::time::Instant::now() < deadline, "the writers get nowhere");
        }
        assert!(!program.stop("-KILL"));
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
    }
    assert!(acknowledged.len() >= 30);
    let program = Program::with_data(&path);
    let client = client();
    for number in acknowledged {
        let url = format!("{}/scim-v2/Users?filter=userName%20eq%20%22new{number}@example.com%22", program.url);
        let found: Value =
            serde_json::from_str(&client.get(url).bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap())
                .unwrap();
        assert_eq!(found["totalResults"], json!(1), "new{number}");
    }
}

async fn users_total(program: &Program) -> u64 {
    let url = format!("{}/scim-v2/Users?count=0", program.url);
    let text = client().get(url).bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["totalResults"].as_u64().unwrap()
}

#[test]
fn a_second_process_on_the_same_file_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.jsonl");
    let _first = Program::with_data(&path);
    let second = Command::new(env!("CARGO_BIN_EXE_whimsical-workspace"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(!second.status.success());
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("in use by another process") && text.contains("hint:"), "{text}");
}

#[test]
fn a_generated_token_is_printed_only_for_a_run_that_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.jsonl");
    for (data, is_printed) in [(None, true), (Some(path), false)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whimsical-workspace"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(path) = &data {
            command.arg("--data").arg(path);
        }
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let printed: Vec<String> = lines
            .map(Result::unwrap)
            .scan(false, |is_over, line| {
                let was_over = std::mem::replace(is_over, line.starts_with("listening on "));
                (!was_over).then_some(line)
            })
            .take(2)
            .take_while(|line| !line.starts_with("listening on "))
            .collect();
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(printed.iter().any(|line| line.contains("whscim_")), is_printed, "{printed:?}");
    }
}
