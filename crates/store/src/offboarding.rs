//! What is done about the accounts of a person who left.
//!
//! Source: governance §3.10 (R-L-3).

use domain::person::LeaverRule;
use ids::{AccountId, AppId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// An account of a person who left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offboarded {
    /// Who left.
    pub person_id: PersonId,
    /// When.
    pub started_at: Timestamp,
    /// The account.
    pub account_id: AccountId,
    /// The app that it is in.
    pub app_id: AppId,
    /// What becomes of it; none when it is left alone.
    pub rule: Option<LeaverRule>,
}

/// Writes down what becomes of an account.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, one: &Offboarded) -> Result<()> {
    sqlx::query(
        "INSERT INTO offboarding_account (tenant_id, person_id, started_at, account_id, app_id, rule) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person_id, started_at, account_id) DO NOTHING",
    )
    .bind(tenant.to_string())
    .bind(one.person_id.to_string())
    .bind(micros(one.started_at))
    .bind(one.account_id.to_string())
    .bind(one.app_id.to_string())
    .bind(one.rule.map(LeaverRule::name))
    .execute(conn)
    .await?;
    Ok(())
}

/// The accounts of this person when they left last, the oldest first; nothing when they had none or never left.
///
/// # Errors
/// When the database refuses.
pub async fn last_of(conn: &mut Connection, person: PersonId) -> Result<Vec<Offboarded>> {
    let rows = sqlx::query(
        "SELECT person_id, started_at, account_id, app_id, rule FROM offboarding_account WHERE person_id = $1 \
         AND started_at = (SELECT MAX(started_at) FROM offboarding_account WHERE person_id = $1) ORDER BY account_id",
    )
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    let read = |row: &AnyRow| {
        Ok(Offboarded {
            person_id: row.parsed("person_id")?,
            started_at: row.instant("started_at")?,
            account_id: row.parsed("account_id")?,
            app_id: row.parsed("app_id")?,
            rule: row.parsed_opt("rule")?,
        })
    };
    rows.iter().map(read).collect()
}
