//! Syncs now, pauses, resumes and deletes a connector (T-S1, T-C8, T-C9).

use domain::access::Action;
use domain::audit::Object;
use domain::sync::{State as SyncState, Trigger};
use domain::task::State;
use ids::{AppId, ConnectorId};
use serde_json::{Value, json};
use store::Tx;
use store::connector::Level;
use store::sync::Sync;
use store::task::Ending;

use super::ConnectorView;
use crate::access;
use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::written::Written;
use crate::{provision, wish};

impl Governance {
    /// Wishes for a full sync. A second wish is folded into the open one (T-S1).
    ///
    /// # Errors
    /// `FailedPrecondition` when the connector is paused; `PermissionDenied`; `NotFound`.
    pub async fn sync_now(&self, caller: &Caller, id: ConnectorId) -> Result<Written<Sync>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let connector = access::connector(tx.conn(), tenant, caller, id, Action::EditConnector).await?;
        if connector.paused_at.is_some() {
            return Err(Error::new(Code::FailedPrecondition, "the connector is paused").with_hint("resume it first"));
        }
        let (sync, _) = wish::sync(&mut tx, caller, id, Trigger::Manual).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(sync, seq))
    }

    /// Pauses a connector: no task is offered to it, and the one it works on is called off.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `PermissionDenied`; `NotFound`.
    pub async fn pause_connector(
        &self,
        caller: &Caller,
        id: ConnectorId,
        reason: &str,
    ) -> Result<Written<ConnectorView>> {
        let reason = checked_reason(reason)?;
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let mut connector = access::connector(tx.conn(), tenant, caller, id, Action::EndConnector).await?;
        let mut seq = None;
        if connector.paused_at.is_none() {
            let now = tx.now();
            connector.paused_at = Some(now);
            connector.pause_reason = Some(reason.clone());
            store::connector::update(tx.conn(), &mut connector, now).await?;
            call_off(&mut tx, caller, id, "the connector was paused").await?;
            let object = Object::new("connector", id);
            tx.audit(caller.event("connector.paused", object).with_app(connector.app_id).with_reason(&reason));
            store::connector::write_line(&mut tx, id, None, Level::Info, &format!("Paused: {reason}")).await?;
        }
        let view = self.view(tx.conn(), connector).await?;
        seq = tx.commit().await?.or(seq);
        Ok(Written::new(view, seq))
    }

    /// Lets a paused connector work again.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound`.
    pub async fn resume_connector(&self, caller: &Caller, id: ConnectorId) -> Result<Written<ConnectorView>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let mut connector = access::connector(tx.conn(), tenant, caller, id, Action::EndConnector).await?;
        let mut seq = None;
        if connector.paused_at.is_some() {
            let now = tx.now();
            connector.paused_at = None;
            connector.pause_reason = None;
            store::connector::update(tx.conn(), &mut connector, now).await?;
            let event = caller.event("connector.resumed", Object::new("connector", id));
            tx.audit(event.with_app(connector.app_id));
            store::connector::write_line(&mut tx, id, None, Level::Info, "Resumed").await?;
            provision::offer_waiting(&mut tx, caller, id).await?;
        }
        let view = self.view(tx.conn(), connector).await?;
        seq = tx.commit().await?.or(seq);
        self.task_queued().notify_waiters();
        Ok(Written::new(view, seq))
    }

    /// Deletes a connector whose name was typed to confirm it. Its credentials end, its open tasks are called off; the
    /// accounts and grants that it brought stay.
    ///
    /// # Errors
    /// `InvalidArgument` when the name differs; `Aborted` when it has another version; `PermissionDenied`; `NotFound`.
    pub async fn delete_connector(
        &self,
        caller: &Caller,
        id: ConnectorId,
        version: Option<i64>,
        typed_name: &str,
    ) -> Result<Written<AppId>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let connector = access::connector(tx.conn(), tenant, caller, id, Action::EndConnector).await?;
        check_version(version, connector.version, "connector", id)?;
        if typed_name != connector.display_name {
            return Err(Error::invalid("name", format!("type the name `{}` to delete it", connector.display_name)));
        }
        let now = tx.now();
        auth::credential::revoke_all(&mut tx, id, caller.by()).await.map_err(super::credential::refused)?;
        call_off(&mut tx, caller, id, "the connector was deleted").await?;
        provision::to_people(&mut tx, caller, id, "the connector was deleted").await?;
        store::connector::delete(tx.conn(), &connector, now).await?;
        let event = caller.event("connector.deleted", Object::new("connector", id)).with_app(connector.app_id);
        tx.audit(event.with_change(json!({"displayName": connector.display_name}), Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new(connector.app_id, seq))
    }
}

/// Calls off everything that waits or is worked on: what waits ends now, what is worked on hears it at its next
/// heartbeat.
async fn call_off(tx: &mut Tx, caller: &Caller, id: ConnectorId, why: &str) -> Result<()> {
    for task in store::task::open_of(tx.conn(), id).await? {
        if task.state == State::Leased {
            store::task::ask_cancel(tx, &task.id).await?;
            continue;
        }
        store::task::end(tx, &task.id, Ending::cancelled(why)).await?;
        provision::blocked(tx, caller, &task, why).await?;
        let Some(sync) = task.sync_id else { continue };
        let tenant = tx.tenant();
        if let Some(mut sync) = store::sync::find(tx.conn(), tenant, sync).await?
            && matches!(sync.state, SyncState::Queued | SyncState::Running)
        {
            let before = sync.state;
            sync.state = SyncState::Cancelled;
            sync.finished_at = Some(tx.now());
            sync.error = Some(why.to_owned());
            store::sync::update(tx.conn(), &mut sync).await?;
            let event = caller.event("sync.cancelled", Object::new("sync", sync.id)).with_reason(why);
            tx.audit(event.with_change(json!({"state": before.name()}), json!({"state": sync.state.name()})));
        }
    }
    Ok(())
}
