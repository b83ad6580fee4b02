//! What the server does by itself: jobs, schedules, leases, hosted connectors.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use auth::Authority;
use axum::Router;
use axum::extract::ConnectInfo;
use governance::{Desk, Governance};
use jobs::Runner;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::Config;
use crate::hosted::{Bounds, Hosted, Kinds};

/// How often credentials expire, keys are rotated, and what was shown once is forgotten.
const TEND_EVERY: Duration = Duration::from_mins(2);

/// What works by itself.
pub(super) struct Background {
    pub(super) authority: Arc<Authority>,
    pub(super) desk: Desk,
    pub(super) kinds: Kinds,
    pub(super) router: Router,
}

impl Background {
    /// Starts everything; it ends after `cancel`.
    pub(super) fn start(
        self,
        config: &Config,
        governance: &Governance,
        parts: &TaskTracker,
        cancel: &CancellationToken,
    ) {
        let owner = format!("{}/{}", std::process::id(), Uuid::now_v7());
        let mut runner = Runner::new(governance.store().clone(), owner, Arc::clone(governance.job_queued()));
        for (kind, handler) in governance.job_handlers() {
            runner = runner.register(kind, config.jobs.concurrency, handler);
        }
        parts.spawn(runner.run(cancel.clone()));
        parts.spawn(self.desk.run(cancel.clone()));
        parts.spawn(governance.clone().run_schedule(cancel.clone()));
        parts.spawn(tend(self.authority, governance.clone(), cancel.clone()));
        if config.hosted.concurrency > 0 {
            let bounds = Bounds { concurrency: config.hosted.concurrency, longest: config.hosted.sync_timeout.get() };
            // Calls within the process come from the process itself.
            let here = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
            let router = self.router.layer(axum::Extension(here));
            parts.spawn(Hosted::new(governance.clone(), router, self.kinds, bounds).run(cancel.clone()));
        }
    }
}

/// Keeps house until `cancel`.
async fn tend(authority: Arc<Authority>, governance: Governance, cancel: CancellationToken) {
    loop {
        if let Err(error) = authority.tend().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "credentials could not be looked after");
        }
        if let Err(error) = store::idempotency::forget_expired(governance.store()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old answers could not be forgotten");
        }
        if cancel.run_until_cancelled(tokio::time::sleep(TEND_EVERY)).await.is_none() {
            return;
        }
    }
}
