//! Syncs whose differences are told as one finding.
//!
//! Source: governance R-O-2.

use ids::{AppId, ConnectorId, SyncId};

use crate::Tx;
use crate::error::Result;

/// What this sync brought is told as one. Nothing when the sync changed nothing, or it was said before.
///
/// # Errors
/// When the database refuses.
pub async fn note(tx: &mut Tx, connector: ConnectorId, app: AppId, sync: SyncId, why: &str) -> Result<()> {
    let tenant = tx.tenant().to_string();
    sqlx::query(
        "INSERT INTO sync_gap (connector_id, seq, tenant_id, app_id, sync_id, why) \
         SELECT connector_id, seq, $3, $4, $2, $5 FROM sync_seq WHERE connector_id = $1 AND sync_id = $2 \
         ON CONFLICT (connector_id, seq) DO NOTHING",
    )
    .bind(connector.to_string())
    .bind(sync.to_string())
    .bind(tenant)
    .bind(app.to_string())
    .bind(why)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether another connector of the app, which is deleted by now, had been read before.
///
/// # Errors
/// When the database refuses.
pub async fn had_another(tx: &mut Tx, connector: ConnectorId, app: AppId) -> Result<bool> {
    let found = sqlx::query(
        "SELECT 1 AS one FROM connector WHERE app_id = $1 AND id <> $2 AND deleted_at IS NOT NULL \
         AND applied_sync_id IS NOT NULL LIMIT 1",
    )
    .bind(app.to_string())
    .bind(connector.to_string())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}
