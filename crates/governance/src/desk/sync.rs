//! What tasks do to the syncs that they make.
//!
//! Source: governance §2.2 (T-S1–T-S4, T-S9, T-S10), §2.1 (T-C6).

use std::time::Duration;

use domain::audit::Object;
use domain::sync::{self, State, Step};
use domain::task;
use serde_json::json;
use store::Tx;
use store::connector::{self, Level};
use store::sync::Sync;

use super::Desk;
use crate::{Caller, Error, Result};

impl Desk {
    /// Takes a sync one step further. Returns whether it changed: a step that is done already changes nothing.
    pub(super) async fn step(&self, tx: &mut Tx, caller: &Caller, sync: &mut Sync, step: Step) -> Result<bool> {
        let before = sync.state;
        let after =
            before.after(step).map_err(|refused| Error::new(crate::Code::FailedPrecondition, refused.to_string()))?;
        if after == before {
            return Ok(false);
        }
        let now = tx.now();
        sync.state = after;
        match after {
            State::Running => sync.started_at = Some(now),
            State::Uploaded => sync.uploaded_at = Some(now),
            State::Failed | State::Cancelled => sync.finished_at = Some(now),
            _ => {}
        }
        store::sync::update(tx.conn(), sync).await?;
        if let Some(action) = sync::audit_action(step) {
            let tenant = tx.tenant();
            let app = store::credential::app_of(tx.conn(), tenant, sync.connector_id).await?;
            let mut event = caller
                .event(action, Object::new("sync", sync.id))
                .with_change(json!({"state": before.name()}), json!({"state": after.name()}))
                .with_correlation(sync.task_id.as_deref().unwrap_or_default());
            event.app_id = app;
            event.reason.clone_from(&sync.error);
            tx.audit(event);
        }
        Ok(true)
    }

    /// Ends a sync that went wrong before its file came (T-S9). The schedule sees the failure and waits longer (T-C6).
    pub(super) async fn fail_sync(&self, tx: &mut Tx, caller: &Caller, sync: &mut Sync, why: &str) -> Result<()> {
        sync.error = Some(why.to_owned());
        if !self.step(tx, caller, sync, Step::Failed).await? {
            return Ok(());
        }
        self.count_failure(tx, caller, sync, why).await
    }

    /// Writes down that a sync failed, for its connector.
    pub(super) async fn count_failure(&self, tx: &mut Tx, caller: &Caller, sync: &Sync, why: &str) -> Result<()> {
        let Some(known) = connector::find_for_update(tx, sync.connector_id).await? else { return Ok(()) };
        let failures = known.failures_in_a_row + 1;
        connector::set_sync_result(tx.conn(), known.id, sync.id, Some(why)).await?;
        let count = if failures > 1 { format!(" (failure {failures} in a row)") } else { String::new() };
        connector::write_line(tx, known.id, Some(sync.id), Level::Error, &format!("the sync failed: {why}{count}"))
            .await?;
        let object = Object::new("connector", sync.connector_id);
        let event = caller.event("connector.failed", object).with_app(known.app_id).with_reason(why);
        tx.audit(
            event.with_change(json!({"failuresInARow": known.failures_in_a_row}), json!({"failuresInARow": failures})),
        );
        self.governance.notice_status(tx, caller, known.id).await?;
        Ok(())
    }
}

/// The lease of a sync, from how often it is heard of (D3).
pub(super) fn lease(heartbeat: Duration) -> Duration {
    task::lease(task::Kind::SyncFull, heartbeat, Duration::ZERO)
}
