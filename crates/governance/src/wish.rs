//! Wishes for a sync of a connector (T-S1).

use domain::audit::Object;
use domain::sync::{Kind, Trigger};
use domain::task;
use ids::ConnectorId;
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::{Task, task as wire};
use serde_json::{Value, json};
use store::Tx;
use store::sync::{NewSync, Sync};
use store::task::NewTask;

use crate::context::Caller;
use crate::error::Result;

/// The form of file that connectors are asked for.
///
/// Source: baton-service-mode D4.
const ENGINE: &str = "sqlite";

/// Wishes for a full sync, unless one is open: then the wish is folded into it. Tells whether the sync is new.
///
/// A wish of a person has an audit row.
pub(crate) async fn sync(
    tx: &mut Tx,
    caller: &Caller,
    connector: ConnectorId,
    trigger: Trigger,
) -> Result<(Sync, bool)> {
    let wished_by = caller.actor.to_string();
    let new =
        NewSync { connector_id: connector, task_id: None, kind: Kind::Full, trigger, wished_by: wished_by.clone() };
    let (mut sync, is_new) = store::sync::wish(tx, &new).await?;
    if !is_new {
        return Ok((sync, false));
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
    // The next is planned once this one has ended.
    store::connector::set_next_sync(tx.conn(), connector, None).await?;
    if caller.actor.person().is_some() || matches!(caller.actor, domain::actor::Actor::Machine { .. }) {
        let object = Object::new("sync", sync.id);
        let after = json!({"connectorId": connector, "trigger": trigger.name(), "state": sync.state.name()});
        let event = caller.event("sync.queued", object).with_change(Value::Null, after);
        let tenant = tx.tenant();
        let app = store::credential::app_of(tx.conn(), tenant, connector).await?;
        tx.audit(match app {
            Some(app) => event.with_app(app),
            None => event,
        });
    }
    Ok((sync, true))
}
