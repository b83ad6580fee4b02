//! A bucket that speaks S3, served by a process of its own (`moto_server` of `xtask/requirements.txt`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use camino::Utf8PathBuf;

/// The name of the bucket.
pub const NAME: &str = "podium-files";

/// A running bucket; it is gone when this is dropped.
#[derive(Debug)]
pub struct Bucket {
    process: Child,
    endpoint: String,
}

impl Bucket {
    /// Starts an empty bucket on a free port.
    ///
    /// # Errors
    /// When the program is not installed.
    pub fn start() -> anyhow::Result<Self> {
        let root = Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let venv = std::env::var("TEST_VENV").map_or_else(|_| root.join(".venv"), |venv| root.join(venv));
        let program = venv.join("bin/moto_server");
        let mut process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start `{program}`; hint: `cargo xtask test` installs it"))?;
        let mut lines = BufReader::new(process.stderr.take().context("the bucket has no standard error")?).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("Running on ")?;
            Some(address.trim().to_owned())
        });
        // Its log is not read; a full pipe would stop it.
        std::thread::spawn(move || lines.count());
        let this = Self { process, endpoint: address.context("the bucket ended before it listened")? };
        ensure!(request(&["--request", "PUT", &format!("{}/{NAME}", this.endpoint)])?, "the bucket was not made");
        Ok(this)
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Puts an object there, as somebody else would.
    ///
    /// # Errors
    /// When it is refused.
    pub fn put(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let url = format!("{}/{NAME}/{name}", self.endpoint);
        ensure!(request(&["--request", "PUT", "--data", content, &url])?, "the bucket refuses `{name}`");
        Ok(())
    }

    /// Ends it, and everything in it.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop();
    }
}

fn request(arguments: &[&str]) -> anyhow::Result<bool> {
    let sent = Command::new("curl").args(["-sf", "--max-time", "20"]).args(arguments).output().context("run `curl`")?;
    Ok(sent.status.success())
}
