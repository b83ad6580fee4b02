//! What keeps a job from being offered that takes something away.
//!
//! Source: governance §3.9 (R-B-1, R-B-3).

use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use domain::breaker::{ALWAYS, WINDOW, trips};
use domain::provision::{Cause, Step};
use ids::SyncId;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Tx;
use store::provision::{BREAKER, Job};
use store::task::Ending;

use super::{blocked, step};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// What `blocked_by` is of a job that waits until somebody has decided about a held sync.
const HOLD: &str = "hold";

/// Why the job may not be offered now, if so.
pub(super) async fn held_back(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<Option<&'static str>> {
    if !job.effect.is_destructive() {
        return Ok(None);
    }
    if waits_for_hold(job) && store::hold::open_of(tx.conn(), job.connector_id).await?.is_some() {
        return Ok(Some(HOLD));
    }
    Ok(too_many(tx, caller, job).await?.then_some(BREAKER))
}

impl Governance {
    /// A sync is held: what its connector was already asked to take away, and has not begun, waits too (R-B-3).
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) async fn call_back(&self, sync: SyncId) -> Result<()> {
        let caller = Caller::new(Actor::System(Part::Ingest), Via::Ingest);
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = store::sync::find(tx.conn(), tenant, sync).await?;
        let connector = found.ok_or_else(|| Error::not_found("sync", sync))?.connector_id;
        if store::hold::open_of(tx.conn(), connector).await?.is_none() {
            return Ok(());
        }
        for task in store::task::open_of(tx.conn(), connector).await? {
            if task.state != domain::task::State::Queued {
                continue;
            }
            let Some(job) = store::provision::of_task(&mut tx, &task.id).await? else { continue };
            if waits_for_hold(&job) {
                store::task::end(&mut tx, &task.id, Ending::cancelled("a sync is held")).await?;
                blocked(&mut tx, &caller, &task, HOLD).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Whether it takes something away that no person decided for one account, or agreed to beforehand (R-B-3).
const fn waits_for_hold(job: &Job) -> bool {
    let is_agreed = matches!(job.cause, Cause::Request | Cause::Return | Cause::Expiry | Cause::Undo);
    job.effect.is_destructive() && !is_agreed
}

/// R-B-1. Trips the breaker when this one is one too many.
async fn too_many(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<bool> {
    let mut breaker = store::breaker::of(tx.conn(), job.app_id).await?;
    if breaker.settled_at.is_some_and(|settled| job.created_at <= settled) {
        return Ok(false);
    }
    if breaker.tripped_at.is_some() {
        return Ok(true);
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    let hour = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let since = breaker.settled_at.map_or(hour, |settled| settled.max(hour));
    let taken = store::provision::destructive_since(tx.conn(), job.app_id, since).await?;
    if taken < ALWAYS {
        return Ok(false);
    }
    let accounts = store::inventory::list::count_accounts(tx.conn(), job.app_id).await?;
    if !trips(taken, accounts) {
        return Ok(false);
    }
    breaker.tripped_at = Some(now);
    store::breaker::set(tx.conn(), tenant, &mut breaker).await?;
    let event = caller.event("breaker.tripped", Object::new("app", job.app_id)).with_app(job.app_id);
    tx.audit(event.with_change(Value::Null, json!({"takenInAnHour": taken, "accounts": accounts})));
    Ok(true)
}

/// Has the job wait (T-J3).
pub(super) async fn block(tx: &mut Tx, caller: &Caller, job: &mut Job, why: &str) -> Result<()> {
    let now = tx.now();
    job.blocked_by = Some(why.to_owned());
    step(tx, caller, job, Step::Blocked)?;
    Ok(store::provision::update(tx.conn(), job, now).await?)
}

/// Nothing keeps the job any more (T-J3).
pub(super) async fn release(tx: &mut Tx, caller: &Caller, job: &mut Job) -> Result<()> {
    let now = tx.now();
    job.blocked_by = None;
    step(tx, caller, job, Step::Released)?;
    Ok(store::provision::update(tx.conn(), job, now).await?)
}
