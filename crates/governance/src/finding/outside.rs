//! What a sync shows that Podium did not do.
//!
//! Source: governance R-O-1, R-O-2.

use jiff::SignedDuration;
use store::sync::Sync;

use crate::context::{Caller, Governance};
use crate::error::Result;

/// After how long a silence what changed is told as one finding. Source: R-O-2.
const GAP: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Governance {
    /// Notes what this sync, which was just applied and proved, shows that is not as it should be.
    pub(crate) async fn notice_outside(&self, caller: &Caller, sync: &Sync) -> Result<()> {
        self.notice_gap(sync).await?;
        self.check_findings_of(caller, sync.connector_id).await?;
        self.react(sync.connector_id).await
    }

    async fn notice_gap(&self, sync: &Sync) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let Some(app) = store::inventory::app_of(tx.conn(), sync.connector_id).await? else { return Ok(()) };
        let before = match sync.previous_applied_sync_id {
            Some(id) => store::sync::find(tx.conn(), tenant, id).await?,
            None => None,
        };
        let (is_first, span) = (sync.previous_applied_sync_id.is_none(), before.and_then(|before| before.started_at));
        let span = span.zip(sync.started_at).map(|(before, now)| now.duration_since(before));
        let why = if span.is_some_and(|span| span > GAP) {
            "nobody looked for more than a week"
        } else if is_first && store::finding::gap::had_another(&mut tx, sync.connector_id, app).await? {
            "the connector took the place of another one"
        } else {
            return Ok(());
        };
        store::finding::gap::note(&mut tx, sync.connector_id, app, sync.id, why).await?;
        tx.commit().await?;
        Ok(())
    }
}
