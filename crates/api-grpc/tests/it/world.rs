//! A server on a free port, with connectors.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api_grpc::server::certificate::Certificate;
use api_grpc::server::{Limits, Protection, serve};
use auth::credential::{Issued, Rotation};
use auth::{Authority, By};
use axum::Router;
use camino::Utf8PathBuf;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::task::{Kind, TaskId};
use governance::{Desk, Governance, Settings};
use ids::{AppId, ConnectorId, ManualClock, SeededRng, SystemRng};
use jiff::{SignedDuration, Timestamp};
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::{Task, task as wire};
use store::file::{Files, Place};
use store::seal::{SealKey, Sealer};
use store::task::NewTask;
use store::{Location, Store, Surroundings};
use testkit::database::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, Dial};

/// One server process.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) desk: Desk,
    pub(crate) governance: Governance,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) dial: Dial,
    pub(crate) cancel: CancellationToken,
    pub(crate) server: JoinHandle<()>,
}

const SYSTEM: Actor = Actor::System(Part::System);

fn by() -> By<'static> {
    By { actor: &SYSTEM, via: Via::Cli, ip: None }
}

/// How a server is set up.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) clock: ManualClock,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) limits: Limits,
    pub(crate) port: u16,
    pub(crate) upload_limit_bytes: u64,
}

impl Setup {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            clock: ManualClock::new("2026-11-23T08:00:00Z".parse()?),
            folder: Arc::new(tempfile::tempdir()?),
            limits: Limits { drain: Duration::from_secs(5), ..Limits::default() },
            port: 0,
            upload_limit_bytes: 8 << 20,
        })
    }

    pub(crate) async fn start(self, database: &Database) -> anyhow::Result<World> {
        let surroundings = Surroundings { clock: Arc::new(self.clock.clone()), rng: Arc::new(SystemRng) };
        let store = Store::open(&Location::parse(database.location())?, surroundings).await?;
        let sealer = Sealer::new(&[SealKey::generate(&SeededRng::new(1))])?;
        let folder = Utf8PathBuf::try_from(self.folder.path().to_owned())?;
        let files = Files::open(&Place::Folder(folder.join("files")), Arc::new(SystemRng)).await?;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        let address = listener.local_addr()?;
        let settings = Settings {
            base_url: format!("https://localhost:{}", address.port()),
            connector_host: format!("localhost:{}", address.port()),
            poll_interval: Duration::from_secs(15),
            heartbeat_interval: Duration::from_secs(30),
            task_lease: Duration::from_mins(15),
            upload_limit_bytes: self.upload_limit_bytes,
            mail: None,
        };
        let governance = Governance::new(store.clone(), sealer.clone(), files, settings);
        let authority = Arc::new(Authority::open(store.clone(), &sealer).await?);
        let desk = Desk::new(governance.clone());
        let rest = Router::new().route("/api/v1/ping", axum::routing::get(async || "pong"));
        let router = rest.merge(api_grpc::router(api_grpc::Api::new(desk.clone(), authority)));
        let router = api_grpc::unknown_services(router);
        let certificate = Certificate::own(&folder.join("tls"), &[], Timestamp::now())?;
        let trust = certificate.trust().unwrap().to_owned();
        let cancel = CancellationToken::new();
        let protection = Protection::TlsOrPlain(certificate);
        let server = tokio::spawn(serve(listener, protection, router, self.limits, cancel.clone()));
        let dial = Dial::new(address, trust.as_std_path())?;
        Ok(World { store, clock: self.clock, desk, governance, folder: self.folder, dial, cancel, server })
    }
}

impl World {
    pub(crate) async fn new(database: &Database) -> anyhow::Result<Self> {
        Setup::new()?.start(database).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.store.now()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A connector of a new app, without a credential.
    pub(crate) async fn connector(&self) -> anyhow::Result<ConnectorId> {
        let mut tx = self.store.begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let app = store::app::App {
            id: AppId::new(now, &SystemRng),
            name: AppId::new(now, &SystemRng).to_string(),
            description: String::new(),
            state: "managed".to_owned(),
            discovered_by_app_id: None,
            leaver_rule: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        store::app::insert(tx.conn(), tenant, &app).await?;
        let connector = ConnectorId::new(now, &SystemRng);
        sqlx::query(
            "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
             provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, \
             failures_in_a_row, known_status, created_at, updated_at, version) VALUES ($1, $2, $3, 'baton', \
             'self_hosted', 'Baton', '{}', 1, 1, 0, $4, '{}', '\"all\"', 15000000, 0, '', 0, 0, 1)",
        )
        .bind(connector.to_string())
        .bind(tenant.to_string())
        .bind(app.id.to_string())
        .bind(serde_json::to_string(&domain::schedule::Schedule::default())?)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(connector)
    }

    pub(crate) async fn rotate(&self, connector: ConnectorId, rotation: &Rotation) -> anyhow::Result<Issued> {
        let mut tx = self.store.begin().await?;
        let host = &self.governance.settings().connector_host;
        let issued = auth::credential::rotate(&mut tx, connector, host, rotation, by()).await?;
        tx.commit().await?;
        Ok(issued)
    }

    /// The client of this credential, not signed in yet.
    pub(crate) fn client_of(&self, issued: &Issued) -> anyhow::Result<Client> {
        let key = Arc::new(dpop::client_secret::parse(&issued.client_secret)?);
        Ok(Client { dial: self.dial.clone(), id: issued.client_id.clone(), key, token: String::new() })
    }

    /// A new connector, signed in.
    pub(crate) async fn signed_in(&self) -> anyhow::Result<(ConnectorId, Client)> {
        let connector = self.connector().await?;
        let mut client = self.client_of(&self.rotate(connector, &Rotation::default()).await?)?;
        client.sign_in(self.now()).await?;
        Ok((connector, client))
    }

    /// A task that waits for this connector.
    pub(crate) async fn wait(&self, connector: ConnectorId, kind: Kind) -> anyhow::Result<TaskId> {
        let task_type = match kind {
            Kind::Hello => wire::TaskType::Hello(wire::HelloTask::default()),
            Kind::Grant => wire::TaskType::Grant(wire::GrantTask::default()),
            Kind::Revoke => wire::TaskType::Revoke(wire::RevokeTask::default()),
            Kind::CreateAccount => wire::TaskType::CreateAccount(wire::CreateAccountTask::default()),
            Kind::DeleteResource => wire::TaskType::DeleteResource(wire::DeleteResourceTask::default()),
            Kind::SyncFull => anyhow::bail!("a sync is wished for by Hello"),
        };
        let payload = Task { task_type: Some(task_type), ..Default::default() };
        let mut tx = self.store.begin().await?;
        let new = NewTask {
            connector_id: connector,
            kind,
            payload: payload.encode_to_vec(),
            available_at: tx.now(),
            sync_id: None,
            idempotency_key: None,
            wished_by: "system".to_owned(),
        };
        let id = store::task::enqueue(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The task as it is now.
    pub(crate) async fn task(&self, id: &str) -> anyhow::Result<store::task::Task> {
        let found = store::task::get(&mut *self.store.read().await?, &id.parse()?).await?;
        found.with_context(|| format!("the task {id} is there"))
    }

    /// The sync of this task as it is now.
    pub(crate) async fn sync(&self, connector: ConnectorId, task: &str) -> anyhow::Result<store::sync::Sync> {
        let found = store::sync::of_task(&mut *self.store.read().await?, connector, task).await?;
        found.context("the sync is there")
    }

    /// The connector as it is now.
    pub(crate) async fn found(&self, connector: ConnectorId) -> anyhow::Result<store::connector::Connector> {
        let found = store::connector::find(&mut *self.store.read().await?, self.store.tenant(), connector).await?;
        found.context("the connector is there")
    }

    /// The lines of the connector's log, the oldest first.
    pub(crate) async fn lines(&self, connector: ConnectorId) -> anyhow::Result<Vec<String>> {
        let paging = store::Paging::first(100);
        let page = store::connector::lines(&mut *self.store.read().await?, connector, None, paging).await?;
        Ok(page.rows.into_iter().rev().map(|line| line.message).collect())
    }

    /// How many files the object storage has, whole or in parts.
    pub(crate) fn files(&self) -> anyhow::Result<usize> {
        let mut count = 0;
        let mut folders = vec![self.folder.path().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { count += 1 }
            }
        }
        Ok(count)
    }

    /// Changes a column of the connector's row.
    pub(crate) async fn set(&self, connector: ConnectorId, column: &str, value: i64) -> anyhow::Result<()> {
        let mut tx = self.store.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE connector SET {column} = $1 WHERE id = $2")))
            .bind(value)
            .bind(connector.to_string())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The audit actions so far, in their order.
    pub(crate) async fn actions(&self) -> anyhow::Result<Vec<String>> {
        let mut conn = self.store.read().await?;
        let verified = store::audit::verify(&mut conn, self.store.tenant()).await?;
        anyhow::ensure!(verified.faults.is_empty(), "{:?}", verified.faults);
        let rows = sqlx::query("SELECT action FROM audit_event ORDER BY seq").fetch_all(&mut *conn).await?;
        Ok(rows.iter().map(|row| sqlx::Row::get(row, "action")).collect())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
