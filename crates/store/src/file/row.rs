//! What the database knows about files.

use jiff::Timestamp;

use super::{Digest, Stored};
use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

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

/// Notes that a file was stored; a second time changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn record(conn: &mut Connection, stored: &Stored, kind: Kind, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO file (sha256, bytes, kind, stored_at) VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING",
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
