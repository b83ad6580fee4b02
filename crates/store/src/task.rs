//! Work for connectors: offered, leased, reported.
//!
//! Start at [`enqueue`] and [`claim`]. A task is never offered twice while its lease runs, whatever number of server
//! processes and of connector processes there is; that a connector has nothing to do is found out without a write.
//!
//! Source: baton-service-mode §16 items 12–24.

pub mod pause;

use std::time::Duration;

use domain::task::{Kind, Outcome, State, TaskId};
use ids::{ConnectorId, CredentialId, SyncId};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::host::values;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Store, Tx};

const COLUMNS: &str = "id, connector_id, kind, payload, priority, state, attempts, available_at, lease_host, \
     lease_credential, lease_until, heartbeat_at, cancel_asked_at, sync_id, outcome, code, message, response, annotations, \
     wished_by, created_at, started_at, finished_at";

/// The tasks `t` that the connector `c` may be given: changes only while it makes any (R-V-7), and while provisioning is
/// on for the whole install.
const GIVEN: &str = "(t.kind IN ('sync_full', 'hello') OR (c.provisioning_enabled = 1 AND c.writes_refused IS NULL \
     AND NOT EXISTS (SELECT 1 FROM switch s WHERE s.tenant_id = c.tenant_id AND s.name = 'provisioning' AND s.is_on = 0)))";

/// How many rows [`renew_all`] writes with one statement.
const RENEW_ROWS: usize = 400;

/// A wish for work.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// For whom.
    pub connector_id: ConnectorId,
    /// What.
    pub kind: Kind,
    /// The task as the connector gets it, without its id: a `c1.connectorapi.baton.v1.Task`.
    pub payload: Vec<u8>,
    /// Not before.
    pub available_at: Timestamp,
    /// The sync that it makes.
    pub sync_id: Option<SyncId>,
    /// A second wish with the same key is the same wish.
    pub idempotency_key: Option<String>,
    /// Who wished for it, as audit rows name actors.
    pub wished_by: String,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the columns, which the migration explains")]
pub struct Task {
    pub id: TaskId,
    pub connector_id: ConnectorId,
    pub kind: Kind,
    pub payload: Vec<u8>,
    pub state: State,
    pub attempts: i64,
    pub available_at: Timestamp,
    pub lease_host: Option<String>,
    pub lease_credential: Option<CredentialId>,
    pub lease_until: Option<Timestamp>,
    pub heartbeat_at: Option<Timestamp>,
    pub cancel_asked_at: Option<Timestamp>,
    pub sync_id: Option<SyncId>,
    pub outcome: Option<Outcome>,
    pub code: Option<i64>,
    pub message: Option<String>,
    pub response: Option<Vec<u8>>,
    pub annotations: Option<Vec<u8>>,
    pub wished_by: String,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl Task {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            connector_id: row.parsed("connector_id")?,
            kind: row.parsed("kind")?,
            payload: row.bytes("payload")?,
            state: row.parsed("state")?,
            attempts: row.number("attempts")?,
            available_at: row.instant("available_at")?,
            lease_host: row.text_opt("lease_host")?,
            lease_credential: row.parsed_opt("lease_credential")?,
            lease_until: row.instant_opt("lease_until")?,
            heartbeat_at: row.instant_opt("heartbeat_at")?,
            cancel_asked_at: row.instant_opt("cancel_asked_at")?,
            sync_id: row.parsed_opt("sync_id")?,
            outcome: row.parsed_opt("outcome")?,
            code: row.number_opt("code")?,
            message: row.text_opt("message")?,
            response: row.bytes_opt("response")?,
            annotations: row.bytes_opt("annotations")?,
            wished_by: row.text("wished_by")?,
            created_at: row.instant("created_at")?,
            started_at: row.instant_opt("started_at")?,
            finished_at: row.instant_opt("finished_at")?,
        })
    }
}

/// Writes down the wish. Returns the id of the task, or of the one that was wished for with the same key before.
///
/// # Errors
/// When the database refuses.
pub async fn enqueue(tx: &mut Tx, new: &NewTask) -> Result<TaskId> {
    if let Some(key) = &new.idempotency_key {
        let known = sqlx::query("SELECT id FROM task WHERE connector_id = $1 AND idempotency_key = $2")
            .bind(new.connector_id.to_string())
            .bind(key)
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = known {
            return row.parsed("id");
        }
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    let id = TaskId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO task (id, tenant_id, connector_id, kind, payload, priority, state, attempts, max_attempts, \
         available_at, sync_id, idempotency_key, wished_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, $7, $8, $9, $10, $11, $12)",
    )
    .bind(id.as_str())
    .bind(tenant.to_string())
    .bind(new.connector_id.to_string())
    .bind(new.kind.name())
    .bind(new.payload.clone())
    .bind(new.kind.priority())
    .bind(new.kind.max_attempts())
    .bind(micros(new.available_at))
    .bind(new.sync_id.map(|sync| sync.to_string()))
    .bind(new.idempotency_key.clone())
    .bind(&new.wished_by)
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Who takes work, and for how long.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The host id that the connector says it has.
    pub host: String,
    /// The credential that it showed.
    pub credential: CredentialId,
    /// The lease of a sync.
    pub sync: Duration,
    /// The lease of every other task.
    pub other: Duration,
}

/// Takes up to `limit` tasks for the connector, the most urgent first. Nothing is written when there is none.
///
/// A connector that is paused, deleted, or whose tasks are [paused](pause) gets nothing; after such a pause it gets one
/// task, and the next when that one has not failed.
///
/// # Errors
/// When the database refuses.
pub async fn claim(store: &Store, connector: ConnectorId, lease: &Lease, limit: u32) -> Result<Vec<Task>> {
    let waiting = count_available(&mut *store.read().await?, connector, store.now()).await?;
    if waiting == 0 || limit == 0 {
        return Ok(Vec::new());
    }
    let mut tx = store.begin().await?;
    let now = tx.now();
    let probe_until = after(now, lease.sync.max(lease.other));
    let limit = if pause::begin_probe(&mut tx, connector, probe_until).await? { 1 } else { limit };
    let statement = format!(
        "UPDATE task SET state = 'leased', attempts = attempts + 1, lease_host = $3, lease_credential = $4, \
         lease_until = CASE WHEN kind = 'sync_full' THEN $5 ELSE $6 END, heartbeat_at = NULL, \
         started_at = COALESCE(started_at, $2) \
         WHERE id IN (SELECT t.id FROM task t WHERE t.connector_id = $1 AND t.state = 'queued' \
         AND t.available_at <= $2 AND EXISTS (SELECT 1 FROM connector c WHERE c.id = t.connector_id AND {GIVEN}) \
         ORDER BY t.priority, t.created_at LIMIT $7{}) RETURNING {COLUMNS}",
        tx.engine().skip_locked()
    );
    let until = |span: Duration| micros(after(now, span));
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(connector.to_string())
        .bind(micros(now))
        .bind(&lease.host)
        .bind(lease.credential.to_string())
        .bind(until(lease.sync))
        .bind(until(lease.other))
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
    let mut tasks = rows.iter().map(Task::read).collect::<Result<Vec<_>>>()?;
    tx.commit().await?;
    // RETURNING keeps no order.
    tasks.sort_by_key(|task| (task.kind.priority(), task.created_at));
    Ok(tasks)
}

/// How many tasks the connector could take at this instant; none when it is paused or deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_available(conn: &mut Connection, connector: ConnectorId, now: Timestamp) -> Result<i64> {
    let statement = format!(
        "SELECT COUNT(*) AS waiting FROM task t JOIN connector c ON c.id = t.connector_id \
         WHERE t.connector_id = $1 AND t.state = 'queued' AND t.available_at <= $2 \
         AND c.paused_at IS NULL AND c.deleted_at IS NULL AND {GIVEN} \
         AND NOT EXISTS (SELECT 1 FROM task_pause p WHERE p.connector_id = $1 AND p.paused_until > $2)"
    );
    let row =
        sqlx::query(AssertSqlSafe(statement)).bind(connector.to_string()).bind(micros(now)).fetch_one(conn).await?;
    row.number("waiting")
}

/// The hosted connectors for which tasks wait, the longest waiting first.
///
/// # Errors
/// When the database cannot be read.
pub async fn hosted_with_work(conn: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<ConnectorId>> {
    let statement = format!(
        "SELECT t.connector_id, MIN(t.available_at) AS since FROM task t JOIN connector c ON c.id = t.connector_id \
         WHERE t.state = 'queued' AND t.available_at <= $1 AND c.hosting = 'hosted' AND c.paused_at IS NULL \
         AND c.deleted_at IS NULL AND {GIVEN} \
         AND NOT EXISTS (SELECT 1 FROM task_pause p WHERE p.connector_id = c.id AND p.paused_until > $1) \
         GROUP BY t.connector_id ORDER BY since LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(micros(now)).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("connector_id")).collect()
}

/// The task with this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn get(conn: &mut Connection, id: &TaskId) -> Result<Option<Task>> {
    let statement = format!("SELECT {COLUMNS} FROM task WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(Task::read).transpose()
}

/// As [`get`], keeping the row as it is until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn get_for_update(tx: &mut Tx, id: &TaskId) -> Result<Option<Task>> {
    let statement = format!("SELECT {COLUMNS} FROM task WHERE id = $1{}", tx.engine().for_update());
    let row = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(Task::read).transpose()
}

/// Lets the lease of an open task of this connector run until `until`. A task whose lease ran out and that nobody else
/// has is taken again. Returns whether there was one.
///
/// # Errors
/// When the database refuses.
pub async fn renew(tx: &mut Tx, connector: ConnectorId, id: &TaskId, host: &str, until: Timestamp) -> Result<bool> {
    let now = tx.now();
    let renewed = sqlx::query(
        "UPDATE task SET lease_until = $4, heartbeat_at = $5 \
         WHERE id = $1 AND connector_id = $2 AND state = 'leased' AND lease_host = $3",
    )
    .bind(id.as_str())
    .bind(connector.to_string())
    .bind(host)
    .bind(micros(until))
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// A lease that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The task.
    pub id: TaskId,
    /// The host that has it.
    pub host: String,
    /// Until when.
    pub until: Timestamp,
}

/// As [`renew`], for many at once; those that are open no more, or somebody else's, stay as they are.
///
/// # Errors
/// When the database refuses.
pub async fn renew_all(tx: &mut Tx, renewals: &[Renewal]) -> Result<()> {
    let now = tx.now();
    for renewals in renewals.chunks(RENEW_ROWS) {
        let rows = values(renewals.len(), 3);
        let statement = format!(
            "WITH v (id, host, until) AS (VALUES {rows}) UPDATE task SET lease_until = v.until, heartbeat_at = {} FROM v \
             WHERE task.id = v.id AND task.state = 'leased' AND task.lease_host = v.host AND task.lease_until < v.until",
            micros(now)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for renewal in renewals {
            query = query.bind(renewal.id.as_str().to_owned()).bind(renewal.host.clone()).bind(micros(renewal.until));
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Gives a task whose lease ran out back to the host that still works on it, unless somebody else has it. Returns
/// whether it did.
///
/// # Errors
/// When the database refuses.
pub async fn take_again(
    tx: &mut Tx,
    id: &TaskId,
    host: &str,
    credential: CredentialId,
    until: Timestamp,
) -> Result<bool> {
    let now = tx.now();
    let taken = sqlx::query(
        "UPDATE task SET state = 'leased', lease_host = $2, lease_credential = $3, lease_until = $4, heartbeat_at = $5 \
         WHERE id = $1 AND state = 'queued' AND attempts > 0",
    )
    .bind(id.as_str())
    .bind(host)
    .bind(credential.to_string())
    .bind(micros(until))
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// How a task ended.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named as the columns, which the migration explains")]
pub struct Ending {
    pub state: State,
    pub outcome: Outcome,
    pub code: Option<i32>,
    pub message: Option<String>,
    pub response: Option<Vec<u8>>,
    pub annotations: Option<Vec<u8>>,
}

impl Ending {
    /// It was called off, for this reason.
    #[must_use]
    pub fn cancelled(why: &str) -> Self {
        Self {
            state: State::Cancelled,
            outcome: Outcome::Cancelled,
            code: None,
            message: Some(why.to_owned()),
            response: None,
            annotations: None,
        }
    }
}

/// Ends an open task. Returns whether it was open.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, id: &TaskId, ending: Ending) -> Result<bool> {
    let now = tx.now();
    let ended = sqlx::query(
        "UPDATE task SET state = $2, outcome = $3, code = $4, message = $5, response = $6, annotations = $7, \
         finished_at = $8, lease_until = NULL WHERE id = $1 AND state IN ('queued', 'leased')",
    )
    .bind(id.as_str())
    .bind(ending.state.name())
    .bind(ending.outcome.name())
    .bind(ending.code.map(i64::from))
    .bind(ending.message)
    .bind(ending.response)
    .bind(ending.annotations)
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Offers a leased task again, from `available_at` on.
///
/// # Errors
/// When the database refuses.
pub async fn offer_again(tx: &mut Tx, id: &TaskId, available_at: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE task SET state = 'queued', available_at = $2, lease_until = NULL, lease_host = NULL, \
         lease_credential = NULL WHERE id = $1 AND state = 'leased'",
    )
    .bind(id.as_str())
    .bind(micros(available_at))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Offers a task that waits from another instant on.
///
/// # Errors
/// When the database refuses.
pub async fn offer_at(tx: &mut Tx, id: &TaskId, available_at: Timestamp) -> Result<()> {
    let update = sqlx::query("UPDATE task SET available_at = $2 WHERE id = $1 AND state = 'queued'");
    update.bind(id.as_str()).bind(micros(available_at)).execute(tx.conn()).await?;
    Ok(())
}

/// Marks an open task as called off; its connector hears it at its next heartbeat. Returns whether it was open.
///
/// # Errors
/// When the database refuses.
pub async fn ask_cancel(tx: &mut Tx, id: &TaskId) -> Result<bool> {
    let now = tx.now();
    let asked = sqlx::query(
        "UPDATE task SET cancel_asked_at = COALESCE(cancel_asked_at, $2) WHERE id = $1 AND state IN ('queued', 'leased')",
    )
    .bind(id.as_str())
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(asked.rows_affected() == 1)
}

/// The ids of up to `limit` tasks whose lease has run out, the oldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn expired(conn: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<TaskId>> {
    let rows =
        sqlx::query("SELECT id FROM task WHERE state = 'leased' AND lease_until <= $1 ORDER BY lease_until LIMIT $2")
            .bind(micros(now))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// The open tasks of a connector.
///
/// # Errors
/// When the database cannot be read.
pub async fn open_of(conn: &mut Connection, connector: ConnectorId) -> Result<Vec<Task>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM task WHERE connector_id = $1 AND state IN ('queued', 'leased') ORDER BY created_at"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(connector.to_string()).fetch_all(conn).await?;
    rows.iter().map(Task::read).collect()
}

/// One page of the tasks of a connector, the newest first: at most `limit`, those older than `before`.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    conn: &mut Connection,
    connector: ConnectorId,
    before: Option<(Timestamp, &TaskId)>,
    limit: u32,
) -> Result<Vec<Task>> {
    // Ids mix upper and lower case, which a database may sort by its own language: the instant decides.
    let statement = format!(
        "SELECT {COLUMNS} FROM task WHERE connector_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
         ORDER BY created_at DESC, id DESC LIMIT $4"
    );
    let (at, id) = before.map_or((i64::MAX, ""), |(at, id)| (micros(at), id.as_str()));
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(connector.to_string())
        .bind(at)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(Task::read).collect()
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}
