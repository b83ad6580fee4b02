//! Notices when a connector does well again, or falls silent, so that the audit log and its owners know.
//!
//! The status itself is derived at each look; what is kept is the one that was noticed last.
//!
//! Source: governance §2.1 (T-C5, T-C7).

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use domain::connector::{Status, silent_after};
use ids::ConnectorId;
use jiff::{SignedDuration, Timestamp};
use jobs::{Failure, Handler, Next};
use serde_json::json;
use store::Tx;
use store::connector::{self as table, Level};

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// The kind of the job that looks for connectors that fell silent.
pub(crate) const KIND: &str = "connector_silence";
/// How often is looked.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How many connectors are looked at in one turn.
const TURN: u32 = 200;

/// What looks for connectors that fell silent.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Silence(governance)))
}

struct Silence(Governance);

#[async_trait]
impl Handler for Silence {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let looked = context.cancel.run_until_cancelled(self.0.notice_silence()).await;
        let looked = looked.ok_or_else(|| Failure::Passing("interrupted".to_owned()))?;
        looked.map_err(|error| Failure::Passing(error.to_string()))?;
        Ok(Next::At(self.0.store().now().checked_add(EVERY).unwrap_or(Timestamp::MAX)))
    }
}

impl Governance {
    /// Notices which connectors fell silent, and which were heard of again. Returns how many.
    ///
    /// # Errors
    /// When the database refuses; what was noticed stays so.
    pub async fn notice_silence(&self) -> Result<usize> {
        let caller = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let quiet = silent_after(self.settings().poll_interval);
        let limit = self.store().now().checked_sub(quiet).unwrap_or(Timestamp::MIN);
        let (mut noticed, mut last) = (0, None);
        loop {
            let mut conn = self.store().read().await?;
            let turn = table::silence_changed(&mut conn, limit, last, TURN).await?;
            drop(conn);
            let Some(newest) = turn.last() else { return Ok(noticed) };
            last = Some(*newest);
            for id in turn {
                let mut tx = self.store().begin().await?;
                noticed += usize::from(self.notice_status(&mut tx, &caller, id).await?);
                tx.commit().await?;
            }
        }
    }

    /// Notices that a connector's status is another than it was, if it is. Returns whether it is.
    pub(crate) async fn notice_status(&self, tx: &mut Tx, caller: &Caller, id: ConnectorId) -> Result<bool> {
        let Some(connector) = table::find_for_update(tx, id).await? else { return Ok(false) };
        let (app, before) = (connector.app_id, connector.known_status.clone());
        let view = self.view(tx.conn(), connector).await?;
        if !table::set_known_status(tx.conn(), id, view.status.name()).await? {
            return Ok(false);
        }
        let (action, level) = match view.status {
            Status::Connected => ("connector.connected", Level::Info),
            Status::Silent => ("connector.silent", Level::Warning),
            // Every other status has an event of what brought it.
            _ => return Ok(true),
        };
        let event = caller.event(action, Object::new("connector", id)).with_app(app).with_reason(&view.reason);
        tx.audit(event.with_change(json!({"status": before}), json!({"status": view.status.name()})));
        let words = format!("{}: {}", view.status.label(), view.reason);
        table::write_line(tx, id, None, level, &words).await.map_err(Error::from)?;
        Ok(true)
    }
}
