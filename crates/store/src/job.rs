//! Durable work and timers of the server itself.
//!
//! A job is enqueued in the transaction of what makes it necessary, and claimed under a lease by one of any number of
//! processes. Whoever crashes loses its lease, and another process takes the job over: every job may run twice.
//!
//! Source: dependencies, "Durable jobs, timers"; governance §3.4.

mod lease;

use ids::JobId;
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

pub use lease::{Ending, claim, end, give_back, release, renew};

/// The highest number that [`NewJob::priority`] may have.
pub const LAST_PRIORITY: i64 = 100;

/// A wish for work.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler does it.
    pub kind: &'static str,
    /// While a job of this kind with the same key waits, a second wish is folded into it; while it runs, a second wish
    /// lets it run once more.
    pub key: Option<String>,
    /// What the handler needs to know, as JSON text.
    pub payload: String,
    /// Not before.
    pub run_at: Timestamp,
    /// Which of several due jobs of a kind goes first: each waits as if it had become due this many seconds later, so
    /// that the less urgent starve never. 0 to [`LAST_PRIORITY`].
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

/// Writes down the wish, unless a job of the kind with its key waits or runs: the one that waits is due at the earlier of
/// both instants, the one that runs is due again once it has ended.
///
/// # Errors
/// When the database refuses.
pub async fn enqueue(tx: &mut Tx, new: &NewJob) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let id = JobId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO job (id, tenant_id, kind, key, payload, state, priority, run_at, again_at, attempts, max_attempts, \
         created_at) VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, NULL, 0, $8, $9) \
         ON CONFLICT (tenant_id, kind, key) WHERE key IS NOT NULL AND state IN ('queued', 'running') \
         DO UPDATE SET run_at = CASE WHEN job.state = 'queued' AND excluded.run_at < job.run_at \
         THEN excluded.run_at ELSE job.run_at END, \
         again_at = CASE WHEN job.state = 'queued' THEN NULL \
         WHEN job.again_at < excluded.run_at THEN job.again_at ELSE excluded.run_at END",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(new.kind)
    .bind(new.key.clone())
    .bind(&new.payload)
    .bind(new.priority.clamp(0, LAST_PRIORITY))
    .bind(micros(new.run_at))
    .bind(new.max_attempts)
    .bind(micros(now))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many jobs there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Their kind.
    pub kind: String,
    /// `queued`, `running`, `done` or `dead`.
    pub state: String,
    /// How many.
    pub jobs: i64,
    /// When the first of them became due.
    pub oldest: Timestamp,
}

/// How many jobs there are of each kind and state; for whoever watches the server.
///
/// # Errors
/// When the database cannot be read.
pub async fn counts(conn: &mut Connection) -> Result<Vec<Count>> {
    let rows = sqlx::query(
        "SELECT kind, state, COUNT(*) AS jobs, MIN(run_at) AS oldest FROM job GROUP BY kind, state ORDER BY kind, state",
    )
    .fetch_all(conn)
    .await?;
    let count = |row: &AnyRow| {
        let (kind, state) = (row.text("kind")?, row.text("state")?);
        Ok(Count { kind, state, jobs: row.number("jobs")?, oldest: row.instant("oldest")? })
    };
    rows.iter().map(count).collect()
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
