//! The tenant: what this install is called, and its settings.
//!
//! Source: governance §1.1.

use ids::TenantId;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::error::{Error, Result};
use crate::row::{RowExt as _, json_text, micros};
use crate::{Connection, Tx};

/// The tenant as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// The id.
    pub id: TenantId,
    /// What the install is called.
    pub name: String,
    /// The settings that people change; an object.
    pub settings: Value,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// How often it changed.
    pub version: i64,
}

/// The tenant.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Connection, tenant: TenantId) -> Result<Tenant> {
    let row = sqlx::query("SELECT name, settings, updated_at, version FROM tenant WHERE id = $1")
        .bind(tenant.to_string())
        .fetch_one(conn)
        .await?;
    Ok(Tenant {
        id: tenant,
        name: row.text("name")?,
        settings: row.json("settings")?,
        updated_at: row.instant("updated_at")?,
        version: row.number("version")?,
    })
}

/// Writes what may change of the tenant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn update(conn: &mut Connection, tenant: &mut Tenant, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE tenant SET name = $1, settings = $2, updated_at = $3, version = version + 1 WHERE id = $4 AND version = $5",
    )
    .bind(&tenant.name)
    .bind(json_text("settings", &tenant.settings)?)
    .bind(micros(now))
    .bind(tenant.id.to_string())
    .bind(tenant.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "settings", id: tenant.id.to_string() });
    }
    tenant.version += 1;
    tenant.updated_at = now;
    Ok(())
}

/// Keeps everybody else from deciding about people and settings until the transaction ends, so that a rule over all of
/// them holds.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    let select = format!("SELECT version FROM tenant WHERE id = $1{}", tx.engine().for_update());
    let tenant = tx.tenant().to_string();
    sqlx::query(AssertSqlSafe(select)).bind(tenant).fetch_one(tx.conn()).await?;
    Ok(())
}
