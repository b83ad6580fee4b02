//! The settings: defaults, file, environment, command line, in this order; checked once, then never changed.
//!
//! Start at [`Config::load`]. `config.default.toml` is the reference and the source of the defaults.

mod check;
mod quantity;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

pub use check::report;
pub use quantity::{ByteSize, Span};

/// The defaults, with a comment for each setting.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// What the command line may set.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Flags {
    /// The folder that holds everything this install keeps on disk
    #[arg(long, value_name = "DIR", env = "PODIUM_DATA_DIR")]
    pub data_dir: Option<Utf8PathBuf>,
    /// Where the server listens; port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS", env = "PODIUM_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// A file with settings
    #[arg(long, value_name = "FILE", env = "PODIUM_CONFIG")]
    pub config: Option<Utf8PathBuf>,
}

/// All settings. `config.default.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents each setting, once")]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: Utf8PathBuf,
    pub base_url: String,
    pub proxy: Proxy,
    pub database: Database,
    pub storage: Storage,
    pub mail: Mail,
    pub secrets: Secrets,
    pub tls: Tls,
    pub connectors: Connectors,
    pub hosted: Hosted,
    pub jobs: Jobs,
    pub log: Log,
}

/// The proxies in front of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Proxy {
    pub trusted: Vec<IpNet>,
    pub header: ProxyHeader,
}

/// Where a proxy says who the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// Addresses, the client first.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// Where the database is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Database {
    pub url: SecretString,
    pub url_file: Utf8PathBuf,
}

/// Where uploaded files are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Storage {
    pub url: String,
    pub endpoint: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub secret_access_key_file: Utf8PathBuf,
}

/// Through whom mail goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Mail {
    pub smtp_url: SecretString,
    pub smtp_url_file: Utf8PathBuf,
    pub from: String,
}

/// Where the keys that seal secrets are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Secrets {
    pub key_file: Utf8PathBuf,
}

/// How connections are protected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Tls {
    pub mode: TlsMode,
    pub certificate: Utf8PathBuf,
    pub key: Utf8PathBuf,
}

/// Who does TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// The server.
    Auto,
    /// A proxy in front of it.
    Off,
}

/// What connectors are told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Connectors {
    pub poll_interval: Span,
    pub heartbeat_interval: Span,
    pub task_lease: Span,
    pub tokens_per_client: NonZeroU32,
    pub tokens_per_address: NonZeroU32,
    pub upload_limit: ByteSize,
}

/// The bounds of hosted connectors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Hosted {
    pub concurrency: usize,
    pub task_timeout: Span,
    pub sync_timeout: Span,
    pub allow_private_networks: bool,
}

/// The bounds of the server's own work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Jobs {
    pub concurrency: usize,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as for Config")]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

impl Config {
    /// The settings of this command line, this file and the environment.
    ///
    /// # Errors
    /// When a setting is unknown or cannot be what it is, naming the setting and where it came from.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let config: Self = figment(flags)?.extract().map_err(check::explained)?;
        config.checked()
    }

    /// The database: `database.url`, the content of `database.url_file`, or SQLite in the data folder.
    ///
    /// # Errors
    /// When the file cannot be read or the URL is none.
    pub fn database(&self) -> anyhow::Result<store::Location> {
        let url = secret(&self.database.url, &self.database.url_file)?;
        Ok(match url.expose_secret() {
            "" => store::Location::Sqlite(self.data_dir.join("podium.db")),
            url => store::Location::parse(url)?,
        })
    }

    /// The file of the keys that seal secrets.
    #[must_use]
    pub fn key_file(&self) -> Utf8PathBuf {
        if self.secrets.key_file.as_str().is_empty() {
            return self.data_dir.join("keys");
        }
        self.secrets.key_file.clone()
    }

    fn checked(self) -> anyhow::Result<Self> {
        check::check(&self)?;
        Ok(self)
    }
}

/// The value of a secret, from itself or from its file.
pub(crate) fn secret(value: &SecretString, file: &Utf8Path) -> anyhow::Result<SecretString> {
    if file.as_str().is_empty() {
        return Ok(value.clone());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("read the secret in `{file}`"))?;
    Ok(text.trim().into())
}

fn figment(flags: &Flags) -> anyhow::Result<Figment> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    if let Some(path) = &flags.config {
        anyhow::ensure!(path.exists(), "the settings file `{path}` is not there; hint: see --config");
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment.merge(Env::prefixed("PODIUM_").ignore(&["config"]).split("__"));
    if let Some(listen) = flags.listen {
        figment = figment.merge(("listen", listen));
    }
    if let Some(folder) = &flags.data_dir {
        figment = figment.merge(("data_dir", folder));
    }
    Ok(figment)
}
