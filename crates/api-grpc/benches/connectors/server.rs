//! The server under load, in a process of its own.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api_grpc::server::certificate::Certificate;
use api_grpc::server::{Limits, Protection, serve};
use auth::credential::Rotation;
use auth::{Authority, By};
use camino::Utf8PathBuf;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::task::Kind;
use governance::{Desk, Governance, Settings};
use ids::{AppId, ConnectorId, SystemRng, TenantId};
use jiff::Timestamp;
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::{Task, task as wire};
use secrecy::ExposeSecret as _;
use store::app::App;
use store::file::{Files, Place};
use store::seal::{SealKey, Sealer};
use store::task::NewTask;
use store::{Location, Store, Surroundings, Tx};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// The server's process.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    pub(crate) trust: Utf8PathBuf,
    /// Client id and client secret of each connector.
    pub(crate) credentials: Vec<(String, String)>,
}

impl Process {
    pub(crate) async fn start(folder: &Path, connectors: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(folder)
            .arg(connectors.to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
        let mut next = async || anyhow::Ok(lines.next_line().await?.context("the server ended")?);
        let (port, trust) = (next().await?.parse()?, next().await?.into());
        let mut credentials = Vec::with_capacity(connectors);
        for _ in 0..connectors {
            let line = next().await?;
            let (id, secret) = line.split_once(' ').context("id and secret")?;
            credentials.push((id.to_owned(), secret.to_owned()));
        }
        Ok(Self { child, port, trust, credentials })
    }

    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    pub(crate) fn peak_mib(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().context("it runs")?))?;
        // Behind the name, which is in parentheses: user and system time are the 12th and 13th value, in hundredths.
        let values: Vec<&str> = stat.rsplit_once(')').context("a name")?.1.split_whitespace().collect();
        let ticks: u64 = values.get(11..13).context("times")?.iter().flat_map(|value| value.parse::<u64>()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().context("it runs")?))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a line")?;
        let kib: u32 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(f64::from(kib) / 1024.0)
    }
}

/// Serves until the process is killed; says on stdout where, and who may call.
pub(crate) async fn run(folder: &str, connectors: usize) -> anyhow::Result<()> {
    let folder = Utf8PathBuf::from(folder);
    let store = Store::open(&Location::Sqlite(folder.join("podium.db")), Surroundings::default()).await?;
    let sealer = Sealer::new(&[SealKey::generate(&SystemRng)])?;
    let files = Files::open(&Place::Folder(folder.join("files")), Arc::new(SystemRng)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let settings = Settings {
        base_url: format!("https://localhost:{port}"),
        connector_host: format!("localhost:{port}"),
        poll_interval: Duration::from_secs(15),
        heartbeat_interval: Duration::from_secs(30),
        task_lease: Duration::from_mins(15),
        upload_limit_bytes: 1 << 30,
        mail: None,
    };
    let mut said = format!("{port}\n");
    let certificate = Certificate::own(&folder.join("tls"), &[], Timestamp::now())?;
    said.push_str(certificate.trust().context("an own authority")?.as_str());
    said.push('\n');
    let mut tx = store.begin().await?;
    for number in 0..connectors {
        said.push_str(&connector(&mut tx, number, &settings.connector_host).await?);
    }
    tx.commit().await?;
    // All of them call from one address.
    let limits = auth::authority::Limits { per_address: NonZeroU32::MAX, ..auth::authority::Limits::default() };
    let authority = Arc::new(Authority::open(store.clone(), &sealer).await?.with_limits(limits));
    let desk = Desk::new(Governance::new(store, sealer, files, settings));
    let router = api_grpc::router(api_grpc::Api::new(desk.clone(), authority));
    std::io::stdout().write_all(said.as_bytes())?;
    std::io::stdout().flush()?;
    let cancel = CancellationToken::new();
    tokio::spawn(desk.run(cancel.clone()));
    let router = api_grpc::unknown_services(router);
    serve(listener, Protection::Tls(certificate), router, Limits::default(), cancel).await;
    Ok(())
}

/// A connector with a sync that waits for it; its client id and client secret.
async fn connector(tx: &mut Tx, number: usize, host: &str) -> anyhow::Result<String> {
    let (tenant, now): (TenantId, Timestamp) = (tx.tenant(), tx.now());
    let app = App {
        id: AppId::new(now, &SystemRng),
        name: format!("App {number}"),
        description: String::new(),
        state: "managed".to_owned(),
        discovered_by_app_id: None,
        leaver_rule: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::app::insert(tx.conn(), tenant, &app).await?;
    let id = ConnectorId::new(now, &SystemRng);
    let new = store::connector::Connector {
        id,
        app_id: app.id,
        catalog_id: "baton".to_owned(),
        hosting: domain::connector::Hosting::SelfHosted,
        display_name: format!("Connector {number}"),
        config: serde_json::json!({}),
        config_version: 1,
        provisioning_enabled: true,
        writes_refused: None,
        unsupported: std::collections::BTreeSet::new(),
        require_dpop: false,
        schedule: domain::schedule::Schedule::default(),
        hold_rules: serde_json::json!({}),
        metadata: None,
        first_contact_at: None,
        last_contact_at: None,
        poll_interval: Duration::from_secs(15),
        failures_in_a_row: 0,
        last_error: None,
        next_sync_at: None,
        last_sync_id: None,
        applied_sync_id: None,
        paused_at: None,
        pause_reason: None,
        known_status: String::new(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::connector::insert(tx.conn(), tenant, &new).await?;
    let sync = Task { task_type: Some(wire::TaskType::SyncFull(wire::SyncFullTask::default())), ..Default::default() };
    let task = NewTask {
        connector_id: id,
        kind: Kind::SyncFull,
        payload: sync.encode_to_vec(),
        available_at: now,
        sync_id: None,
        idempotency_key: None,
        wished_by: "system".to_owned(),
    };
    store::task::enqueue(tx, &task).await?;
    let actor = Actor::System(Part::System);
    let by = By { actor: &actor, via: Via::Cli, ip: None };
    let issued = auth::credential::rotate(tx, id, host, &Rotation::default(), by).await?;
    Ok(format!("{} {}\n", issued.client_id, issued.client_secret.expose_secret()))
}
