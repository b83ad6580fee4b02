//! Durable work and timers of the server itself.
//!
//! A job is enqueued in the transaction of what makes it necessary, and claimed under a lease by one of any number of
//! processes. Whoever crashes loses its lease, and another process takes the job over: every job may run twice.
//!
//! Source: dependencies, "Durable jobs, timers"; governance §3.4.

use std::fmt::Write as _;

use ids::JobId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Store, Tx};

/// A wish for work.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler does it.
    pub kind: &'static str,
    /// While a job of this kind with the same key is open, a second wish is folded into it.
    pub key: Option<String>,
    /// What the handler needs to know, as JSON text.
    pub payload: String,
    /// Not before.
    pub run_at: Timestamp,
    /// Which goes first when several are due: the lower.
    pub priority: i64,
    /// How often it is tried before a person must look.
    pub max_attempts: i64,
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Which handler does it.
    pub kind: String,
    /// The key of the wish.
    pub key: Option<String>,
    /// What the handler needs to know, as JSON text.
    pub payload: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// How often it may be.
    pub max_attempts: i64,
    /// When it was due.
    pub run_at: Timestamp,
}

impl Job {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            kind: row.text("kind")?,
            key: row.text_opt("key")?,
            payload: row.text("payload")?,
            attempts: row.number("attempts")?,
            max_attempts: row.number("max_attempts")?,
            run_at: row.instant("run_at")?,
        })
    }
}

/// Writes down the wish, unless an open job of the kind has its key: that one is due at the earlier of both instants.
///
/// # Errors
/// When the database refuses.
pub async fn enqueue(tx: &mut Tx, new: &NewJob) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let id = JobId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO job (id, tenant_id, kind, key, payload, state, priority, run_at, attempts, max_attempts, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, 0, $8, $9) \
         ON CONFLICT (tenant_id, kind, key) WHERE key IS NOT NULL AND state IN ('queued', 'running') \
         DO UPDATE SET run_at = CASE WHEN job.state = 'queued' AND excluded.run_at < job.run_at \
         THEN excluded.run_at ELSE job.run_at END",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(new.kind)
    .bind(new.key.clone())
    .bind(&new.payload)
    .bind(new.priority)
    .bind(micros(new.run_at))
    .bind(new.max_attempts)
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes up to `limit` due jobs of one kind until `until`; jobs whose lease ran out are due too. Nothing is written when
/// there is none.
///
/// # Errors
/// When the database refuses.
pub async fn claim(store: &Store, owner: &str, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Job>> {
    const DUE: &str =
        "kind = $1 AND ((state = 'queued' AND run_at <= $2) OR (state = 'running' AND lease_until <= $2))";
    let now = micros(store.now());
    let look = format!("SELECT 1 AS one FROM job WHERE {DUE} LIMIT 1");
    let mut conn = store.read().await?;
    if sqlx::query(AssertSqlSafe(look)).bind(kind).bind(now).fetch_optional(&mut *conn).await?.is_none() {
        return Ok(Vec::new());
    }
    drop(conn);
    let mut tx = store.begin().await?;
    let statement = format!(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_owner = $3, lease_until = $4 \
         WHERE id IN (SELECT id FROM job WHERE {DUE} ORDER BY priority, run_at LIMIT $5{}) \
         RETURNING id, kind, key, payload, attempts, max_attempts, run_at",
        tx.engine().skip_locked()
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(kind)
        .bind(now)
        .bind(owner)
        .bind(micros(until))
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
    let jobs = rows.iter().map(Job::read).collect::<Result<_>>()?;
    tx.commit().await?;
    Ok(jobs)
}

/// Lets the leases of these jobs run until `until`. Returns how many are still this owner's.
///
/// # Errors
/// When the database refuses.
pub async fn renew(store: &Store, owner: &str, ids: &[JobId], until: Timestamp) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut tx = store.begin().await?;
    let mut statement =
        "UPDATE job SET lease_until = $1 WHERE state = 'running' AND lease_owner = $2 AND id IN (".to_owned();
    for place in 0..ids.len() {
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(statement, "{comma}${}", place + 3);
    }
    statement.push(')');
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(micros(until)).bind(owner.to_owned());
    for id in ids {
        query = query.bind(id.to_string());
    }
    let renewed = query.execute(tx.conn()).await?.rows_affected();
    tx.commit().await?;
    Ok(renewed)
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is done.
    Done,
    /// It is to be done again, not before `at`.
    Again {
        /// When.
        at: Timestamp,
        /// What went wrong, if something did.
        error: Option<String>,
    },
    /// It cannot be done: a person must look.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// Writes down how a run of this owner ended. Returns `false` when the job has gone to another owner meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, owner: &str, id: JobId, ending: &Ending) -> Result<bool> {
    let now = micros(tx.now());
    let (state, run_at, error, finished_at) = match ending {
        Ending::Done => ("done", None, None, Some(now)),
        Ending::Again { at, error } => ("queued", Some(micros(*at)), error.clone(), None),
        Ending::Dead { error } => ("dead", None, Some(error.clone()), Some(now)),
    };
    // A run that ended well does not count as a try of the next one.
    let fresh = matches!(ending, Ending::Again { error: None, .. });
    let ended = sqlx::query(
        "UPDATE job SET state = $3, run_at = COALESCE($4, run_at), last_error = COALESCE($5, last_error), \
         finished_at = $6, lease_owner = NULL, lease_until = NULL, attempts = CASE WHEN $7 = 1 THEN 0 ELSE attempts END \
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'",
    )
    .bind(id.to_string())
    .bind(owner)
    .bind(state)
    .bind(run_at)
    .bind(error)
    .bind(finished_at)
    .bind(i64::from(fresh))
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// When the next open job of these kinds is due, if there is one.
///
/// # Errors
/// When the database cannot be read.
pub async fn next_due(conn: &mut Connection) -> Result<Option<Timestamp>> {
    let row = sqlx::query("SELECT MIN(run_at) AS due FROM job WHERE state = 'queued'").fetch_one(conn).await?;
    row.instant_opt("due")
}

/// Forgets jobs that ended before this instant. Returns how many.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let gone = sqlx::query("DELETE FROM job WHERE state = 'done' AND finished_at < $1")
        .bind(micros(before))
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected())
}
