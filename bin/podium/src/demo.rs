//! `podium demo`: a workspace, a server and a hosted connector in one process, and a first sync.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use camino::Utf8PathBuf;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::sync::State;
use governance::connector::settings::SaveAnyway;
use governance::connector::{AppChoice, NewConnector};
use governance::{Caller, Governance};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Flags};
use crate::hosted::Kinds;
use crate::logging;
use crate::serve::{Server, cancel_on_signal};

/// How long the first sync may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// The token of the demonstration's workspace, which listens on loopback only.
const TOKEN: &str = "demo-scim-token-of-the-local-workspace";
/// Who administers the demonstration.
const EMAIL: &str = "admin@example.com";

/// What the demonstration needs to know.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// How many people are in the workspace
    #[arg(long, default_value_t = 25, value_name = "N")]
    users: u32,
    /// End after the first sync instead of staying
    #[arg(long)]
    once: bool,
}

/// Runs the demonstration until it is stopped.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut config = Config::load(&args.flags)?;
    if args.flags.data_dir.is_none() && config.data_dir == "podium-data" {
        config.data_dir = Utf8PathBuf::from("podium-demo");
    }
    // The demonstration's own workspace is on loopback.
    config.hosted.allow_private_networks = true;
    "warn".clone_into(&mut config.log.level);
    logging::start(&config.log);
    let cancel = CancellationToken::new();
    cancel_on_signal(&cancel)?;

    let workspace = workspace(args.users, &config, &cancel).await?;
    let server = Server::start(&config, cancel.clone()).await?;
    let outcome = tour(&server, workspace).await;
    if outcome.is_err() || args.once {
        cancel.cancel();
    }
    server.ended().await;
    outcome
}

/// Starts the workspace on a free port of loopback. Returns its address.
async fn workspace(users: u32, config: &Config, cancel: &CancellationToken) -> anyhow::Result<SocketAddr> {
    std::fs::create_dir_all(&config.data_dir).with_context(|| format!("make the folder `{}`", config.data_dir))?;
    let data = config.data_dir.join("workspace.json").into_std_path_buf();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let cancel = cancel.clone();
    tokio::spawn(async move {
        if let Err(error) = whimsical_workspace::embedded::serve(listener, TOKEN, users, &data, cancel).await {
            tracing::error!("the workspace ended: {error:#}");
        }
    });
    Ok(address)
}

/// Adds the connector unless it is there, waits for a sync, and says where to look.
#[expect(clippy::print_stdout, reason = "the demonstration tells what it does")]
async fn tour(server: &Server, workspace: SocketAddr) -> anyhow::Result<()> {
    let governance = &server.governance;
    let (caller, token) = administrator(server).await?;
    let base_url = format!("http://{workspace}/scim-v2");
    println!("a Whimsical workspace runs at http://{workspace} (SCIM at {base_url})");
    let known = governance.connectors(&caller, None, store::Paging::first(1)).await?.rows.into_iter().next();
    let connector = if let Some(view) = known {
        view
    } else {
        let new = NewConnector {
            catalog_id: "whimsical".to_owned(),
            hosting: None,
            display_name: None,
            app: AppChoice::New { name: None },
            owners: Vec::new(),
        };
        governance.create_connector(&caller, new).await?.value
    };
    let id = connector.connector.id;
    // The workspace has a new port at each start.
    let fields: Map<String, Value> = [("token", TOKEN), ("baseUrl", &base_url)]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect();
    let kinds = Kinds::new(scim::client::Egress::Anywhere);
    governance.save_settings(&caller, id, None, &fields, SaveAnyway::No, &kinds).await?;
    println!("a hosted connector syncs it …");
    let counts = synced(governance, &caller, id).await?;
    println!("the first sync was applied: {counts}");
    server.announce();
    let base = &governance.settings().base_url;
    if let Some(token) = token {
        println!("you are {EMAIL}, Super Administrator; your token is {}", token.expose_secret());
        println!("look around:");
        println!("  curl -H 'Authorization: Bearer {}' {base}/api/v1/connectors/{id}", token.expose_secret());
    } else {
        println!("use the token of the first start, or make a link: podium admin first-link");
    }
    println!("  {base}/api/v1/openapi.json describes everything");
    Ok(())
}

/// The administrator: made at the first start, with a token; found at the others.
async fn administrator(server: &Server) -> anyhow::Result<(Caller, Option<SecretString>)> {
    let store = server.governance.store();
    if let Some(link) = &server.first_link {
        let token = link.rsplit('/').next().unwrap_or_default().into();
        let claimed = auth::setup::claim(store, &token, EMAIL, "Demo Administrator", None).await?;
        let authorization = format!("Bearer {}", claimed.token.expose_secret());
        let actor = auth::machine::authenticate(store, Some(&authorization)).await?;
        return Ok((Caller::new(actor, Via::Cli), Some(claimed.token)));
    }
    let person = store::person::by_email(&mut *store.read().await?, store.tenant(), EMAIL).await?;
    let person = person.context("this data folder is not one of the demonstration; hint: give another --data-dir")?;
    let roles = domain::actor::Role::ALL.into_iter().collect();
    Ok((Caller::new(Actor::Person { id: person.id, roles, token: None }, Via::Cli), None))
}

/// Waits until the open sync is applied, and says what it saw.
async fn synced(governance: &Governance, caller: &Caller, id: ids::ConnectorId) -> anyhow::Result<String> {
    let end = tokio::time::Instant::now() + PATIENCE;
    let system = Caller::new(Actor::System(Part::System), Via::Cli);
    loop {
        let view = governance.connector(caller, id).await?;
        if view.open_sync.is_none() {
            let store = governance.store();
            let page =
                store::sync::list(&mut *store.read().await?, store.tenant(), id, store::Paging::first(1)).await?;
            let sync = page.rows.into_iter().next().context("the sync is written down")?;
            match sync.state {
                State::Applied => return Ok(words(&sync.counts)),
                State::Held => bail!("the sync is held: {}", governance.connector(&system, id).await?.reason),
                state => bail!("the sync is {state}: {}", sync.error.unwrap_or_default()),
            }
        }
        ensure!(
            tokio::time::Instant::now() < end,
            "the first sync takes longer than {} minutes",
            PATIENCE.as_secs() / 60
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a sync saw, in words.
fn words(counts: &Value) -> String {
    let seen = |of: &Value| of.get("seen").and_then(Value::as_u64).unwrap_or(0);
    let resources = |kind: &str| counts.get("resources").and_then(|types| types.get(kind)).map_or(0, seen);
    let of = |kind: &str| counts.get(kind).map_or(0, seen);
    format!(
        "{} accounts, {} roles, {} entitlements, {} grants",
        resources("user"),
        resources("role"),
        of("entitlements"),
        of("grants")
    )
}
