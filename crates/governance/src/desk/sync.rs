//! What tasks do to the syncs that they make.
//!
//! Source: governance §2.2 (T-S1–T-S4, T-S9, T-S10), §2.1 (T-C6).

use std::time::Duration;

use domain::audit::Object;
use domain::sync::{self, Kind, State, Step, Trigger};
use domain::task;
use ids::{ConnectorId, Rng};
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::{Task, task as wire};
use serde_json::json;
use store::Tx;
use store::connector::{self, Level};
use store::sync::{NewSync, Sync};
use store::task::NewTask;

use super::Desk;
use crate::{Caller, Error, Result};

/// The form of file that connectors are asked for (D4).
const ENGINE: &str = "sqlite";

impl Desk {
    /// Wishes for a full sync of a connector, unless one is open (T-S1).
    pub(super) async fn wish_sync(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        connector: ConnectorId,
        trigger: Trigger,
    ) -> Result<()> {
        let wished_by = caller.actor.to_string();
        let new =
            NewSync { connector_id: connector, task_id: None, kind: Kind::Full, trigger, wished_by: wished_by.clone() };
        let (mut sync, is_new) = store::sync::wish(tx, &new).await?;
        if !is_new {
            return Ok(());
        }
        let full = wire::SyncFullTask { storage_engine: ENGINE.to_owned(), ..Default::default() };
        let payload = Task { task_type: Some(wire::TaskType::SyncFull(full)), ..Default::default() };
        let task = NewTask {
            connector_id: connector,
            kind: task::Kind::SyncFull,
            payload: payload.encode_to_vec(),
            available_at: tx.now(),
            sync_id: Some(sync.id),
            idempotency_key: Some(sync.id.to_string()),
            wished_by,
        };
        sync.task_id = Some(store::task::enqueue(tx, &task).await?.to_string());
        store::sync::update(tx.conn(), &mut sync).await?;
        Ok(())
    }

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

    /// Ends a sync that went wrong before its file was applied (T-S9), and waits longer before the next (T-C6).
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
        let (now, chance) = (tx.now(), chance(tx.rng()));
        connector::set_sync_result(tx.conn(), known.id, sync.id, Some(why)).await?;
        let next = known.schedule.next_after_failure(now, failures, chance);
        connector::set_next_sync(tx.conn(), known.id, Some(next)).await?;
        let count = if failures > 1 { format!(" (failure {failures} in a row)") } else { String::new() };
        connector::write_line(tx, known.id, Some(sync.id), Level::Error, &format!("the sync failed: {why}{count}"))
            .await?;
        let object = Object::new("connector", sync.connector_id);
        let event = caller.event("connector.failed", object).with_app(known.app_id).with_reason(why);
        tx.audit(
            event.with_change(json!({"failuresInARow": known.failures_in_a_row}), json!({"failuresInARow": failures})),
        );
        Ok(())
    }
}

/// A number between 0 and 1.
fn chance(rng: &dyn Rng) -> f64 {
    f64::from(u32::try_from(rng.next_u64() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// The lease of a sync, from how often it is heard of (D3).
pub(super) fn lease(heartbeat: Duration) -> Duration {
    task::lease(task::Kind::SyncFull, heartbeat, Duration::ZERO)
}
