//! The one-time links that make the first administrator. A link is known here by the SHA-256 of its token alone.

use ids::{PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::Connection;
use crate::engine::Engine;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// Lets offers and claims wait for each other, across servers, until the transaction ends.
///
/// Takes the head of the audit chain, which each of them writes to at its end anyway: taking any other row first could
/// make two changes wait for each other in a circle.
///
/// # Errors
/// When the database refuses.
pub async fn lock(conn: &mut Connection, engine: Engine, tenant: TenantId) -> Result<()> {
    let select = format!("SELECT seq FROM audit_head WHERE tenant_id = $1{}", engine.for_update());
    sqlx::query(AssertSqlSafe(select)).bind(tenant.to_string()).fetch_optional(conn).await?;
    Ok(())
}

/// Stores a new link.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    conn: &mut Connection,
    tenant: TenantId,
    token_hash: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO setup_link (token_hash, tenant_id, expires_at, created_at) VALUES ($1, $2, $3, $4)")
        .bind(token_hash)
        .bind(tenant.to_string())
        .bind(micros(expires_at))
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// The end of the link that lives longest among those that can still be claimed.
///
/// # Errors
/// When the database refuses.
pub async fn pending(conn: &mut Connection, tenant: TenantId, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = sqlx::query(
        "SELECT expires_at FROM setup_link WHERE tenant_id = $1 AND claimed_at IS NULL AND expires_at > $2 \
         ORDER BY expires_at DESC LIMIT 1",
    )
    .bind(tenant.to_string())
    .bind(micros(now))
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.instant("expires_at")).transpose()
}

/// Takes the link for this change; `false` when it is not there, over, or taken. Of several who try, one gets it.
///
/// # Errors
/// When the database refuses.
pub async fn claim(conn: &mut Connection, tenant: TenantId, token_hash: &str, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE setup_link SET claimed_at = $1 \
         WHERE tenant_id = $2 AND token_hash = $3 AND claimed_at IS NULL AND expires_at > $1",
    )
    .bind(micros(now))
    .bind(tenant.to_string())
    .bind(token_hash)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes down who was made by a link that was claimed.
///
/// # Errors
/// When the database refuses.
pub async fn set_claimed_by(conn: &mut Connection, token_hash: &str, person: PersonId) -> Result<()> {
    sqlx::query("UPDATE setup_link SET claimed_by = $1 WHERE token_hash = $2")
        .bind(person.to_string())
        .bind(token_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the links that nobody claimed; returns how many there were.
///
/// # Errors
/// When the database refuses.
pub async fn remove_unclaimed(conn: &mut Connection, tenant: TenantId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM setup_link WHERE tenant_id = $1 AND claimed_at IS NULL")
        .bind(tenant.to_string())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
