//! Which types of findings are looked for.

use domain::finding::Type;
use ids::TenantId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, flag, micros};

/// A type that somebody switched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub kind: Type,
    /// Whether it is looked for.
    pub is_on: bool,
    /// When it was switched.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// The types that somebody switched; what Podium knows no more is left out.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Connection, tenant: TenantId) -> Result<Vec<Setting>> {
    let sql = "SELECT type, is_on, changed_at, changed_by FROM finding_setting WHERE tenant_id = $1 ORDER BY type";
    let rows = sqlx::query(sql).bind(tenant.to_string()).fetch_all(conn).await?;
    let mut settings = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok(kind) = row.text("type")?.parse() else { continue };
        settings.push(Setting {
            kind,
            is_on: row.flag("is_on")?,
            changed_at: row.instant("changed_at")?,
            changed_by: row.text("changed_by")?,
        });
    }
    Ok(settings)
}

/// Switches a type.
///
/// # Errors
/// When the database refuses.
pub async fn set(conn: &mut Connection, tenant: TenantId, setting: &Setting) -> Result<()> {
    sqlx::query(
        "INSERT INTO finding_setting (tenant_id, type, is_on, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, type) DO UPDATE SET is_on = excluded.is_on, changed_at = excluded.changed_at, \
         changed_by = excluded.changed_by",
    )
    .bind(tenant.to_string())
    .bind(setting.kind.name())
    .bind(flag(setting.is_on))
    .bind(micros(setting.changed_at))
    .bind(&setting.changed_by)
    .execute(conn)
    .await?;
    Ok(())
}
