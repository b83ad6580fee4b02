//! Syncs, from the wish to what they changed.
//!
//! What follows from what is decided by [`domain::sync`]; here a sync is read, and written with a check that nobody else
//! changed it meanwhile.
//!
//! Source: governance §1.6, §2.2.

use domain::sync::{Kind, State, Trigger};
use ids::{ConnectorId, HoldId, SyncId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::file::Digest;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};
use crate::{Connection, Tx};

const COLUMNS: &str = "id, connector_id, task_id, kind, trigger_kind, state, wished_by, queued_at, started_at, \
     uploaded_at, applied_at, finished_at, file_sha256, file_bytes, log_sha256, engine, file_sync_id, counts, warnings, \
     error, hold_id, previous_applied_sync_id, version";

/// A wish for a sync (T-S1).
#[derive(Debug, Clone)]
pub struct NewSync {
    /// Of which connector.
    pub connector_id: ConnectorId,
    /// The task that makes it, once there is one.
    pub task_id: Option<String>,
    /// What it shall cover.
    pub kind: Kind,
    /// Why.
    pub trigger: Trigger,
    /// Who wished for it, as audit rows name actors.
    pub wished_by: String,
}

/// A sync.
#[derive(Debug, Clone, PartialEq)]
pub struct Sync {
    /// Its id.
    pub id: SyncId,
    /// Whose it is.
    pub connector_id: ConnectorId,
    /// The task that makes it: the 27 letters and digits that the connector sees.
    pub task_id: Option<String>,
    /// What it was asked to cover.
    pub kind: Kind,
    /// Why it was wished for.
    pub trigger: Trigger,
    /// How far it is. Change it by [`State::after`] only.
    pub state: State,
    /// Who wished for it.
    pub wished_by: String,
    /// When it was wished for.
    pub queued_at: Timestamp,
    /// When a connector began; once its file was read, the start that the file tells.
    pub started_at: Option<Timestamp>,
    /// When its file came.
    pub uploaded_at: Option<Timestamp>,
    /// When what it found became visible.
    pub applied_at: Option<Timestamp>,
    /// When it ended, in whatever way.
    pub finished_at: Option<Timestamp>,
    /// Its file.
    pub file: Option<Digest>,
    /// The size of its file.
    pub file_bytes: Option<u64>,
    /// The log that the connector sent along.
    pub log: Option<Digest>,
    /// The form of the file: `v1` (SQLite) or `v3` (Pebble).
    pub engine: Option<String>,
    /// The sync within the file that was read.
    pub file_sync_id: Option<String>,
    /// What it saw, added, changed and removed, by kind of row and resource type; an object.
    pub counts: Value,
    /// What was odd about it, in words for people.
    pub warnings: Vec<String>,
    /// Why it failed or was discarded, in words for people.
    pub error: Option<String>,
    /// The hold that it waits or waited for.
    pub hold_id: Option<HoldId>,
    /// The sync whose data it was compared with.
    pub previous_applied_sync_id: Option<SyncId>,
    /// Grows with each change.
    pub version: i64,
}

impl Sync {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            connector_id: row.parsed("connector_id")?,
            task_id: row.text_opt("task_id")?,
            kind: row.parsed("kind")?,
            trigger: row.parsed("trigger_kind")?,
            state: row.parsed("state")?,
            wished_by: row.text("wished_by")?,
            queued_at: row.instant("queued_at")?,
            started_at: row.instant_opt("started_at")?,
            uploaded_at: row.instant_opt("uploaded_at")?,
            applied_at: row.instant_opt("applied_at")?,
            finished_at: row.instant_opt("finished_at")?,
            file: row.parsed_opt("file_sha256")?,
            file_bytes: row.number_opt("file_bytes")?.map(i64::unsigned_abs),
            log: row.parsed_opt("log_sha256")?,
            engine: row.text_opt("engine")?,
            file_sync_id: row.text_opt("file_sync_id")?,
            counts: row.json("counts")?,
            warnings: row.json("warnings")?,
            error: row.text_opt("error")?,
            hold_id: row.parsed_opt("hold_id")?,
            previous_applied_sync_id: row.parsed_opt("previous_applied_sync_id")?,
            version: row.number("version")?,
        })
    }
}

/// Writes down a wish, unless the connector has an open sync: then that one is returned, and the wish is folded into it
/// (T-S1). The flag tells whether it is new.
///
/// # Errors
/// [`Error::Conflict`] when another transaction was faster by a moment: begin again. Or when the database refuses.
pub async fn wish(tx: &mut Tx, new: &NewSync) -> Result<(Sync, bool)> {
    if let Some(open) = open_of(tx.conn(), new.connector_id).await? {
        return Ok((open, false));
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    let id = SyncId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO sync (id, tenant_id, connector_id, task_id, kind, trigger_kind, state, wished_by, queued_at, counts, \
         warnings, version) VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, '{}', '[]', 1)",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(new.connector_id.to_string())
    .bind(new.task_id.clone())
    .bind(new.kind.name())
    .bind(new.trigger.name())
    .bind(&new.wished_by)
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    let sync = find(tx.conn(), tenant, id).await?;
    sync.map(|sync| (sync, true)).ok_or(Error::Stale { kind: "sync", id: id.to_string() })
}

/// The sync with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: SyncId) -> Result<Option<Sync>> {
    one(conn, "tenant_id = $1 AND id = $2", &[tenant.to_string(), id.to_string()]).await
}

/// The open sync of a connector, if it has one: queued, running, uploaded or ingesting.
///
/// # Errors
/// When the database refuses.
pub async fn open_of(conn: &mut Connection, connector: ConnectorId) -> Result<Option<Sync>> {
    let open = "connector_id = $1 AND state IN ('queued', 'running', 'uploaded', 'ingesting')";
    one(conn, open, &[connector.to_string()]).await
}

/// The sync that this task makes.
///
/// # Errors
/// When the database refuses.
pub async fn of_task(conn: &mut Connection, connector: ConnectorId, task_id: &str) -> Result<Option<Sync>> {
    one(conn, "connector_id = $1 AND task_id = $2", &[connector.to_string(), task_id.to_owned()]).await
}

async fn one(conn: &mut Connection, condition: &'static str, values: &[String]) -> Result<Option<Sync>> {
    let mut query = sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM sync WHERE {condition}")));
    for value in values {
        query = query.bind(value.clone());
    }
    query.fetch_optional(conn).await?.as_ref().map(Sync::read).transpose()
}

/// The syncs of a connector, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    connector: ConnectorId,
    paging: Paging<'_>,
) -> Result<Page<Sync>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sync WHERE tenant_id = $1 AND connector_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(connector.to_string())
        .bind(paging.after.unwrap_or("g").to_owned())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Sync::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |sync: &Sync| sync.id.to_string()))
}

/// Writes what may change of a sync, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read; read it again and decide again.
pub async fn update(conn: &mut Connection, sync: &mut Sync) -> Result<()> {
    let done = sqlx::query(
        "UPDATE sync SET task_id = $1, state = $2, started_at = $3, uploaded_at = $4, applied_at = $5, finished_at = $6, \
         file_sha256 = $7, file_bytes = $8, log_sha256 = $9, engine = $10, file_sync_id = $11, counts = $12, \
         warnings = $13, error = $14, hold_id = $15, previous_applied_sync_id = $16, version = version + 1 \
         WHERE id = $17 AND version = $18",
    )
    .bind(sync.task_id.clone())
    .bind(sync.state.name())
    .bind(micros_opt(sync.started_at))
    .bind(micros_opt(sync.uploaded_at))
    .bind(micros_opt(sync.applied_at))
    .bind(micros_opt(sync.finished_at))
    .bind(sync.file.map(|file| file.to_string()))
    .bind(sync.file_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)))
    .bind(sync.log.map(|log| log.to_string()))
    .bind(sync.engine.clone())
    .bind(sync.file_sync_id.clone())
    .bind(json_text("counts", &sync.counts)?)
    .bind(json_text("warnings", &sync.warnings)?)
    .bind(sync.error.clone())
    .bind(sync.hold_id.map(|hold| hold.to_string()))
    .bind(sync.previous_applied_sync_id.map(|id| id.to_string()))
    .bind(sync.id.to_string())
    .bind(sync.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "sync", id: sync.id.to_string() });
    }
    sync.version += 1;
    Ok(())
}
