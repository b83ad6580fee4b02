//! A local Whimsical workspace as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use camino::Utf8Path;

use crate::program::binary;

/// The SCIM token of every workspace that [`Workspace`] starts.
pub const TOKEN: &str = "whscim_test";

/// A running `whimsical-workspace`; it is killed when this is dropped.
#[derive(Debug)]
pub struct Workspace {
    process: Child,
    address: String,
}

impl Workspace {
    /// Starts the program of the current build with `users` members on a free port, with the lab face on.
    ///
    /// # Errors
    /// When the program is not built, or ends before it listens.
    pub fn start(users: u32, extra_args: &[&str]) -> anyhow::Result<Self> {
        Self::start_program(&binary("whimsical-workspace")?, users, extra_args)
    }

    /// Starts a given build of the program; see [`Workspace::start`].
    ///
    /// # Errors
    /// When the program cannot be started, or ends before it listens.
    pub fn start_program(program: &Utf8Path, users: u32, extra_args: &[&str]) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--lab", "--token", TOKEN, "--users", &users.to_string()])
            .args(extra_args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start `{program}`"))?;
        let stdout = process.stdout.take().context("the workspace has no standard output")?;
        let mut log = process.stderr.take().context("the workspace has no standard error")?;
        for line in BufReader::new(stdout).lines() {
            let line = line.context("read what the workspace prints")?;
            if let Some(address) = line.strip_prefix("listening on http://") {
                // Nobody reads the log of a workspace that runs; a full pipe would stop it.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(Self { address: address.trim().to_owned(), process });
            }
        }
        let status = process.wait()?;
        let mut text = String::new();
        log.read_to_string(&mut text).context("read the log of the workspace")?;
        bail!("`{program}` ended before it listened: {status}\n{text}")
    }

    /// Returns `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the SCIM base URL.
    #[must_use]
    pub fn scim_url(&self) -> String {
        format!("{}/scim-v2", self.url())
    }

    /// Returns what the settings or lab face answers to a request without a body.
    ///
    /// # Errors
    /// When the workspace cannot be reached, or answers anything but 2xx.
    pub fn call(&self, method: &str, path: &str) -> anyhow::Result<String> {
        self.send(method, path, "")
    }

    /// Returns what the settings or lab face answers to a JSON body.
    ///
    /// # Errors
    /// When the workspace cannot be reached, or answers anything but 2xx.
    pub fn send(&self, method: &str, path: &str, json: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(&self.address).context("connect to the workspace")?;
        // HTTP/1.0: one request, and the answer ends with the connection.
        let (host, length) = (&self.address, json.len());
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n")?;
        write!(stream, "Content-Length: {length}\r\n\r\n{json}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("read the answer of the workspace")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
        let status = head.split_whitespace().nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            bail!("{method} {path} was answered {status}: {body}");
        }
        Ok(body.to_owned())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // The process may have ended already; there is nothing left to do then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
