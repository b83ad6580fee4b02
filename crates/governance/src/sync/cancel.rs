//! Stops a sync (T-S10), and drops one that was held (T-S8).

use domain::access::Action;
use domain::audit::Object;
use domain::sync::{State, Step, audit_action};
use domain::task::{self, TaskId};
use ids::{AppId, SyncId};
use serde_json::json;
use store::Tx;
use store::connector::Level;
use store::sync::Sync;
use store::task::Ending;

use super::find;
use crate::Written;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};

impl Governance {
    /// Stops a sync whose file has not come. Its connector hears so at its next heartbeat.
    ///
    /// # Errors
    /// `FailedPrecondition` when its file came or it ended otherwise; `PermissionDenied`; `NotFound`.
    pub async fn cancel_sync(&self, caller: &Caller, id: SyncId) -> Result<Written<Sync>> {
        let mut tx = self.store().begin().await?;
        let mut sync = find(tx.conn(), self, caller, id, Action::EditConnector).await?;
        stop(&mut tx, caller, &mut sync, "somebody stopped it").await?;
        let seq = tx.commit().await?;
        Ok(Written::new(sync, seq))
    }
}

/// Stops a sync and the task that makes it.
pub(super) async fn stop(tx: &mut Tx, caller: &Caller, sync: &mut Sync, why: &str) -> Result<()> {
    if !step(tx, caller, sync, Step::Cancelled, why).await? {
        return Ok(());
    }
    let Some(id) = sync.task_id.as_deref().and_then(|id| id.parse::<TaskId>().ok()) else { return Ok(()) };
    match store::task::get_for_update(tx, &id).await?.map(|task| task.state) {
        Some(task::State::Queued) => {
            store::task::end(tx, &id, Ending::cancelled(why)).await?;
        }
        Some(task::State::Leased) => {
            store::task::ask_cancel(tx, &id).await?;
        }
        _ => {}
    }
    let words = format!("the sync was stopped: {why}");
    store::connector::write_line(tx, sync.connector_id, Some(sync.id), Level::Info, &words).await?;
    Ok(())
}

/// Drops a held sync.
pub(crate) async fn discard(tx: &mut Tx, caller: &Caller, sync: &mut Sync, why: &str) -> Result<bool> {
    step(tx, caller, sync, Step::Discarded, why).await
}

/// Takes a sync to its end. Returns whether it was not there already.
async fn step(tx: &mut Tx, caller: &Caller, sync: &mut Sync, step: Step, why: &str) -> Result<bool> {
    let before = sync.state;
    let after: State = before.after(step).map_err(|refused| {
        Error::new(Code::FailedPrecondition, refused.to_string()).with_hint("read the sync again to see what it does")
    })?;
    if before == after {
        return Ok(false);
    }
    sync.state = after;
    sync.finished_at = Some(tx.now());
    sync.error = Some(why.to_owned());
    store::sync::update(tx.conn(), sync).await?;
    let app = app_of(tx, sync).await?;
    let mut event = caller
        .event(audit_action(step).unwrap_or("sync.changed"), Object::new("sync", sync.id))
        .with_change(json!({"state": before.name()}), json!({"state": after.name()}))
        .with_reason(why);
    event.app_id = app;
    event.correlation_id.clone_from(&sync.task_id);
    tx.audit(event);
    Ok(true)
}

async fn app_of(tx: &mut Tx, sync: &Sync) -> Result<Option<AppId>> {
    let tenant = tx.tenant();
    Ok(store::credential::app_of(tx.conn(), tenant, sync.connector_id).await?)
}
