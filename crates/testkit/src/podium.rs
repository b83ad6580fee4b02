//! A Podium server as a process of its own, with its first administrator.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::program::binary;

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// A free port.
const FREE: &str = "127.0.0.1:0";

/// A running `podium serve`; it is killed when this is dropped.
#[derive(Debug)]
pub struct Podium {
    process: Child,
    url: String,
    folder: Utf8PathBuf,
    /// The folder, as this process finds it.
    seen: Utf8PathBuf,
    token: String,
}

/// A small disk for a server.
#[derive(Debug, Clone, Copy)]
pub struct SmallDisk<'a> {
    /// Where it is mounted, for the server alone: its data folder, or a folder in it.
    pub at: &'a Utf8Path,
    /// How much fits on it.
    pub mebibytes: u32,
}

/// An answer of the REST API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; `null` when it is empty.
    pub body: Value,
}

impl Podium {
    /// Starts a server of the current build on a free port with this data folder, and makes the first administrator.
    ///
    /// # Errors
    /// When the program is not built, or ends before it listens.
    pub fn start(folder: &Utf8Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::begin(folder, folder.to_owned(), launch(Command::new(binary("podium")?), folder, FREE, settings)?)
    }

    /// As [`Podium::start`], with a part of the server's files on a disk that can be [filled](Podium::fill). The disk is
    /// gone when the server ends.
    ///
    /// # Errors
    /// As for [`Podium::start`]; or when this user may not mount.
    pub fn start_on(disk: SmallDisk<'_>, folder: &Utf8Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let SmallDisk { at, mebibytes } = disk;
        std::fs::create_dir_all(at)?;
        let mut command = Command::new("unshare");
        if std::fs::metadata("/proc/self")?.uid() != 0 {
            command.arg("--map-root-user");
        }
        let script = format!("mount -t tmpfs -o size={mebibytes}m tmpfs '{at}' && exec \"$0\" \"$@\"");
        command.args(["--mount", "sh", "-c", &script, binary("podium")?.as_str()]);
        let launched = launch(command, folder, FREE, settings)?;
        // The only way to the files of a process with mounts of its own.
        let seen = Utf8PathBuf::from(format!("/proc/{}/root{folder}", launched.0.id()));
        Self::begin(folder, seen, launched)
    }

    fn begin(folder: &Utf8Path, seen: Utf8PathBuf, launched: Launched) -> anyhow::Result<Self> {
        let (process, url, link) = launched;
        let mut this = Self { process, url, folder: folder.to_owned(), seen, token: String::new() };
        let link = link.context("a new server offers a link to its first administrator")?;
        let page = curl(&["--data", "email=ada@example.com&name=Ada", &link])?.1;
        let start = page.find("podium_").context("the page shows a token")?;
        let rest = page.get(start..).unwrap_or_default();
        this.token =
            rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "_-".contains(*letter)).collect();
        Ok(this)
    }

    /// Starts a second server on the same database, for the same administrator.
    ///
    /// # Errors
    /// As for [`Podium::start`].
    pub fn join(&self, folder: &Utf8Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let (process, url, _) = launch(Command::new(binary("podium")?), folder, FREE, settings)?;
        Ok(Self { process, url, folder: folder.to_owned(), seen: folder.to_owned(), token: self.token.clone() })
    }

    /// Kills the server, as a crash does.
    ///
    /// # Errors
    /// When it has ended before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        ensure!(self.process.try_wait()?.is_none(), "the server has ended by itself");
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts the server again where it was.
    ///
    /// # Errors
    /// As for [`Podium::start`].
    pub fn restart(&mut self, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let address = self.url.trim_start_matches("http://").to_owned();
        let (process, _, _) = launch(Command::new(binary("podium")?), &self.folder, &address, settings)?;
        self.process = process;
        Ok(())
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The certificate authority that connectors have to trust.
    #[must_use]
    pub fn authority(&self) -> Utf8PathBuf {
        self.seen.join("tls/ca.pem")
    }

    /// Leaves no space on the disk of this folder in the data folder; gives the file that takes it, to be removed.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn fill(&self, folder: &str) -> anyhow::Result<Utf8PathBuf> {
        let path = self.seen.join(folder).join("filler");
        let mut file = std::fs::File::create(&path).with_context(|| format!("make `{path}`"))?;
        let block = [1_u8; 4096];
        loop {
            match file.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(path),
                Err(error) => return Err(error).with_context(|| format!("fill `{path}`")),
            }
        }
    }

    /// Calls the REST API as the administrator.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let (url, authorization) = (format!("{}{path}", self.url), format!("authorization: Bearer {}", self.token));
        let mut arguments = vec!["--request", method, "--header", &authorization];
        let text = body.map(ToString::to_string);
        if let Some(text) = &text {
            arguments.extend(["--header", "content-type: application/json", "--data", text]);
        }
        arguments.push(&url);
        let (status, body) = curl(&arguments)?;
        let body =
            if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(Value::String(body)) };
        Ok(Answer { status, body })
    }

    /// As [`Podium::call`], for what has to succeed. Returns the body.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub fn done(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let answer = self.call(method, path, body)?;
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Sends a file as it is. Returns the body of the answer.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub fn bring(&self, path: &str, file: &Utf8Path) -> anyhow::Result<Value> {
        let (url, authorization) = (format!("{}{path}", self.url), format!("authorization: Bearer {}", self.token));
        let (kind, content) = ("content-type: application/octet-stream", format!("@{file}"));
        let arguments = ["--header", &authorization, "--header", kind, "--data-binary", &content, &url];
        let (status, body) = curl(&arguments)?;
        ensure!((200..300).contains(&status), "POST {path}: {status} {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// Asks for an object until it is as wished. Returns it.
    ///
    /// # Errors
    /// When it is not so within a minute; the error shows the object.
    pub fn wait(&self, path: &str, mut holds: impl FnMut(&Value) -> bool) -> anyhow::Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.call("GET", path, None);
            match answer {
                Ok(answer) if holds(&answer.body) => return Ok(answer.body),
                Ok(answer) if Instant::now() > end => bail!("{path} did not become as wished: {}", answer.body),
                Err(error) if Instant::now() > end => return Err(error),
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

impl Drop for Podium {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server that listens: its process, its address and the link to the first administrator.
type Launched = (Child, String, Option<String>);

/// Starts the server by this command.
fn launch(
    mut command: Command,
    folder: &Utf8Path,
    listen: &str,
    settings: &[(&str, &str)],
) -> anyhow::Result<Launched> {
    let mut process = command
        .args(["serve", "--data-dir", folder.as_str(), "--listen", listen])
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    let stdout = process.stdout.take().context("the server has no standard output")?;
    let mut log = process.stderr.take().context("the server has no standard error")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut url = None;
    for line in &mut lines {
        let line = line.context("read what the server prints")?;
        if let Some(address) = line.strip_prefix("listening on ") {
            url = Some(address.trim().to_owned());
            break;
        }
    }
    let Some(url) = url else {
        let status = process.wait()?;
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        bail!("{command:?} ended before it listened: {status}\n{text}");
    };
    // Nobody reads the log of a server that runs; a full pipe would stop it.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let mut first = None;
    for line in lines.by_ref() {
        let line = line.context("read what the server prints")?;
        if let Some((_, rest)) = line.split_once("first administrator: ") {
            first = rest.split_whitespace().next().map(str::to_owned);
        }
        if line == "ready" {
            break;
        }
    }
    Ok((process, url, first))
}

/// The status and the body of a request.
fn curl(arguments: &[&str]) -> anyhow::Result<(u16, String)> {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}"])
        .args(arguments)
        .output()
        .context("run `curl`")?;
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout)?;
    let (body, status) = text.rsplit_once('\n').context("curl writes the status")?;
    Ok((status.parse()?, body.to_owned()))
}
