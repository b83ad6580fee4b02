//! The keys that sign access tokens. They outlive the server, so tokens from before a restart stay valid.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros, micros_opt};
use crate::seal::Place;
use ids::TenantId;

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name: `kid` in tokens.
    pub id: String,
    /// What it signs, for example `access_token`.
    pub purpose: String,
    /// The public half, a JWK.
    pub public_jwk: String,
    /// The private half, sealed at [`SigningKey::place`].
    pub sealed_private: Vec<u8>,
    /// When it was made. The newest signs.
    pub created_at: Timestamp,
    /// Since when it signs nothing any more.
    pub retired_at: Option<Timestamp>,
}

impl SigningKey {
    /// Where the private half of the key with this id stands.
    #[must_use]
    pub const fn place(id: &str) -> Place<'_> {
        Place { table: "signing_key", row: id, column: "sealed_private" }
    }
}

/// Stores a new key.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, key: &SigningKey) -> Result<()> {
    sqlx::query(
        "INSERT INTO signing_key (id, tenant_id, purpose, public_jwk, sealed_private, created_at, retired_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&key.id)
    .bind(tenant.to_string())
    .bind(&key.purpose)
    .bind(&key.public_jwk)
    .bind(key.sealed_private.clone())
    .bind(micros(key.created_at))
    .bind(micros_opt(key.retired_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// The keys for this purpose, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, purpose: &str) -> Result<Vec<SigningKey>> {
    let rows = sqlx::query(
        "SELECT id, purpose, public_jwk, sealed_private, created_at, retired_at FROM signing_key \
         WHERE tenant_id = $1 AND purpose = $2 ORDER BY created_at DESC, id DESC LIMIT 100",
    )
    .bind(tenant.to_string())
    .bind(purpose)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// Lets the keys made before `made_before` sign no more; returns how many did.
///
/// # Errors
/// When the database refuses.
pub async fn retire(
    conn: &mut Connection,
    tenant: TenantId,
    purpose: &str,
    made_before: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE signing_key SET retired_at = $1 \
         WHERE tenant_id = $2 AND purpose = $3 AND created_at < $4 AND retired_at IS NULL",
    )
    .bind(micros(now))
    .bind(tenant.to_string())
    .bind(purpose)
    .bind(micros(made_before))
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Removes the keys that were retired before `retired_before`; returns how many there were.
///
/// # Errors
/// When the database refuses.
pub async fn remove_retired(
    conn: &mut Connection,
    tenant: TenantId,
    purpose: &str,
    retired_before: Timestamp,
) -> Result<u64> {
    let done = sqlx::query("DELETE FROM signing_key WHERE tenant_id = $1 AND purpose = $2 AND retired_at < $3")
        .bind(tenant.to_string())
        .bind(purpose)
        .bind(micros(retired_before))
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Seals the private half anew, under another key.
///
/// # Errors
/// When the database refuses.
pub async fn reseal(conn: &mut Connection, id: &str, sealed_private: Vec<u8>) -> Result<()> {
    sqlx::query("UPDATE signing_key SET sealed_private = $1 WHERE id = $2")
        .bind(sealed_private)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<SigningKey> {
    Ok(SigningKey {
        id: row.text("id")?,
        purpose: row.text("purpose")?,
        public_jwk: row.text("public_jwk")?,
        sealed_private: row.bytes("sealed_private")?,
        created_at: row.instant("created_at")?,
        retired_at: row.instant_opt("retired_at")?,
    })
}
