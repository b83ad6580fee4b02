//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use ids::{Rng as _, SystemRng};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{AdminFrom, App, Forwarded, Lab, Options};
use crate::model::Workspace;
use crate::model::seed;
use crate::model::switches::Switches;
use crate::model::token::Token;
use crate::server;
use crate::store::{self, Journal};

/// A faithful local Whimsical workspace: SCIM 2.0, settings, sign-in, and faults for tests.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the workspace; its SCIM base URL is `http://LISTEN/scim-v2`, its settings page `http://LISTEN/`
    Serve(Box<Serve>),
}

#[derive(Debug, Args)]
struct Serve {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The SCIM token [default: a random one, shown by "Reveal" in the settings]
    #[arg(long, env = "WHIMSICAL_WORKSPACE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file with the SCIM token, so that it is not on the command line
    #[arg(long, conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// How many users a new workspace starts with, an administrator first
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=i64::from(seed::MAX_USERS)))]
    users: u32,
    /// Keep the workspace in this file [default: in memory only]
    #[arg(long)]
    data: Option<PathBuf>,
    /// The base of all URLs, when a proxy stands in front, such as `https://whimsical.example.com`
    #[arg(long)]
    public_url: Option<String>,
    /// Believe X-Forwarded-Host and X-Forwarded-Proto
    #[arg(long)]
    trust_forwarded: bool,
    /// Answer 429 to more SCIM requests than this in a second [default: no limit]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: Option<u32>,
    /// Offer the lab face under /lab: clock, faults, switches
    #[arg(long)]
    lab: bool,
    /// Let other machines use the settings page and /api/workspace, which have no passwords
    #[arg(long)]
    admin_from_anywhere: bool,
    #[command(flatten)]
    switches: Switches,
}

/// How long a stop waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the command line.
///
/// # Errors
/// With what was tried and why it failed.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(serve) => serve.run().await,
    }
}

impl Serve {
    async fn run(self) -> anyhow::Result<()> {
        let token = self.token()?;
        let is_shown = token.is_none() && self.data.is_none();
        let _lock = self.data.as_deref().map(store::lock).transpose()?;
        let workspace = open(self.data.as_deref(), self.users, token, self.switches.clone())?;
        let journal = self.data.as_deref().map(Journal::open).transpose()?;
        let listener = TcpListener::bind(self.listen).await.with_context(|| format!("listen on {}", self.listen))?;
        let address = listener.local_addr().context("find out the address")?;
        if is_shown && let Some(token) = &workspace.scim().token {
            say(&format!("the SCIM token of this run is {}", token.reveal()))?;
        }
        let app = Arc::new(App::new(workspace, journal, self.options()));
        say(&format!("listening on http://{address}"))?;
        if !is_shown {
            tracing::info!("the SCIM token is behind \"Reveal\" on the settings page http://{address}/");
        }
        let (stop, is_stopped) = (stopped()?, CancellationToken::new());
        let serving = server::serve(Arc::clone(&app), listener, is_stopped.clone().cancelled_owned());
        let patience = async {
            stop.await;
            is_stopped.cancel();
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            served = serving => served.context("serve")?,
            () = patience => tracing::warn!("some requests did not end in time and are dropped"),
        }
        finish(&app, self.data.as_deref())
    }

    fn token(&self) -> anyhow::Result<Option<Token>> {
        let text = match &self.token_file {
            Some(path) => Some(std::fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))?),
            None => self.token.clone(),
        };
        let Some(text) = text.as_deref().map(str::trim) else {
            return Ok(None);
        };
        let is_sound = (1..=1_024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        anyhow::ensure!(is_sound, "the token must be 1 to 1,024 visible ASCII characters without spaces");
        Ok(Some(Token::new(text)))
    }

    fn options(&self) -> Options {
        Options {
            public_url: self.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
            lab: if self.lab { Lab::On } else { Lab::Off },
            admin_from: if self.admin_from_anywhere { AdminFrom::Anywhere } else { AdminFrom::Loopback },
            forwarded: if self.trust_forwarded { Forwarded::Trusted } else { Forwarded::Ignored },
            rate_limit: self.rate_limit,
        }
    }
}

/// Returns the workspace of the data file, or a new one; the file is then a fresh snapshot.
pub(crate) fn open(
    data: Option<&Path>,
    users: u32,
    token: Option<Token>,
    switches: Switches,
) -> anyhow::Result<Workspace> {
    let rng = SystemRng;
    let mut loaded = Workspace::empty(jiff::Timestamp::UNIX_EPOCH, switches.clone());
    let is_loaded = data.map(|path| store::load(path, &mut loaded)).transpose()?.unwrap_or(false);
    let workspace = if is_loaded {
        if let Some(token) = token {
            loaded.set_token(token);
            loaded.take_unsaved();
        }
        loaded
    } else {
        let mut cursor_key = [0; 32];
        rng.fill(&mut cursor_key);
        seed::workspace(users, token.unwrap_or_else(|| Token::draw(&rng)), cursor_key, switches)
    };
    if let Some(path) = data {
        store::save(path, &workspace)?;
    }
    let count = workspace.directory().len();
    tracing::info!(workspace.users = count, is_loaded, "the workspace has {count} users");
    Ok(workspace)
}

/// Saves a snapshot at a clean stop.
pub(crate) fn finish(app: &App, data: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = data {
        app.read(|workspace| store::save(path, workspace))?;
        tracing::info!("the workspace is saved");
    }
    Ok(())
}

/// Writes a line to standard output at once: scripts wait for it.
fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("write to standard output")
}

/// Completes at the first SIGINT or SIGTERM.
fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}
