//! A look before an account is wished for again.
//!
//! A connector that vanishes while it creates an account may have created it. Nothing tells but the app itself, and no
//! protocol call looks up one account: so the task waits for a sync that began after it was lost. If that shows the
//! account, the task is done; else it is offered again.
//!
//! Source: baton-service-mode D3.

use domain::audit::Object;
use domain::sync::Trigger;
use domain::task::{Kind, LOOK_WITHIN, Outcome, State};
use jiff::Timestamp;
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::{Task as WireTask, task as wire};
use serde_json::{Value, json};
use store::connector::{self, Level};
use store::inventory::list::{self, AccountFilter};
use store::sync::Sync;
use store::task::{Ending, Task};
use store::{Paging, Tx};

use crate::context::Caller;
use crate::error::Result;
use crate::{provision, wish};

/// How many accounts with the address in their texts are compared.
const ALIKE: u32 = 200;

/// Has the task wait for a look, and wishes for the sync that brings it.
pub(super) async fn wish_for(tx: &mut Tx, caller: &Caller, task: &Task) -> Result<()> {
    let latest = tx.now().checked_add(LOOK_WITHIN).unwrap_or(Timestamp::MAX);
    store::task::offer_again(tx, &task.id, latest).await?;
    wish::sync(tx, caller, task.connector_id, Trigger::AfterChange).await?;
    Ok(())
}

/// This sync was applied: those who waited for a look have one.
pub(crate) async fn looked(tx: &mut Tx, caller: &Caller, sync: &Sync, started: Timestamp) -> Result<()> {
    let now = tx.now();
    for task in store::task::open_of(tx.conn(), sync.connector_id).await? {
        let lost_at = task.available_at.checked_sub(LOOK_WITHIN).unwrap_or(Timestamp::MIN);
        // One that is only tried again soon was not lost: counted back, it would have been before it was first taken.
        let is_lost = task.started_at.is_some_and(|taken| taken <= lost_at);
        let waits = task.kind == Kind::CreateAccount && task.state == State::Queued && is_lost;
        if !waits || task.available_at <= now || started < lost_at {
            continue;
        }
        if !is_there(tx, &task).await? {
            store::task::offer_at(tx, &task.id, now).await?;
            let words = "the account is not there: it is asked for again";
            connector::write_line(tx, task.connector_id, Some(sync.id), Level::Info, words).await?;
            continue;
        }
        let ending = Ending {
            state: State::Done,
            outcome: Outcome::AlreadyExists,
            code: None,
            message: None,
            response: None,
            annotations: None,
        };
        store::task::end(tx, &task.id, ending).await?;
        provision::reported(tx, caller, &task, Outcome::AlreadyExists, None, "").await?;
        let words = "the account is there: the connector had created it before it was lost";
        connector::write_line(tx, task.connector_id, Some(sync.id), Level::Info, words).await?;
        let event = caller.event("task.done", Object::new("task", &task.id)).with_reason(words);
        tx.audit(event.with_change(Value::Null, json!({"kind": task.kind, "outcome": Outcome::AlreadyExists})));
    }
    Ok(())
}

/// Whether an account of the connector has an address that the task names.
async fn is_there(tx: &mut Tx, task: &Task) -> Result<bool> {
    let tenant = tx.tenant();
    let Some(app) = store::credential::app_of(tx.conn(), tenant, task.connector_id).await? else { return Ok(false) };
    for address in addresses(&task.payload) {
        let filter =
            AccountFilter { connector: Some(task.connector_id), text: Some(&address), ..AccountFilter::default() };
        let alike = list::accounts(tx.conn(), app, filter, Paging::first(ALIKE)).await?;
        if alike.rows.iter().any(|account| account.emails.contains(&address)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The addresses of the account that is wished for, folded.
fn addresses(payload: &[u8]) -> Vec<String> {
    let task = WireTask::decode(payload).ok().and_then(|task| task.task_type);
    let Some(wire::TaskType::CreateAccount(task)) = task else { return Vec::new() };
    let info = task.account_info.unwrap_or_default();
    info.emails.iter().map(|email| domain::email::fold(&email.address)).collect()
}
