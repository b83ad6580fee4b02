//! Connectors that run in this process: the same code as the self-hosted program, talking the same protocol to this
//! server, without a socket.
//!
//! Start at [`Hosted`]. A hosted connector costs nothing while it has nothing to do: it is started when a task waits for
//! it, and stopped some time after the last one. Its credential is made anew at each start and its secret kept nowhere.
//!
//! What keeps hosted connectors apart from the server and from each other: each has its own tasks of the runtime, whose
//! panics end there; a bound on how many run at the same time, and on how long one may work; files instead of memory for
//! what it reads; no connection to private networks unless the administrator allows it.

mod kinds;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use connector_sdk::runtime::Runtime;
use connector_sdk::service::{self, Credentials, Link, Options, Program};
use domain::actor::{Actor, Part};
use domain::audit::Via;
use governance::{Caller, Governance};
use ids::ConnectorId;
use store::connector::Connector;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use kinds::Kinds;

/// How often to look for connectors with work when nobody wakes the supervisor.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a connector without work is kept.
const KEPT_FOR: Duration = Duration::from_mins(1);
/// How long to wait before a connector is started again that ended with an error.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(10);

/// The bounds of hosted connectors.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many run at the same time in this process.
    pub concurrency: usize,
    /// How long one may run without a break; a sync that takes longer is cut and fails.
    pub longest: Duration,
}

/// Runs hosted connectors when there is work for them.
pub struct Hosted {
    governance: Governance,
    router: Router,
    kinds: Kinds,
    bounds: Bounds,
}

impl Hosted {
    /// A supervisor that talks to this router.
    #[must_use]
    pub fn new(governance: Governance, router: Router, kinds: Kinds, bounds: Bounds) -> Self {
        Self { governance, router, kinds, bounds }
    }

    /// Runs connectors until `cancel`; then lets them end their tasks.
    pub async fn run(self, cancel: CancellationToken) {
        let this = Arc::new(self);
        let mut running: HashMap<ConnectorId, CancellationToken> = HashMap::new();
        let mut runs: JoinSet<ConnectorId> = JoinSet::new();
        while !cancel.is_cancelled() {
            if runs.len() < this.bounds.concurrency {
                for id in this.with_work(runs.len()).await {
                    if runs.len() >= this.bounds.concurrency || running.contains_key(&id) {
                        continue;
                    }
                    let stop = cancel.child_token();
                    running.insert(id, stop.clone());
                    runs.spawn(Arc::clone(&this).one(id, stop));
                }
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                Some(ended) = runs.join_next() => {
                    if let Ok(id) = ended {
                        running.remove(&id);
                    }
                }
                () = this.governance.task_queued().notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        while runs.join_next().await.is_some() {}
    }

    async fn with_work(&self, running: usize) -> Vec<ConnectorId> {
        let limit = u32::try_from(self.bounds.concurrency + running).unwrap_or(u32::MAX);
        let found = async {
            let store = self.governance.store();
            store::task::hosted_with_work(&mut *store.read().await?, store.now(), limit).await
        };
        found.await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot look for work of hosted connectors");
            Vec::new()
        })
    }

    /// One connector from its start to its end. Returns its id.
    async fn one(self: Arc<Self>, id: ConnectorId, stop: CancellationToken) -> ConnectorId {
        // Its own task: a panic must not end the supervisor.
        let this = Arc::clone(&self);
        let inner = stop.clone();
        let run = tokio::spawn(async move { this.connect(id, inner).await });
        let end = tokio::time::timeout(self.bounds.longest, run).await;
        let error = match end {
            Ok(Ok(Ok(()))) => return id,
            Ok(Ok(Err(error))) => format!("{error:#}"),
            Ok(Err(_)) => "it stopped by a fault of its own".to_owned(),
            Err(_) => {
                stop.cancel();
                format!("it was stopped after {} seconds", self.bounds.longest.as_secs())
            }
        };
        tracing::warn!(connector.id = %id, error, "a hosted connector ended with an error");
        self.tell(id, &error).await;
        // Whatever was wrong is likely to be wrong in a moment too.
        let _ = tokio::time::timeout(PAUSE_AFTER_ERROR, stop.cancelled()).await;
        id
    }

    async fn connect(&self, id: ConnectorId, stop: CancellationToken) -> anyhow::Result<()> {
        let caller = Caller::new(Actor::System(Part::System), Via::Timer);
        let connector = self.governance.connector(&caller, id).await?.connector;
        let values = self.governance.open_settings(&connector).await?;
        let made = self.kinds.make(&connector.catalog_id, &values).map_err(anyhow::Error::msg)?;
        let issued = self.governance.hosted_credential(&caller, id).await?;
        let credentials = Credentials::parse(&issued.client_id.to_string(), &issued.client_secret)?;
        let program = Program { name: connector.catalog_id.clone(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let mut options = Options::new(credentials, program);
        "hosted".clone_into(&mut options.host_id);
        if connector.provisioning_enabled {
            options.provisioning = service::task::Provisioning::Enabled;
        }
        let runtime = Runtime { cancel: stop.clone(), ..Runtime::default() };
        let watch = tokio::spawn(Self::watch(self.governance.clone(), connector, stop));
        let result = service::run(made, options, Link::in_process(self.router.clone()), runtime).await;
        watch.abort();
        Ok(result?)
    }

    /// Stops the connector when it has had nothing to do for a while, or its settings are others now.
    async fn watch(governance: Governance, connector: Connector, stop: CancellationToken) {
        let mut idle = Duration::ZERO;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let look = async {
                let store = governance.store();
                let mut conn = store.read().await?;
                let now = store::connector::find(&mut conn, store.tenant(), connector.id).await?;
                let is_busy = !store::task::open_of(&mut conn, connector.id).await?.is_empty();
                Ok::<_, store::Error>((now, is_busy))
            };
            let Ok((now, is_busy)) = look.await else { continue };
            let is_same = now.is_some_and(|now| {
                now.config_version == connector.config_version
                    && now.provisioning_enabled == connector.provisioning_enabled
                    && now.paused_at.is_none()
            });
            idle = if is_busy { Duration::ZERO } else { idle + LOOK_EVERY };
            if !is_same || idle >= KEPT_FOR {
                stop.cancel();
                return;
            }
        }
    }

    async fn tell(&self, id: ConnectorId, error: &str) {
        let written = async {
            let mut tx = self.governance.store().begin().await?;
            let text = format!("The hosted connector ended: {error}");
            store::connector::write_line(&mut tx, id, None, store::connector::Level::Error, &text).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a line of a connector's log was not written");
        }
    }
}
