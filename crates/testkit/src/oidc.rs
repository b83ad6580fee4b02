//! An OpenID provider and a browser: a certified provider runs as a process of its own (`oidc/provider.mjs`), and people
//! sign in at it as they would, page by page.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use camino::Utf8PathBuf;

/// The id that Podium has there.
pub const CLIENT_ID: &str = "podium";
/// The secret that Podium has there; its letters have to be encoded to become a header.
pub const CLIENT_SECRET: &str = "podium secret+&";

/// A running provider; it is gone when this is dropped.
#[derive(Debug)]
pub struct Provider {
    process: Child,
    issuer: String,
}

impl Provider {
    /// Starts a provider that sends browsers back to this address.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(redirect_uri: &str) -> anyhow::Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oidc/provider.mjs");
        let mut process = Command::new("node")
            .args([script, redirect_uri])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start `node`; hint: `cargo xtask test` installs it")?;
        let mut lines = BufReader::new(process.stdout.take().context("the provider has no standard output")?).lines();
        let issuer = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("http://"));
        std::thread::spawn(move || lines.count());
        Ok(Self { process, issuer: issuer.context("the provider ended before it listened; hint: `cargo xtask test`")? })
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser without scripts: it follows redirects and keeps cookies.
#[derive(Debug)]
pub struct Browser {
    folder: tempfile::TempDir,
}

/// A page that a browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Its address.
    pub url: String,
    /// Its HTML.
    pub html: String,
}

impl Browser {
    /// A browser that has been nowhere.
    ///
    /// # Errors
    /// When there is no space for its cookies.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()? })
    }

    /// Goes to a page.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn get(&self, url: &str) -> anyhow::Result<Page> {
        self.go(&[url])
    }

    /// Sends the form that a page shows, with these fields filled in.
    ///
    /// # Errors
    /// When it shows none.
    pub fn send(&self, page: &Page, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let form = page.html.split_once("<form").context("the page shows a form")?.1;
        let form = form.split_once("</form>").map_or(form, |(form, _)| form);
        let action = attribute(form, "action").unwrap_or_default();
        let url = match action {
            "" => page.url.clone(),
            action if action.starts_with('/') => format!("{}{action}", origin(&page.url)),
            action => action.to_owned(),
        };
        let mut arguments: Vec<String> = Vec::new();
        for field in form.split("<input").skip(1).filter(|input| attribute(input, "type") == Some("hidden")) {
            let text = |name| attribute(field, name).unwrap_or_default();
            arguments.extend(["--data-urlencode".to_owned(), format!("{}={}", text("name"), text("value"))]);
        }
        for (name, value) in fields {
            arguments.extend(["--data-urlencode".to_owned(), format!("{name}={value}")]);
        }
        if arguments.is_empty() {
            arguments.extend(["--data".to_owned(), String::new()]);
        }
        arguments.push(url);
        self.go(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Goes to a page with these arguments of `curl`.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn go(&self, arguments: &[&str]) -> anyhow::Result<Page> {
        let jar = Utf8PathBuf::try_from(self.folder.path().join("cookies"))?;
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "30", "--location"])
            .args(["--cookie", jar.as_str(), "--cookie-jar", jar.as_str()])
            .args(["--write-out", "\n%{http_code} %{url_effective}"])
            .args(arguments)
            .output()
            .context("run `curl`")?;
        ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr).trim());
        let text = String::from_utf8(output.stdout)?;
        let (html, rest) = text.rsplit_once('\n').context("curl writes the status")?;
        let (status, url) = rest.split_once(' ').context("curl writes the address")?;
        Ok(Page { status: status.parse()?, url: url.to_owned(), html: html.to_owned() })
    }

    /// What it keeps, as `curl` writes it.
    ///
    /// # Errors
    /// When it keeps nothing.
    pub fn cookies(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("cookies"))?)
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}
