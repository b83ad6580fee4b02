//! Answers that are given again to a repeated request (`Idempotency-Key`).
//!
//! The key is taken before the work begins and its answer kept afterwards. Who crashes in between leaves a key without
//! an answer: the repeat is told so, because the work may or may not have been done.
//!
//! Source: governance §5.

use jiff::Timestamp;

use crate::Store;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// Whose key it is: keys of different callers never meet.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The caller, as audit rows name it.
    pub actor: &'a str,
    /// The key that the caller chose.
    pub key: &'a str,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that matter, as JSON.
    pub headers: String,
    /// The body, sealed: it may hold a secret that is shown once.
    pub sealed_body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is taken now, and the caller does the work.
    New,
    /// The request was answered before.
    Answered(Answer),
    /// Another request has this key.
    Other,
    /// The same request is being carried out, or was interrupted by a crash.
    Unfinished,
}

/// Takes the key for the request with this digest until `expires_at`, unless it is taken.
///
/// # Errors
/// When the database refuses.
pub async fn take(store: &Store, key: Key<'_>, request: &str, expires_at: Timestamp) -> Result<Known> {
    let mut tx = store.begin().await?;
    let tenant = tx.tenant().to_string();
    let now = micros(tx.now());
    sqlx::query("DELETE FROM idempotency WHERE tenant_id = $1 AND actor = $2 AND key = $3 AND expires_at <= $4")
        .bind(&tenant)
        .bind(key.actor)
        .bind(key.key)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let taken = sqlx::query(
        "INSERT INTO idempotency (tenant_id, actor, key, request, expires_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, actor, key) DO NOTHING",
    )
    .bind(&tenant)
    .bind(key.actor)
    .bind(key.key)
    .bind(request)
    .bind(micros(expires_at))
    .execute(tx.conn())
    .await?;
    if taken.rows_affected() == 1 {
        tx.commit().await?;
        return Ok(Known::New);
    }
    let row = sqlx::query(
        "SELECT request, status, headers, body FROM idempotency WHERE tenant_id = $1 AND actor = $2 AND key = $3",
    )
    .bind(&tenant)
    .bind(key.actor)
    .bind(key.key)
    .fetch_one(tx.conn())
    .await?;
    if row.text("request")? != request {
        return Ok(Known::Other);
    }
    let answer = (row.number_opt("status")?, row.text_opt("headers")?, row.bytes_opt("body")?);
    Ok(match answer {
        (Some(status), Some(headers), Some(sealed_body)) => {
            Known::Answered(Answer { status: u16::try_from(status).unwrap_or(500), headers, sealed_body })
        }
        _ => Known::Unfinished,
    })
}

/// Keeps the answer for repeats.
///
/// # Errors
/// When the database refuses.
pub async fn answer(store: &Store, key: Key<'_>, answer: &Answer) -> Result<()> {
    let mut tx = store.begin().await?;
    let tenant = tx.tenant().to_string();
    sqlx::query(
        "UPDATE idempotency SET status = $4, headers = $5, body = $6 WHERE tenant_id = $1 AND actor = $2 AND key = $3",
    )
    .bind(tenant)
    .bind(key.actor)
    .bind(key.key)
    .bind(i64::from(answer.status))
    .bind(&answer.headers)
    .bind(&answer.sealed_body)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Gives the key back: nothing was done, and the same request may be tried again.
///
/// # Errors
/// When the database refuses.
pub async fn release(store: &Store, key: Key<'_>) -> Result<()> {
    let mut tx = store.begin().await?;
    let tenant = tx.tenant().to_string();
    sqlx::query("DELETE FROM idempotency WHERE tenant_id = $1 AND actor = $2 AND key = $3 AND status IS NULL")
        .bind(tenant)
        .bind(key.actor)
        .bind(key.key)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets what has expired. Returns how many keys that were.
///
/// # Errors
/// When the database refuses.
pub async fn forget_expired(store: &Store) -> Result<u64> {
    let mut tx = store.begin().await?;
    let now = micros(tx.now());
    let gone = sqlx::query("DELETE FROM idempotency WHERE expires_at <= $1").bind(now).execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(gone.rows_affected())
}
