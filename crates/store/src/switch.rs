//! The switches of the install. What nobody has touched is on.
//!
//! Source: governance §1.1.

use domain::switch::Switch;
use ids::TenantId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, flag, micros};

/// A switch that somebody has touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Which.
    pub switch: Switch,
    /// Whether it is on.
    pub is_on: bool,
    /// When it was last switched.
    pub changed_at: Timestamp,
    /// By whom, as audit rows name the actor.
    pub changed_by: String,
    /// Why.
    pub reason: String,
}

/// The switches that somebody has touched.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Connection, tenant: TenantId) -> Result<Vec<Touched>> {
    let select = "SELECT name, is_on, changed_at, changed_by, reason FROM switch WHERE tenant_id = $1 ORDER BY name";
    let rows = sqlx::query(select).bind(tenant.to_string()).fetch_all(conn).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Touched {
            switch: row.parsed("name")?,
            is_on: row.flag("is_on")?,
            changed_at: row.instant("changed_at")?,
            changed_by: row.text("changed_by")?,
            reason: row.text("reason")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Whether a switch is on.
///
/// # Errors
/// When the database refuses.
pub async fn is_on(conn: &mut Connection, tenant: TenantId, switch: Switch) -> Result<bool> {
    let select = sqlx::query("SELECT is_on FROM switch WHERE tenant_id = $1 AND name = $2");
    let row = select.bind(tenant.to_string()).bind(switch.name()).fetch_optional(conn).await?;
    Ok(row.map(|row| row.flag("is_on")).transpose()?.unwrap_or(true))
}

/// Switches.
///
/// # Errors
/// When the database refuses.
pub async fn set(conn: &mut Connection, tenant: TenantId, touched: &Touched) -> Result<()> {
    sqlx::query(
        "INSERT INTO switch (tenant_id, name, is_on, changed_at, changed_by, reason) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, name) DO UPDATE SET is_on = excluded.is_on, changed_at = excluded.changed_at, \
         changed_by = excluded.changed_by, reason = excluded.reason",
    )
    .bind(tenant.to_string())
    .bind(touched.switch.name())
    .bind(flag(touched.is_on))
    .bind(micros(touched.changed_at))
    .bind(&touched.changed_by)
    .bind(&touched.reason)
    .execute(conn)
    .await?;
    Ok(())
}
