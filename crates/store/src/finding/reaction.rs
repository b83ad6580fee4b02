//! What apps do about changes that Podium did not make.
//!
//! Source: governance R-O-3, R-O-5.

use domain::finding::Reaction;
use ids::{AccountId, AppId, EntitlementId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::condition;
use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros};

/// What an app does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppReaction {
    /// The app.
    pub app_id: AppId,
    /// What follows from access that is given outside.
    pub outside: Reaction,
    /// Who else gives and takes access in the app, by a name that people know.
    pub other_writer: Option<String>,
    /// Grows with each change; 0 while nobody chose anything.
    pub version: i64,
}

/// What this app does.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Connection, app: AppId) -> Result<AppReaction> {
    let row = sqlx::query("SELECT outside, other_writer, version FROM app_reaction WHERE app_id = $1")
        .bind(app.to_string())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(AppReaction { app_id: app, outside: Reaction::TellOwner, other_writer: None, version: 0 });
    };
    Ok(AppReaction {
        app_id: app,
        outside: row.parsed("outside")?,
        other_writer: row.text_opt("other_writer")?,
        version: row.number("version")?,
    })
}

/// Writes it, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn set(conn: &mut Connection, tenant: TenantId, reaction: &mut AppReaction) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO app_reaction (app_id, tenant_id, outside, other_writer, version) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT (app_id) DO UPDATE SET outside = excluded.outside, other_writer = excluded.other_writer, \
         version = app_reaction.version + 1 WHERE app_reaction.version = $5",
    )
    .bind(reaction.app_id.to_string())
    .bind(tenant.to_string())
    .bind(reaction.outside.name())
    .bind(reaction.other_writer.clone())
    .bind(reaction.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "reaction of the app", id: reaction.app_id.to_string() });
    }
    reaction.version += 1;
    Ok(())
}

/// Whether Podium and another writer undo each other's changes of what this account holds (R-O-5).
///
/// # Errors
/// When the database refuses.
pub async fn is_tug_of_war(
    conn: &mut Connection,
    tenant: TenantId,
    account: AccountId,
    entitlement: EntitlementId,
    now: Timestamp,
) -> Result<bool> {
    let sql = format!(
        "SELECT 1 AS one FROM ({}) c WHERE c.account_id = $4 AND c.entitlement_id = $5 AND $2 = $2 AND $3 = $3",
        condition::of(domain::finding::Type::TugOfWar)
    );
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind("")
        .bind(micros(now))
        .bind(account.to_string())
        .bind(entitlement.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}
