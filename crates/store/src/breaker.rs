//! Apps in which too much was taken away at once.
//!
//! Source: governance R-B-1, R-B-2.

use ids::{AppId, TenantId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros_opt};

/// The breaker of an app. One that there is no row of has never tripped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// The app.
    pub app_id: AppId,
    /// Since when nothing more is taken away; `None` while it is.
    pub tripped_at: Option<Timestamp>,
    /// What was decided until then goes on, and counts no more.
    pub settled_at: Option<Timestamp>,
    /// Grows with each change; 0 while there is no row.
    pub version: i64,
}

/// The breaker of this app.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Connection, app: AppId) -> Result<Breaker> {
    let select = "SELECT app_id, tripped_at, settled_at, version FROM breaker WHERE app_id = $1";
    let row = sqlx::query(select).bind(app.to_string()).fetch_optional(conn).await?;
    let never = Breaker { app_id: app, tripped_at: None, settled_at: None, version: 0 };
    row.as_ref().map_or(Ok(never), read)
}

/// The breakers that have tripped, the longest first.
///
/// # Errors
/// When the database refuses.
pub async fn tripped(conn: &mut Connection, tenant: TenantId) -> Result<Vec<Breaker>> {
    let select = "SELECT app_id, tripped_at, settled_at, version FROM breaker \
         WHERE tenant_id = $1 AND tripped_at IS NOT NULL ORDER BY tripped_at, app_id";
    sqlx::query(select).bind(tenant.to_string()).fetch_all(conn).await?.iter().map(read).collect()
}

/// Writes it, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn set(conn: &mut Connection, tenant: TenantId, breaker: &mut Breaker) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO breaker (app_id, tenant_id, tripped_at, settled_at, version) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT (app_id) DO UPDATE SET tripped_at = excluded.tripped_at, settled_at = excluded.settled_at, \
         version = breaker.version + 1 WHERE breaker.version = $5",
    )
    .bind(breaker.app_id.to_string())
    .bind(tenant.to_string())
    .bind(micros_opt(breaker.tripped_at))
    .bind(micros_opt(breaker.settled_at))
    .bind(breaker.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "breaker", id: breaker.app_id.to_string() });
    }
    breaker.version += 1;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Breaker> {
    Ok(Breaker {
        app_id: row.parsed("app_id")?,
        tripped_at: row.instant_opt("tripped_at")?,
        settled_at: row.instant_opt("settled_at")?,
        version: row.number("version")?,
    })
}
