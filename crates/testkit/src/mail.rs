//! A mail server of a process of its own (`aiosmtpd` of `xtask/requirements.txt`), which keeps what it takes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context as _;
use camino::Utf8PathBuf;
use serde_json::Value;

/// How long a mail takes at most from the moment at which it was sent.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running mail server; it is gone when this is dropped. It refuses receivers whose address begins with `refused`, and
/// puts off those whose address begins with `later`.
#[derive(Debug)]
pub struct MailServer {
    process: Child,
    port: u16,
    mails: Receiver<Value>,
}

impl MailServer {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When the program is not installed.
    pub fn start() -> anyhow::Result<Self> {
        let root = Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let venv = std::env::var("TEST_VENV").map_or_else(|_| root.join(".venv"), |venv| root.join(venv));
        let mut process = Command::new(venv.join("bin/python"))
            .args(["-c", include_str!("mail_server.py")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start Python of `{venv}`; hint: `cargo xtask test` installs it"))?;
        let mut lines = BufReader::new(process.stdout.take().context("the server has no standard output")?).lines();
        let port = lines.next().context("the mail server ended; hint: `cargo xtask test` installs it")??.parse()?;
        let (send, mails) = channel();
        std::thread::spawn(move || {
            let mails = lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
            // Nobody asks any more when the test is over.
            mails.map(|mail| send.send(mail)).take_while(Result::is_ok).count()
        });
        Ok(Self { process, port, mails })
    }

    /// `smtp://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The next mail that it took: its headers by their names in lower case, `receivers` and `text`.
    ///
    /// # Errors
    /// When none comes.
    pub fn receive(&self) -> anyhow::Result<Value> {
        self.mails.recv_timeout(DEADLINE).context("no mail came")
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop();
    }
}
