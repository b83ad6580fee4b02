//! What people say about apps and entitlements: how much harm they can do, and what they fall under.
//!
//! Source: governance §1.3, §1.8.

use domain::classification::{Classification, Risk};
use ids::{AppId, EntitlementId, TenantId};

use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, json_text};

/// What it is said about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// An app.
    App(AppId),
    /// One entitlement.
    Entitlement(EntitlementId),
}

impl Of {
    /// The kind of the object, as events name it, and its id.
    #[must_use]
    pub fn object(self) -> (&'static str, String) {
        match self {
            Self::App(id) => ("app", id.to_string()),
            Self::Entitlement(id) => ("entitlement", id.to_string()),
        }
    }
}

/// What was said, with how often it changed: 0 before anybody said anything.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, of: Of) -> Result<(Classification, i64)> {
    let (kind, id) = of.object();
    let sql = "SELECT risk_level, tags, frameworks, version FROM classification \
         WHERE object_kind = $1 AND object_id = $2";
    let row = sqlx::query(sql).bind(kind).bind(id).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok((Classification::default(), 0)) };
    let found = Classification {
        risk_level: row.parsed_opt("risk_level")?,
        tags: row.json("tags")?,
        frameworks: row.json("frameworks")?,
    };
    Ok((found, row.number("version")?))
}

/// What holds for an app, or for an entitlement of it.
///
/// # Errors
/// When the database refuses.
pub async fn effective(
    conn: &mut Connection,
    app: AppId,
    entitlement: Option<EntitlementId>,
) -> Result<Classification> {
    let (above, _) = find(conn, Of::App(app)).await?;
    match entitlement {
        Some(id) => Ok(find(conn, Of::Entitlement(id)).await?.0.or(above)),
        None => Ok(above),
    }
}

/// Says it anew, if it still has the version that was read.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn set(conn: &mut Connection, tenant: TenantId, of: Of, wished: &Classification, version: i64) -> Result<()> {
    let (kind, id) = of.object();
    let written = sqlx::query(
        "INSERT INTO classification (object_kind, object_id, tenant_id, risk_level, tags, frameworks, version) \
         VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (object_kind, object_id) DO UPDATE SET risk_level = $4, \
         tags = $5, frameworks = $6, version = classification.version + 1 WHERE classification.version = $7",
    )
    .bind(kind)
    .bind(id.clone())
    .bind(tenant.to_string())
    .bind(wished.risk_level.map(Risk::name))
    .bind(json_text("tags", &wished.tags)?)
    .bind(json_text("frameworks", &wished.frameworks)?)
    .bind(version)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "classification", id });
    }
    Ok(())
}
