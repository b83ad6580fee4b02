//! What a settled sync leaves at its connector.

use std::collections::BTreeMap;

use ids::{ConnectorId, SyncId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::difference::Difference;
use super::key::Key;
use super::reading::Reading;
use super::stored::from_hex;
use crate::Connection;
use crate::error::{Error, Result};
use crate::file::Digest;
use crate::row::{RowExt as _, micros};

/// How many keys a statement asks for.
const KEYS: usize = 1_000;

/// An entitlement by its own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementName {
    /// What the connector calls it.
    pub external_id: String,
    /// The set of which an account holds one at a time; empty for none.
    pub exclusion_set: String,
}

impl Reading {
    /// The entitlements with these keys, those that this reading brought included.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn entitlement_names(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<BTreeMap<Key, EntitlementName>> {
        let keys: Vec<Key> = keys.into_iter().collect();
        let mut names = BTreeMap::new();
        let mut conn = self.store.read().await?;
        for some in keys.chunks(KEYS) {
            let places: Vec<String> = (2..some.len() + 2).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT {} AS hex, external_id, exclusion_set FROM entitlement WHERE connector_id = $1 AND key IN ({})",
                self.store.engine().hex("key"),
                places.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.connector.to_string());
            for key in some {
                query = query.bind(key.to_vec());
            }
            for row in query.persistent(false).fetch_all(&mut *conn).await? {
                let key = from_hex(row.text("hex")?.as_bytes()).ok_or_else(|| Error::corrupt("key", "not a key"))?;
                let name = EntitlementName {
                    external_id: row.text("external_id")?,
                    exclusion_set: row.text("exclusion_set")?,
                };
                names.insert(Key(key), name);
            }
        }
        Ok(names)
    }
}

/// What reading a file depends on of its connector: `app_id`, `catalog_id`, `hold_rules`, and the tenant's `settings`.
///
/// # Errors
/// When the database refuses, or there is no such connector.
pub async fn connector(conn: &mut Connection, id: ConnectorId) -> Result<AnyRow> {
    let row = sqlx::query(
        "SELECT c.app_id, c.catalog_id, c.hold_rules, t.settings FROM connector c JOIN tenant t ON t.id = c.tenant_id \
         WHERE c.id = $1",
    )
    .bind(id.to_string())
    .fetch_one(conn)
    .await?;
    Ok(row)
}

/// The connector's last applied sync is this one, and nothing is wrong with it.
///
/// # Errors
/// When the database refuses.
pub async fn note_applied(conn: &mut Connection, connector: ConnectorId, sync: SyncId) -> Result<()> {
    sqlx::query("UPDATE connector SET applied_sync_id = $2, failures_in_a_row = 0, last_error = NULL WHERE id = $1")
        .bind(connector.to_string())
        .bind(sync.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// The connector's last sync failed.
///
/// # Errors
/// When the database refuses.
pub async fn note_failed(conn: &mut Connection, connector: ConnectorId, error: &str) -> Result<()> {
    sqlx::query("UPDATE connector SET failures_in_a_row = failures_in_a_row + 1, last_error = $2 WHERE id = $1")
        .bind(connector.to_string())
        .bind(error.to_owned())
        .execute(conn)
        .await?;
    Ok(())
}

/// The file that is visible came again with this sync: everything in it was seen again.
///
/// # Errors
/// [`Error::Stale`] when another file is visible by now.
pub async fn see_again(
    conn: &mut Connection,
    connector: ConnectorId,
    sync: SyncId,
    started_at: Timestamp,
    file: &Digest,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE inventory SET applied_sync_id = $2, \
         applied_started_at = CASE WHEN applied_started_at < $3 THEN $3 ELSE applied_started_at END \
         WHERE connector_id = $1 AND applied_sha256 = $4",
    )
    .bind(connector.to_string())
    .bind(sync.to_string())
    .bind(micros(started_at))
    .bind(file.to_string())
    .execute(conn)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(Error::Stale { kind: "inventory of the connector", id: connector.to_string() })
}

/// The first differences of a sync, in order.
///
/// # Errors
/// When the database refuses.
pub async fn differences_of(conn: &mut Connection, sync: SyncId, limit: u64) -> Result<Vec<Difference>> {
    let rows = sqlx::query(
        "SELECT object_kind, object_id, change, label, before, after FROM sync_difference WHERE sync_id = $1 \
         ORDER BY number LIMIT $2",
    )
    .bind(sync.to_string())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter().map(Difference::read).collect()
}

/// Removes the list of what a held sync would change.
///
/// # Errors
/// When the database refuses.
pub async fn forget_differences(conn: &mut Connection, sync: SyncId) -> Result<()> {
    sqlx::query("DELETE FROM sync_difference WHERE sync_id = $1").bind(sync.to_string()).execute(conn).await?;
    Ok(())
}
