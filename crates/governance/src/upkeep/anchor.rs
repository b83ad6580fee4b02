//! Once a day: what the audit chain was at the end of the day before, signed.

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jobs::{Failure, Handler, Next};
use serde_json::{Value, json};
use store::audit::anchor::{ANCHORED, Anchor, insert, last_before};

use super::failed;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// The kind of the job.
pub(super) const KIND: &str = "audit_anchor";

pub(super) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Daily(governance)))
}

struct Daily(Governance);

#[async_trait]
impl Handler for Daily {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let made = context.cancel.run_until_cancelled(self.0.anchor_audit()).await;
        made.ok_or_else(|| Failure::Passing("interrupted".to_owned()))?.map_err(|error| failed(&error))?;
        let today = day_of(self.0.store().now());
        let next = today.tomorrow().ok().and_then(begin);
        Ok(Next::At(next.unwrap_or(Timestamp::MAX)))
    }
}

impl Governance {
    /// Signs what the chain was when the last whole day (UTC) ended, unless that is done or nothing was written by then.
    ///
    /// # Errors
    /// When the database refuses, or the key that signs cannot be opened.
    pub async fn anchor_audit(&self) -> Result<Option<Anchor>> {
        let mut tx = self.store().begin().await?;
        let (tenant, today) = (tx.tenant(), day_of(tx.now()));
        let (Ok(day), Some(midnight)) = (today.yesterday(), begin(today)) else { return Ok(None) };
        let Some(head) = last_before(tx.conn(), tenant, midnight).await? else { return Ok(None) };
        let anchor = auth::anchor::sign(&mut tx, self.sealer(), day, head).await.map_err(Error::internal)?;
        if !insert(tx.conn(), tenant, &anchor).await? {
            return Ok(None);
        }
        let timer = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let event = timer.event(ANCHORED, Object::new("audit", day));
        let after = json!({"seq": anchor.seq, "hash": anchor.hash, "keyId": anchor.key_id});
        tx.audit(event.with_change(Value::Null, after));
        tx.commit().await?;
        Ok(Some(anchor))
    }
}

fn day_of(instant: Timestamp) -> Date {
    instant.to_zoned(TimeZone::UTC).date()
}

fn begin(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
