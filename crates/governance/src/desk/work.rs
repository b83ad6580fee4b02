//! Taking work, and saying that it goes on.
//!
//! Source: baton-service-mode §§7, 8, 16 items 12–16, 23, 24.

use std::time::Duration;

use domain::sync::Step;
use domain::task::{self, State, TaskId};
use proto::Message as _;
use proto::c1::connectorapi::baton::v1 as wire;
use store::task::{Lease, Task};

use super::lease::{Renewal, after};
use super::{Connector, Desk, from_connector, sync};
use crate::{Caller, Error, Result, provision};

/// What fits into one answer, which upstream reads up to 4 MiB of.
const ANSWER_BYTES: usize = 3 << 20;

/// What a connector gets to do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The tasks, the most urgent first.
    pub tasks: Vec<wire::Task>,
    /// When to ask again.
    pub next_poll: Duration,
    /// How often to say that a task goes on.
    pub next_heartbeat: Duration,
}

/// The answer to a sign of life.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// When to give the next.
    pub next: Duration,
    /// The tasks to stop.
    pub cancelled: Vec<TaskId>,
}

impl Desk {
    /// Up to `limit` tasks, none of which is offered again before its lease ends. The connector says which it knows
    /// already: these are not answered, and their leases go on.
    ///
    /// Nothing is written when there is nothing to do.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_tasks(&self, caller: &Caller, limit: u32, known: &[TaskId]) -> Result<Work> {
        let from = from_connector(caller)?;
        self.heard(from);
        let (store, settings) = (self.governance.store(), self.governance.settings());
        for id in known {
            self.goes_on(caller, from, id).await?;
        }
        let lease = Lease {
            host: from.host.to_owned(),
            credential: from.credential,
            sync: sync::lease(settings.heartbeat_interval),
            other: settings.task_lease,
        };
        let mut claimed = store::task::claim(store, from.id, &lease, limit).await?;
        claimed.retain(|task| !known.contains(&task.id));
        let (mut tasks, mut bytes, mut left) = (Vec::new(), 0, false);
        for task in &claimed {
            bytes += task.payload.len() + 64;
            if bytes > ANSWER_BYTES && !tasks.is_empty() {
                self.give_back(&task.id).await?;
                left = true;
                continue;
            }
            if task.kind == task::Kind::SyncFull {
                self.sync_offered(caller, task).await?;
            } else if task.kind.is_write() {
                self.job_offered(caller, task).await?;
            }
            tasks.push(decoded(task)?);
        }
        let more = left || (!tasks.is_empty() && self.waits(from).await?);
        Ok(Work {
            tasks,
            next_poll: if more { Duration::ZERO } else { settings.poll_interval },
            next_heartbeat: settings.heartbeat_interval,
        })
    }

    /// A sign of life of these tasks.
    ///
    /// One that is done, called off, somebody else's or unknown is to be stopped; the lease of every other goes on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn heartbeat(&self, caller: &Caller, ids: &[TaskId]) -> Result<Pulse> {
        let from = from_connector(caller)?;
        self.heard(from);
        let mut cancelled = Vec::new();
        for id in ids {
            if !self.goes_on(caller, from, id).await? {
                cancelled.push(id.clone());
            }
        }
        Ok(Pulse { next: self.governance.settings().heartbeat_interval, cancelled })
    }

    /// Whether a connector may go on with a task that it says it has; its lease is renewed then.
    async fn goes_on(&self, caller: &Caller, from: Connector<'_>, id: &TaskId) -> Result<bool> {
        let task = store::task::get(&mut *self.governance.store().read().await?, id).await?;
        let Some(task) = task.filter(|task| task.connector_id == from.id) else { return Ok(false) };
        if task.cancel_asked_at.is_some() {
            return Ok(false);
        }
        match task.state {
            State::Leased if task.lease_host.as_deref() == Some(from.host) => {
                self.renewals.put(Renewal { id: id.clone(), host: from.host.to_owned(), until: self.until(task.kind) });
                Ok(true)
            }
            // Its lease ran out while nobody could hear it, for example because the server was away. It still works.
            State::Queued if task.attempts > 0 => self.take_again(caller, from, &task).await,
            _ => Ok(false),
        }
    }

    async fn take_again(&self, caller: &Caller, from: Connector<'_>, task: &Task) -> Result<bool> {
        let mut tx = self.governance.store().begin().await?;
        let until = self.until(task.kind);
        if !store::task::take_again(&mut tx, &task.id, from.host, from.credential, until).await? {
            return Ok(false);
        }
        self.running(&mut tx, caller, task).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// T-S2.
    async fn sync_offered(&self, caller: &Caller, task: &Task) -> Result<()> {
        let mut tx = self.governance.store().begin().await?;
        self.running(&mut tx, caller, task).await?;
        tx.commit().await?;
        Ok(())
    }

    /// T-J4.
    async fn job_offered(&self, caller: &Caller, task: &Task) -> Result<()> {
        let mut tx = self.governance.store().begin().await?;
        provision::offered(&mut tx, caller, task).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn running(&self, tx: &mut store::Tx, caller: &Caller, task: &Task) -> Result<()> {
        let found = store::sync::of_task(tx.conn(), task.connector_id, task.id.as_str()).await?;
        if let Some(mut sync) = found.filter(|sync| sync.state.after(Step::Offered).is_ok()) {
            self.step(tx, caller, &mut sync, Step::Offered).await?;
        }
        Ok(())
    }

    async fn give_back(&self, id: &TaskId) -> Result<()> {
        let mut tx = self.governance.store().begin().await?;
        let now = tx.now();
        store::task::offer_again(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn waits(&self, from: Connector<'_>) -> Result<bool> {
        let store = self.governance.store();
        Ok(store::task::count_available(&mut *store.read().await?, from.id, store.now()).await? > 0)
    }

    /// Until when a lease that is renewed now goes on.
    fn until(&self, kind: task::Kind) -> jiff::Timestamp {
        let settings = self.governance.settings();
        after(self.governance.store().now(), task::lease(kind, settings.heartbeat_interval, settings.task_lease))
    }
}

fn decoded(task: &Task) -> Result<wire::Task> {
    let mut decoded = wire::Task::decode(task.payload.as_slice()).map_err(Error::internal)?;
    decoded.id = task.id.to_string();
    Ok(decoded)
}
