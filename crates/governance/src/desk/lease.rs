//! Leases that go on, and leases that ran out.
//!
//! Source: baton-service-mode D3, §16 item 17; governance T-S3, T-S9.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use domain::sync::{State as SyncState, Step};
use domain::task::{self, AfterLease, Outcome, State, TaskId};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::connector::{self, Level};
use store::sync::Sync;
use store::task::{Ending, Task};

use super::{Desk, look};
use crate::{Caller, Result, provision};

pub(super) use store::task::Renewal;

/// How many lost leases are looked at in one turn.
const SWEEP: u32 = 200;

/// Leases that go on since that was last written down.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    waiting: Mutex<BTreeMap<TaskId, Renewal>>,
}

impl Renewals {
    pub(super) fn put(&self, renewal: Renewal) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(renewal.id.clone(), renewal);
    }

    fn take(&self) -> Vec<Renewal> {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_values().collect()
    }
}

/// This much later.
pub(super) fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}

impl Desk {
    /// Writes down which leases go on.
    ///
    /// # Errors
    /// When the database refuses; they are remembered on.
    pub async fn flush_leases(&self) -> Result<()> {
        let renewals = self.renewals.take();
        if renewals.is_empty() {
            return Ok(());
        }
        let written = async {
            let mut tx = self.governance.store().begin().await?;
            store::task::renew_all(&mut tx, &renewals).await?;
            tx.commit().await.map(drop)
        };
        if let Err(error) = written.await {
            for renewal in renewals {
                self.renewals.put(renewal);
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// Takes tasks away from connectors that were not heard of until their lease ended: they are offered again, or fail.
    /// Returns how many there were. Several processes may do so at the same time.
    ///
    /// # Errors
    /// When the database refuses. What was done stays done.
    pub async fn sweep(&self) -> Result<usize> {
        let store = self.governance.store();
        let lost = store::task::expired(&mut *store.read().await?, store.now(), SWEEP).await?;
        let mut taken = 0;
        for id in lost {
            let mut tx = store.begin().await?;
            let now = tx.now();
            let task = store::task::get_for_update(&mut tx, &id).await?;
            let is_lost =
                |task: &Task| task.state == State::Leased && task.lease_until.is_some_and(|until| until <= now);
            if let Some(task) = task.filter(is_lost) {
                self.lost(&mut tx, &task).await?;
                tx.commit().await?;
                taken += 1;
            }
        }
        if taken > 0 {
            self.governance.task_queued().notify_waiters();
        }
        Ok(taken)
    }

    async fn lost(&self, tx: &mut Tx, task: &Task) -> Result<()> {
        let caller = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let host = task.lease_host.as_deref().unwrap_or("the connector");
        let attempts = u32::try_from(task.attempts).unwrap_or(u32::MAX);
        let mut sync = store::sync::of_task(tx.conn(), task.connector_id, task.id.as_str()).await?;
        if sync.as_ref().is_some_and(|sync| sync.state.after(Step::Offered).is_err()) {
            // Its file is here, or it ended: only the report was lost.
            return end(tx, task, State::Done, Outcome::Success, None).await;
        }
        let sync_id = sync.as_ref().map(|sync| sync.id);
        let what = task.kind.name();
        match task::after_lease(task.kind, task.attempts, task.cancel_asked_at.is_some()) {
            AfterLease::OfferAgain => {
                let then = if task.kind == task::Kind::CreateAccount {
                    look::wish_for(tx, &caller, task).await?;
                    "it is offered again once a sync shows that the account is not there"
                } else {
                    let now = tx.now();
                    store::task::offer_again(tx, &task.id, now).await?;
                    "it is offered again"
                };
                let words = format!(
                    "`{host}` was not heard of while it worked on `{what}` (attempt {attempts} of {}); {then}",
                    task.kind.max_attempts()
                );
                connector::write_line(tx, task.connector_id, sync_id, Level::Warning, &words).await?;
                provision::offered_again(tx, &caller, task, &words).await?;
                match &mut sync {
                    Some(sync) => drop(self.step(tx, &caller, sync, Step::LeaseLost { attempts }).await?),
                    None => tx.audit(caller.event("task.lease_lost", Object::new("task", &task.id))),
                }
            }
            AfterLease::Fail => self.give_up(tx, &caller, task, sync).await?,
            AfterLease::Cancel => {
                end(tx, task, State::Cancelled, Outcome::Cancelled, None).await?;
                provision::reported(tx, &caller, task, Outcome::Cancelled, None, "").await?;
                match &mut sync {
                    Some(sync) => drop(self.step(tx, &caller, sync, Step::Cancelled).await?),
                    None => tx.audit(caller.event("task.cancelled", Object::new("task", &task.id))),
                }
            }
        }
        Ok(())
    }

    /// A task that its connectors lost too often.
    async fn give_up(&self, tx: &mut Tx, caller: &Caller, task: &Task, sync: Option<Sync>) -> Result<()> {
        let host = task.lease_host.as_deref().unwrap_or("the connector");
        let attempts = u32::try_from(task.attempts).unwrap_or(u32::MAX);
        let why = format!("`{host}` was not heard of in {attempts} attempts; see whether the connector runs");
        end(tx, task, State::Failed, Outcome::LeaseLost, Some(why.clone())).await?;
        provision::reported(tx, caller, task, Outcome::LeaseLost, None, &why).await?;
        self.count_outcome(tx, task.connector_id, Outcome::LeaseLost).await?;
        let Some(mut sync) = sync else {
            let words = format!("`{}` failed: {why}", task.kind);
            connector::write_line(tx, task.connector_id, None, Level::Error, &words).await?;
            tx.audit(caller.event("task.failed", Object::new("task", &task.id)).with_reason(why));
            return Ok(());
        };
        sync.error = Some(why.clone());
        // A sync whose offer was not written down is queued yet, and fails all the same.
        let step = match sync.state {
            SyncState::Running => Step::LeaseLost { attempts },
            _ => Step::Failed,
        };
        if self.step(tx, caller, &mut sync, step).await? {
            self.count_failure(tx, caller, &sync, &why).await?;
        }
        Ok(())
    }
}

async fn end(tx: &mut Tx, task: &Task, state: State, outcome: Outcome, message: Option<String>) -> Result<()> {
    let ending = Ending { state, outcome, code: None, message, response: None, annotations: None };
    store::task::end(tx, &task.id, ending).await?;
    Ok(())
}
