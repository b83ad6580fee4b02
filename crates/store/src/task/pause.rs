//! Connectors whose tasks fail one after the other are left alone for a while.
//!
//! How many and how long decides [`domain::task::pause_after`].
//!
//! Source: governance R-B-4.

use ids::ConnectorId;
use jiff::Timestamp;

use crate::Tx;
use crate::error::Result;
use crate::row::{RowExt as _, micros, micros_opt};

/// Counts a task of a connector that failed. Returns how many did in a row.
///
/// # Errors
/// When the database refuses.
pub async fn count_failure(tx: &mut Tx, connector: ConnectorId) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO task_pause (connector_id, failures) VALUES ($1, 1) \
         ON CONFLICT (connector_id) DO UPDATE SET failures = task_pause.failures + 1 RETURNING failures",
    )
    .bind(connector.to_string())
    .fetch_one(tx.conn())
    .await?;
    row.number("failures")
}

/// Offers nothing to a connector until this instant; then one task.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut Tx, connector: ConnectorId, until: Option<Timestamp>) -> Result<()> {
    sqlx::query("UPDATE task_pause SET paused_until = $2 WHERE connector_id = $1")
        .bind(connector.to_string())
        .bind(micros_opt(until))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets the failures of a connector: a task of it did not fail.
///
/// # Errors
/// When the database refuses.
pub async fn clear(tx: &mut Tx, connector: ConnectorId) -> Result<()> {
    sqlx::query("DELETE FROM task_pause WHERE connector_id = $1")
        .bind(connector.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether a pause of the connector has passed, so that one task is tried; nothing more is offered until `until` then, or
/// until it is known what came of the one.
pub(super) async fn begin_probe(tx: &mut Tx, connector: ConnectorId, until: Timestamp) -> Result<bool> {
    let now = tx.now();
    let probe = sqlx::query("UPDATE task_pause SET paused_until = $2 WHERE connector_id = $1 AND paused_until <= $3")
        .bind(connector.to_string())
        .bind(micros(until))
        .bind(micros(now))
        .execute(tx.conn())
        .await?;
    Ok(probe.rows_affected() == 1)
}
