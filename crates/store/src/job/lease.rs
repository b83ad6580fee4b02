//! Whose a job is: claimed, kept, given back, ended.

use std::fmt::Write as _;

use ids::JobId;
use jiff::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::{Job, LAST_PRIORITY};
use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::{Store, Tx};

/// How many ids one statement names.
const IDS: usize = 400;
/// How many lost leases one turn releases.
const RELEASE: i64 = 1_000;

/// Takes up to `limit` due jobs of one kind until `until`. Nothing is written when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn claim(store: &Store, owner: &str, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Job>> {
    let now = micros(store.now());
    let look = "SELECT 1 AS one FROM job WHERE kind = $1 AND state = 'queued' AND run_at <= $2 LIMIT 1";
    let found = sqlx::query(look).bind(kind).bind(now).fetch_optional(&mut *store.read().await?).await?;
    if found.is_none() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut tx = store.begin().await?;
    // The upper bound of the turn keeps timers of a far future out of the scan.
    let statement = format!(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_owner = $3, lease_until = $4 \
         WHERE id IN (SELECT id FROM job WHERE kind = $1 AND state = 'queued' AND run_at <= $2 \
         AND run_at + priority * 1000000 <= $6 ORDER BY run_at + priority * 1000000 LIMIT $5{}) \
         RETURNING id, kind, key, payload, attempts, max_attempts, run_at, priority",
        tx.engine().skip_locked()
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(kind)
        .bind(now)
        .bind(owner)
        .bind(micros(until))
        .bind(i64::from(limit))
        .bind(now.saturating_add(LAST_PRIORITY * 1_000_000))
        .fetch_all(tx.conn())
        .await?;
    // RETURNING keeps no order.
    let turn = |row| Ok((micros(Job::read(row)?.run_at) + row.number("priority")? * 1_000_000, Job::read(row)?));
    let mut jobs = rows.iter().map(turn).collect::<Result<Vec<_>>>()?;
    jobs.sort_by_key(|(turn, _)| *turn);
    tx.commit().await?;
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// Lets the leases of these jobs run until `until`. Returns those that are this owner's no more.
///
/// # Errors
/// When the database refuses.
pub async fn renew(store: &Store, owner: &str, ids: &[JobId], until: Timestamp) -> Result<Vec<JobId>> {
    let mut lost = Vec::new();
    for ids in ids.chunks(IDS) {
        let mut tx = store.begin().await?;
        let statement = format!(
            "UPDATE job SET lease_until = $1 WHERE state = 'running' AND lease_owner = $2 AND id IN {} RETURNING id",
            places(3, ids.len())
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(micros(until)).bind(owner.to_owned());
        let rows = with_ids(query, ids).fetch_all(tx.conn()).await?;
        let kept = rows.iter().map(|row| row.parsed("id")).collect::<Result<Vec<JobId>>>()?;
        lost.extend(ids.iter().filter(|id| !kept.contains(id)));
        tx.commit().await?;
    }
    Ok(lost)
}

/// Gives back jobs that were claimed and not begun, or stopped by their owner's end: others take them at once, and the
/// try does not count.
///
/// # Errors
/// When the database refuses.
pub async fn give_back(tx: &mut Tx, owner: &str, ids: &[JobId]) -> Result<()> {
    for ids in ids.chunks(IDS) {
        let statement = format!(
            "UPDATE job SET state = 'queued', attempts = attempts - 1, again_at = NULL, lease_owner = NULL, \
             lease_until = NULL WHERE state = 'running' AND lease_owner = $1 AND id IN {}",
            places(2, ids.len())
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(owner.to_owned());
        with_ids(query, ids).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Frees jobs whose owner fell silent: they are due at once. Returns how many. Nothing is written when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn release(store: &Store) -> Result<u64> {
    let now = micros(store.now());
    let look = "SELECT 1 AS one FROM job WHERE state = 'running' AND lease_until <= $1 LIMIT 1";
    if sqlx::query(look).bind(now).fetch_optional(&mut *store.read().await?).await?.is_none() {
        return Ok(0);
    }
    let mut tx = store.begin().await?;
    let statement = format!(
        "UPDATE job SET state = 'queued', again_at = NULL, lease_owner = NULL, lease_until = NULL, \
         last_error = 'the process that did it fell silent' WHERE id IN (SELECT id FROM job \
         WHERE state = 'running' AND lease_until <= $1 ORDER BY lease_until LIMIT $2{})",
        tx.engine().skip_locked()
    );
    let freed = sqlx::query(AssertSqlSafe(statement)).bind(now).bind(RELEASE).execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(freed.rows_affected())
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

/// Writes down how runs of this owner ended; jobs that went to another owner meanwhile stay as they are. Returns how many
/// were still this owner's.
///
/// A job that was wished for again while it ran waits again.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, owner: &str, endings: &[(JobId, Ending)]) -> Result<u64> {
    let mut ours = 0;
    let done: Vec<JobId> = endings.iter().filter(|(_, ending)| *ending == Ending::Done).map(|(id, _)| *id).collect();
    for ids in done.chunks(IDS) {
        let statement = format!(
            "UPDATE job SET state = CASE WHEN again_at IS NULL THEN 'done' ELSE 'queued' END, \
             finished_at = CASE WHEN again_at IS NULL THEN $1 END, run_at = COALESCE(again_at, run_at), \
             attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END, again_at = NULL, last_error = NULL, \
             lease_owner = NULL, lease_until = NULL \
             WHERE state = 'running' AND lease_owner = $2 AND id IN {}",
            places(3, ids.len())
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(micros(tx.now())).bind(owner.to_owned());
        ours += with_ids(query, ids).execute(tx.conn()).await?.rows_affected();
    }
    for (id, ending) in endings {
        ours += match ending {
            Ending::Done => 0,
            Ending::Again { at, error } => again(tx, owner, *id, *at, error.as_deref()).await?,
            Ending::Dead { error } => dead(tx, owner, *id, error).await?,
        };
    }
    Ok(ours)
}

async fn again(tx: &mut Tx, owner: &str, id: JobId, at: Timestamp, error: Option<&str>) -> Result<u64> {
    // A run that ended well does not count as a try of the next one.
    let ended = sqlx::query(
        "UPDATE job SET state = 'queued', run_at = CASE WHEN again_at < $3 THEN again_at ELSE $3 END, again_at = NULL, \
         last_error = $4, attempts = CASE WHEN $5 = 1 THEN attempts ELSE 0 END, lease_owner = NULL, lease_until = NULL \
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'",
    )
    .bind(id.to_string())
    .bind(owner)
    .bind(micros(at))
    .bind(error.map(ToOwned::to_owned))
    .bind(i64::from(error.is_some()))
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected())
}

async fn dead(tx: &mut Tx, owner: &str, id: JobId, error: &str) -> Result<u64> {
    let now = micros(tx.now());
    let ended = sqlx::query(
        "UPDATE job SET state = CASE WHEN again_at IS NULL THEN 'dead' ELSE 'queued' END, \
         finished_at = CASE WHEN again_at IS NULL THEN $4 END, run_at = COALESCE(again_at, run_at), \
         attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END, again_at = NULL, last_error = $3, \
         lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND state = 'running'",
    )
    .bind(id.to_string())
    .bind(owner)
    .bind(error)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected())
}

/// `($FIRST, …)` for this many values.
fn places(first: usize, count: usize) -> String {
    let mut text = "(".to_owned();
    for place in first..first + count {
        let comma = if place == first { "" } else { ", " };
        let _ = write!(text, "{comma}${place}");
    }
    text.push(')');
    text
}

fn with_ids<'q>(query: Query<'q, Any, AnyArguments>, ids: &[JobId]) -> Query<'q, Any, AnyArguments> {
    ids.iter().fold(query, |query, id| query.bind(id.to_string()))
}
