//! What was seen once and must not be seen again: assertions and proofs, by their digest.
//!
//! The table is shared, so a replay is noticed by every server of the database.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use crate::Connection;
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::row::micros;

/// How many keys [`remember`] takes at once.
pub const MAX_KEYS: usize = 1_000;

/// A digest, and until when it must be remembered.
pub type Key = ([u8; 32], Timestamp);

/// Remembers these keys, and says of each whether it is seen for the first time.
///
/// Of two equal keys only one is, whoever brings them: two callers, two servers, or one list.
///
/// # Errors
/// When the database refuses. Then nothing was remembered, and the caller must refuse what it has.
pub async fn remember(conn: &mut Connection, keys: &[Key]) -> Result<Vec<bool>> {
    debug_assert!(keys.len() <= MAX_KEYS, "{} keys at once", keys.len());
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    // Sorted, so that two lists never wait for each other in a circle.
    let mut wanted: Vec<(String, Timestamp)> = keys.iter().map(|(key, until)| (hex(key), *until)).collect();
    wanted.sort_unstable();
    wanted.dedup_by(|one, other| one.0 == other.0);
    let places: Vec<String> =
        (0..wanted.len()).map(|index| format!("(${}, ${})", 2 * index + 1, 2 * index + 2)).collect();
    let insert = format!(
        "INSERT INTO replay (key_hash, expires_at) VALUES {} ON CONFLICT (key_hash) DO NOTHING RETURNING key_hash",
        places.join(", ")
    );
    let mut insert = sqlx::query(AssertSqlSafe(insert));
    for (key, until) in wanted {
        insert = insert.bind(key).bind(micros(until));
    }
    let rows = insert.fetch_all(conn).await?;
    let mut fresh: HashSet<String> = rows
        .iter()
        .map(|row| row.try_get("key_hash").map_err(|error| Error::corrupt("key_hash", error)))
        .collect::<Result<_>>()?;
    Ok(keys.iter().map(|(key, _)| fresh.remove(&hex(key))).collect())
}

/// Forgets at most `limit` keys whose time is over; returns how many.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut Connection, now: Timestamp, limit: u32) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM replay WHERE key_hash IN (SELECT key_hash FROM replay WHERE expires_at < $1 LIMIT $2)",
    )
    .bind(micros(now))
    .bind(i64::from(limit))
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
