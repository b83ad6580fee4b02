//! Syncs whose time has come.
//!
//! Start at [`Governance::run_schedule`]. Any number of server processes may run it on one database: each connector is
//! looked at alone, in a transaction that holds its row, so that its sync is queued once.
//!
//! While a sync is under way its connector has no next instant. Once the sync has ended, in whatever way and whoever saw
//! it, the next is planned by what the connector is like then: nobody who ends a sync has to think of it.
//!
//! Source: governance §1.4, §2.1 (T-C6), §2.2 (T-S1), §3.12.

use std::time::Duration;

use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::sync::Trigger;
use ids::ConnectorId;
use store::connector::{self, Connector};
use tokio_util::sync::CancellationToken;

use crate::context::{Caller, Governance};
use crate::error::Result;
use crate::wish;

/// How often due connectors are looked for; a process waits up to twice as long, so that several spread.
const LOOK: Duration = Duration::from_millis(750);
/// How many connectors are looked at in one turn.
const TURN: u32 = 200;

/// Next instants are planned every so many turns.
const PLAN_EVERY: u32 = 3;

impl Governance {
    /// Queues syncs whose time has come, and plans the next, until `cancel`. A database that is away is waited for.
    pub async fn run_schedule(self, cancel: CancellationToken) {
        let mut turn: u32 = 0;
        loop {
            let spread = LOOK.mul_f64(1.0 + crate::chance(self.store().rng().as_ref()));
            if cancel.run_until_cancelled(tokio::time::sleep(spread)).await.is_none() {
                return;
            }
            turn = turn.wrapping_add(1);
            told("queue syncs whose time has come", self.queue_due_syncs().await);
            if turn.is_multiple_of(PLAN_EVERY) {
                told("plan the next syncs", self.plan_next_syncs().await);
            }
        }
    }

    /// Queues a full sync for each connector whose time has come, folded into the one that is open. Returns how many were
    /// queued.
    ///
    /// # Errors
    /// When the database refuses; what was queued stays so.
    pub async fn queue_due_syncs(&self) -> Result<usize> {
        let store = self.store();
        let due = connector::due(&mut *store.read().await?, store.tenant(), store.now(), TURN).await?;
        let mut queued = 0;
        for id in due {
            queued += usize::from(self.one(id, self.queue(id)).await?);
        }
        if queued > 0 {
            self.task_queued().notify_waiters();
        }
        Ok(queued)
    }

    /// Says when connectors sync next whose last sync has ended: by their schedule, or sooner after failures. Returns for
    /// how many.
    ///
    /// # Errors
    /// When the database refuses; what was planned stays so.
    pub async fn plan_next_syncs(&self) -> Result<usize> {
        let store = self.store();
        let idle = connector::unscheduled(&mut *store.read().await?, store.tenant(), TURN).await?;
        let mut planned = 0;
        for id in idle {
            planned += usize::from(self.one(id, self.plan(id)).await?);
        }
        Ok(planned)
    }

    /// One connector's trouble is not that of the others; that of the database is.
    async fn one(&self, id: ConnectorId, work: impl Future<Output = Result<bool>>) -> Result<bool> {
        match work.await {
            Err(error) if error.retry().is_none() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, connector.id = %id, "the syncs of a connector cannot be scheduled; it is tried again");
                Ok(false)
            }
            result => result,
        }
    }

    async fn queue(&self, id: ConnectorId) -> Result<bool> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let is_due = |known: &Connector| known.paused_at.is_none() && known.next_sync_at.is_some_and(|at| at <= now);
        if !connector::find_for_update(&mut tx, id).await?.as_ref().is_some_and(is_due) {
            return Ok(false);
        }
        let timer = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let (_, is_new) = wish::sync(&mut tx, &timer, id, Trigger::Schedule).await?;
        connector::set_next_sync(tx.conn(), id, None).await?;
        tx.commit().await?;
        Ok(is_new)
    }

    async fn plan(&self, id: ConnectorId) -> Result<bool> {
        let mut tx = self.store().begin().await?;
        let (now, chance) = (tx.now(), crate::chance(tx.rng()));
        let Some(known) = connector::find_for_update(&mut tx, id).await? else { return Ok(false) };
        if known.next_sync_at.is_some() || store::sync::open_of(tx.conn(), id).await?.is_some() {
            return Ok(false);
        }
        let next = match known.failures_in_a_row {
            ..=0 => known.schedule.next(now, chance),
            failures => known.schedule.next_after_failure(now, failures, chance),
        };
        connector::set_next_sync(tx.conn(), id, Some(next)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// What runs by itself has nobody to answer: its failures go to the log, and it is tried again.
fn told(what: &str, result: Result<usize>) {
    if let Err(error) = result {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not {what}; it is tried again");
    }
}
