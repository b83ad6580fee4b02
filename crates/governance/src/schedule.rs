//! Syncs whose time has come.
//!
//! Start at [`Governance::run_schedule`]. Any number of server processes may run it on one database: each due connector
//! is looked at alone, in a transaction that holds its row, so that its sync is queued once.
//!
//! Source: governance §1.4, §2.2 (T-S1), §3.12.

use std::time::Duration;

use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::sync::Trigger;
use ids::ConnectorId;
use store::connector;
use tokio_util::sync::CancellationToken;

use crate::context::{Caller, Governance};
use crate::error::Result;
use crate::wish;

/// How often due connectors are looked for; a process waits up to twice as long, so that several spread.
const LOOK: Duration = Duration::from_millis(750);
/// How many connectors are looked at in one turn.
const TURN: u32 = 200;

impl Governance {
    /// Queues syncs whose time has come, until `cancel`. A database that is away is waited for.
    pub async fn run_schedule(self, cancel: CancellationToken) {
        loop {
            let spread = LOOK.mul_f64(1.0 + crate::chance(self.store().rng().as_ref()));
            if cancel.run_until_cancelled(tokio::time::sleep(spread)).await.is_none() {
                return;
            }
            if let Err(error) = self.queue_due_syncs().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "could not queue syncs whose time has come; it is tried again");
            }
        }
    }

    /// Queues a full sync for each connector whose time has come, folded into the one that is open, and says when its
    /// next is due. Connectors that synced before and have no next time, for example because their sync was stopped, get
    /// one. Returns how many syncs were queued.
    ///
    /// # Errors
    /// When the database refuses; what was queued stays so.
    pub async fn queue_due_syncs(&self) -> Result<usize> {
        let store = self.store();
        let (tenant, now) = (store.tenant(), store.now());
        let mut conn = store.read().await?;
        let due = connector::due(&mut conn, tenant, now, TURN).await?;
        let idle = connector::unscheduled(&mut conn, tenant, TURN).await?;
        drop(conn);
        let mut queued = 0;
        for id in due.into_iter().chain(idle) {
            match self.look_at(id).await {
                Ok(true) => queued += 1,
                Ok(false) => {}
                Err(error) if error.retry().is_some() => return Err(error),
                // One connector's trouble is not that of the others.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, connector.id = %id, "could not queue the sync of a connector; it is tried again");
                }
            }
        }
        if queued > 0 {
            self.task_queued().notify_waiters();
        }
        Ok(queued)
    }

    /// Returns whether a sync was queued.
    async fn look_at(&self, id: ConnectorId) -> Result<bool> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let Some(connector) = connector::find_for_update(&mut tx, id).await? else { return Ok(false) };
        if connector.paused_at.is_some() || connector.next_sync_at.is_some_and(|at| at > now) {
            return Ok(false);
        }
        let mut is_new = false;
        if connector.next_sync_at.is_some() {
            let timer = Caller::new(Actor::System(Part::Timer), Via::Timer);
            (_, is_new) = wish::sync(&mut tx, &timer, id, Trigger::Schedule).await?;
        }
        let next = connector.schedule.next(now, crate::chance(tx.rng()));
        connector::set_next_sync(tx.conn(), id, Some(next)).await?;
        tx.commit().await?;
        Ok(is_new)
    }
}
