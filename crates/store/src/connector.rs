//! Connectors: their settings, schedule and standing; their owners, secrets and log.
//!
//! Source: governance §1.4.

mod log;
mod owner;
mod secret;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::connector::Hosting;
use domain::schedule::Schedule;
use domain::task::Kind;
use ids::{AppId, ConnectorId, PersonId, SyncId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, flag, json_text, micros, micros_opt};
use crate::{Connection, Tx};

pub use log::{Level, LogLine, lines, write_line};
pub(crate) use owner::OWNED;
pub use owner::{is_owner, owners, set_owners};
pub use secret::{
    Sealed, Secret, all_secrets, remove_secret, reseal_secret, secret_place, secret_row, secrets, set_secret,
};

const COLUMNS: &str = "id, app_id, catalog_id, hosting, display_name, config, config_version, provisioning_enabled, \
     writes_refused, unsupported, require_dpop, schedule, hold_rules, metadata, first_contact_at, last_contact_at, poll_interval_us, \
     failures_in_a_row, last_error, next_sync_at, last_sync_id, applied_sync_id, paused_at, pause_reason, known_status, \
     created_at, updated_at, version";

/// A connector.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as the columns, which the migration explains")]
pub struct Connector {
    pub id: ConnectorId,
    pub app_id: AppId,
    pub catalog_id: String,
    pub hosting: Hosting,
    pub display_name: String,
    pub config: Value,
    pub config_version: i64,
    pub provisioning_enabled: bool,
    pub writes_refused: Option<String>,
    pub unsupported: BTreeSet<Kind>,
    pub require_dpop: bool,
    pub schedule: Schedule,
    pub hold_rules: Value,
    pub metadata: Option<Vec<u8>>,
    pub first_contact_at: Option<Timestamp>,
    pub last_contact_at: Option<Timestamp>,
    pub poll_interval: Duration,
    pub failures_in_a_row: i64,
    pub last_error: Option<String>,
    pub next_sync_at: Option<Timestamp>,
    pub last_sync_id: Option<SyncId>,
    pub applied_sync_id: Option<SyncId>,
    pub paused_at: Option<Timestamp>,
    pub pause_reason: Option<String>,
    pub known_status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl Connector {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            catalog_id: row.text("catalog_id")?,
            hosting: row.parsed("hosting")?,
            display_name: row.text("display_name")?,
            config: row.json("config")?,
            config_version: row.number("config_version")?,
            provisioning_enabled: row.flag("provisioning_enabled")?,
            writes_refused: row.text_opt("writes_refused")?,
            unsupported: row.json("unsupported")?,
            require_dpop: row.flag("require_dpop")?,
            schedule: row.json("schedule")?,
            hold_rules: row.json("hold_rules")?,
            metadata: row.bytes_opt("metadata")?,
            first_contact_at: row.instant_opt("first_contact_at")?,
            last_contact_at: row.instant_opt("last_contact_at")?,
            poll_interval: Duration::from_micros(row.number("poll_interval_us")?.unsigned_abs()),
            failures_in_a_row: row.number("failures_in_a_row")?,
            last_error: row.text_opt("last_error")?,
            next_sync_at: row.instant_opt("next_sync_at")?,
            last_sync_id: row.parsed_opt("last_sync_id")?,
            applied_sync_id: row.parsed_opt("applied_sync_id")?,
            paused_at: row.instant_opt("paused_at")?,
            pause_reason: row.text_opt("pause_reason")?,
            known_status: row.text("known_status")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            version: row.number("version")?,
        })
    }
}

/// Stores a new connector.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, new: &Connector) -> Result<()> {
    sqlx::query(
        "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
         provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, failures_in_a_row, \
         known_status, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '\"all\"', $13, 0, $14, $15, $16, $17)",
    )
    .bind(new.id.to_string())
    .bind(tenant.to_string())
    .bind(new.app_id.to_string())
    .bind(&new.catalog_id)
    .bind(new.hosting.name())
    .bind(&new.display_name)
    .bind(json_text("config", &new.config)?)
    .bind(new.config_version)
    .bind(flag(new.provisioning_enabled))
    .bind(flag(new.require_dpop))
    .bind(json_text("schedule", &new.schedule)?)
    .bind(json_text("hold_rules", &new.hold_rules)?)
    .bind(span(new.poll_interval))
    .bind(&new.known_status)
    .bind(micros(new.created_at))
    .bind(micros(new.updated_at))
    .bind(new.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// The connector with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: ConnectorId) -> Result<Option<Connector>> {
    one(conn, tenant, id, "").await
}

/// As [`find`], keeping the row as it is until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn find_for_update(tx: &mut Tx, id: ConnectorId) -> Result<Option<Connector>> {
    let (tenant, lock) = (tx.tenant(), tx.engine().for_update());
    one(tx.conn(), tenant, id, lock).await
}

async fn one(conn: &mut Connection, tenant: TenantId, id: ConnectorId, lock: &str) -> Result<Option<Connector>> {
    let sql = format!("SELECT {COLUMNS} FROM connector WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL{lock}");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Connector::read).transpose()
}

/// Which connectors a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only connectors of this app.
    pub app: Option<AppId>,
    /// Only connectors that this person owns, directly or by owning the app.
    pub owner: Option<PersonId>,
}

/// The connectors, by their ids, which sort by the time they were made.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    filter: &Filter,
    paging: Paging<'_>,
) -> Result<Page<Connector>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connector WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 \
         AND ($3 = '' OR app_id = $3) AND ($4 = '' OR {}) ORDER BY id LIMIT $5",
        crate::app::OWNED.replace("$person", "$4").replace("$app", "connector.app_id")
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(paging.after.unwrap_or("").to_owned())
        .bind(filter.app.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.owner.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Connector::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |connector: &Connector| connector.id.to_string()))
}

/// The connectors whose next sync is due, the longest due first.
///
/// # Errors
/// When the database refuses.
pub async fn due(conn: &mut Connection, tenant: TenantId, now: Timestamp, limit: u32) -> Result<Vec<ConnectorId>> {
    let rows = sqlx::query(
        "SELECT id FROM connector WHERE tenant_id = $1 AND deleted_at IS NULL AND paused_at IS NULL \
         AND next_sync_at <= $2 ORDER BY next_sync_at LIMIT $3",
    )
    .bind(tenant.to_string())
    .bind(micros(now))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// The connectors that synced before, have no sync under way, and do not know when to sync next.
///
/// # Errors
/// When the database refuses.
pub async fn unscheduled(conn: &mut Connection, tenant: TenantId, limit: u32) -> Result<Vec<ConnectorId>> {
    let rows = sqlx::query(
        "SELECT c.id FROM connector c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL AND c.paused_at IS NULL \
         AND c.next_sync_at IS NULL AND EXISTS (SELECT 1 FROM sync s WHERE s.connector_id = c.id) \
         AND NOT EXISTS (SELECT 1 FROM sync s WHERE s.connector_id = c.id \
         AND s.state IN ('queued', 'running', 'uploaded', 'ingesting')) LIMIT $2",
    )
    .bind(tenant.to_string())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Writes what people change of a connector, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn update(conn: &mut Connection, connector: &mut Connector, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE connector SET display_name = $1, config = $2, config_version = $3, provisioning_enabled = $4, \
         require_dpop = $5, schedule = $6, hold_rules = $7, next_sync_at = $8, paused_at = $9, pause_reason = $10, \
         known_status = $11, updated_at = $12, version = version + 1 \
         WHERE id = $13 AND version = $14 AND deleted_at IS NULL",
    )
    .bind(&connector.display_name)
    .bind(json_text("config", &connector.config)?)
    .bind(connector.config_version)
    .bind(flag(connector.provisioning_enabled))
    .bind(flag(connector.require_dpop))
    .bind(json_text("schedule", &connector.schedule)?)
    .bind(json_text("hold_rules", &connector.hold_rules)?)
    .bind(micros_opt(connector.next_sync_at))
    .bind(micros_opt(connector.paused_at))
    .bind(connector.pause_reason.clone())
    .bind(&connector.known_status)
    .bind(micros(now))
    .bind(connector.id.to_string())
    .bind(connector.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "connector", id: connector.id.to_string() });
    }
    connector.version += 1;
    connector.updated_at = now;
    Ok(())
}

/// Sets when the connector syncs next. Its version stays: nobody decided anything.
///
/// # Errors
/// When the database refuses.
pub async fn set_next_sync(conn: &mut Connection, id: ConnectorId, next: Option<Timestamp>) -> Result<()> {
    sqlx::query("UPDATE connector SET next_sync_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(micros_opt(next))
        .execute(conn)
        .await?;
    Ok(())
}

/// Has the connector sync at this instant at the latest. One that syncs at this moment syncs again then.
///
/// # Errors
/// When the database refuses.
pub async fn sync_by(conn: &mut Connection, id: ConnectorId, latest: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE connector SET next_sync_at = CASE WHEN next_sync_at <= $2 THEN next_sync_at ELSE $2 END WHERE id = $1",
    )
    .bind(id.to_string())
    .bind(micros(latest))
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes how the last sync ended: `error` when it failed, `None` when it was applied.
///
/// # Errors
/// When the database refuses.
pub async fn set_sync_result(conn: &mut Connection, id: ConnectorId, sync: SyncId, error: Option<&str>) -> Result<()> {
    sqlx::query(
        "UPDATE connector SET last_sync_id = $2, last_error = $3, \
         failures_in_a_row = CASE WHEN $4 = 1 THEN failures_in_a_row + 1 ELSE 0 END WHERE id = $1",
    )
    .bind(id.to_string())
    .bind(sync.to_string())
    .bind(error.map(ToOwned::to_owned))
    .bind(flag(error.is_some()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes the sync whose data is visible now.
///
/// # Errors
/// When the database refuses.
pub async fn set_applied(conn: &mut Connection, id: ConnectorId, sync: SyncId) -> Result<()> {
    sqlx::query("UPDATE connector SET applied_sync_id = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(sync.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// The self-hosted connectors that the audit log does not know to be silent and that were last heard of before this
/// instant, and those that it does and that were heard of since; by their ids, after this one.
///
/// # Errors
/// When the database refuses.
pub async fn silence_changed(
    conn: &mut Connection,
    heard_before: Timestamp,
    after: Option<ConnectorId>,
    limit: u32,
) -> Result<Vec<ConnectorId>> {
    let rows = sqlx::query(
        "SELECT id FROM connector WHERE hosting = 'self_hosted' AND deleted_at IS NULL AND paused_at IS NULL \
         AND first_contact_at IS NOT NULL AND id > $2 AND ((known_status <> 'silent' AND last_contact_at < $1) \
         OR (known_status = 'silent' AND last_contact_at >= $1)) ORDER BY id LIMIT $3",
    )
    .bind(micros(heard_before))
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Notes the status that the audit log knows of. Returns whether it was another.
///
/// # Errors
/// When the database refuses.
pub async fn set_known_status(conn: &mut Connection, id: ConnectorId, status: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE connector SET known_status = $2 WHERE id = $1 AND known_status <> $2")
        .bind(id.to_string())
        .bind(status)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a connector; its history stays.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn delete(conn: &mut Connection, connector: &Connector, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE connector SET deleted_at = $1, updated_at = $1, next_sync_at = NULL, version = version + 1 \
         WHERE id = $2 AND version = $3 AND deleted_at IS NULL",
    )
    .bind(micros(now))
    .bind(connector.id.to_string())
    .bind(connector.version)
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "connector", id: connector.id.to_string() });
    }
    sqlx::query("DELETE FROM connector_secret WHERE connector_id = $1")
        .bind(connector.id.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The connector of an app; the one that was added first when there are several.
///
/// # Errors
/// When the database refuses.
pub async fn of_app(conn: &mut Connection, app: AppId) -> Result<Option<ConnectorId>> {
    let sql = "SELECT id FROM connector WHERE app_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1";
    let row = sqlx::query(sql).bind(app.to_string()).fetch_optional(conn).await?;
    row.map(|row| row.parsed("id")).transpose()
}
