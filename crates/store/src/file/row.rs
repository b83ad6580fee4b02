//! What the database knows about files.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{Digest, Stored};
use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

domain::vocabulary! {
    /// What a file is.
    pub enum Kind: "a kind of file" {
        /// What a sync found.
        C1z => "c1z",
        /// What a connector logged.
        Log => "log",
    }
}

/// A file that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its digest and size.
    pub stored: Stored,
    /// What it is.
    pub kind: Kind,
    /// When it came first.
    pub stored_at: Timestamp,
}

/// Notes that a file was stored; a second time changes nothing. Until the end of the change nobody
/// [removes](remove) the file.
///
/// # Errors
/// When the database refuses.
pub async fn record(conn: &mut Connection, stored: &Stored, kind: Kind, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO file (sha256, bytes, kind, stored_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (sha256) DO UPDATE SET removed_at = NULL",
    )
    .bind(stored.digest.to_string())
    .bind(i64::try_from(stored.bytes).unwrap_or(i64::MAX))
    .bind(kind.name())
    .bind(micros(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// The file with this digest, if one was noted.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, digest: &Digest) -> Result<Option<File>> {
    let row = sqlx::query("SELECT sha256, bytes, kind, stored_at FROM file WHERE sha256 = $1")
        .bind(digest.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let stored = Stored { digest: row.parsed("sha256")?, bytes: row.number("bytes")?.unsigned_abs() };
        Ok(File { stored, kind: row.parsed("kind")?, stored_at: row.instant("stored_at")? })
    })
    .transpose()
}

/// The files that are kept, in the order of their digests, behind `after`.
///
/// # Errors
/// When the database refuses.
pub async fn kept(conn: &mut Connection, after: Option<&Digest>, limit: u32) -> Result<Vec<Stored>> {
    let rows =
        sqlx::query("SELECT sha256, bytes FROM file WHERE removed_at IS NULL AND sha256 > $1 ORDER BY sha256 LIMIT $2")
            .bind(after.map(ToString::to_string).unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|row| Ok(Stored { digest: row.parsed("sha256")?, bytes: row.number("bytes")?.unsigned_abs() }))
        .collect()
}

/// Until when files are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// Files of syncs that were discarded before this instant go.
    pub discarded_before: Timestamp,
    /// Files of syncs that ended otherwise before this instant go.
    pub ended_before: Timestamp,
}

/// Whether no sync needs `file` any more. What is visible stays, and what proves that a change was made.
const NOT_NEEDED: &str = "removed_at IS NULL AND stored_at < $1 AND NOT EXISTS (SELECT 1 FROM sync \
     WHERE (file_sha256 = file.sha256 OR log_sha256 = file.sha256) AND (finished_at IS NULL \
     OR finished_at >= CASE WHEN state = 'discarded' THEN $1 ELSE $2 END \
     OR EXISTS (SELECT 1 FROM inventory WHERE inventory.connector_id = sync.connector_id AND applied_sync_id = sync.id) \
     OR EXISTS (SELECT 1 FROM provision_job WHERE confirmed_sync_id = sync.id)))";

/// Some of the files that no sync needs any more.
///
/// # Errors
/// When the database refuses.
pub async fn removable(conn: &mut Connection, keeping: Keeping, limit: u32) -> Result<Vec<Digest>> {
    let sql = format!("SELECT sha256 FROM file WHERE {NOT_NEEDED} ORDER BY stored_at LIMIT $3");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(micros(keeping.discarded_before))
        .bind(micros(keeping.ended_before))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.parsed("sha256")).collect()
}

/// Notes that a file is not kept any more, unless a sync needs it by now. Whether it was noted: then its content may go
/// before the change is committed, for until then nobody can store it again.
///
/// # Errors
/// When the database refuses.
pub async fn remove(tx: &mut Tx, digest: &Digest, keeping: Keeping) -> Result<bool> {
    let now = tx.now();
    let lock = format!("SELECT sha256 FROM file WHERE sha256 = $1{}", tx.engine().for_update());
    sqlx::query(AssertSqlSafe(lock)).bind(digest.to_string()).fetch_optional(tx.conn()).await?;
    let sql = format!("UPDATE file SET removed_at = $3 WHERE sha256 = $4 AND {NOT_NEEDED}");
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(micros(keeping.discarded_before))
        .bind(micros(keeping.ended_before))
        .bind(micros(now))
        .bind(digest.to_string())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a file with this digest was noted and is kept.
///
/// # Errors
/// When the database refuses.
pub async fn is_kept(conn: &mut Connection, digest: &Digest) -> Result<bool> {
    let row = sqlx::query("SELECT sha256 FROM file WHERE sha256 = $1 AND removed_at IS NULL")
        .bind(digest.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
