//! What a person holds, in all apps.

use ids::{AccountId, AppId, EntitlementId, GrantId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::VISIBLE;
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::RowExt as _;

/// An entitlement that an account of a person holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The period.
    pub grant_id: GrantId,
    /// The app that it is in.
    pub app_id: AppId,
    /// What people call the app.
    pub app_name: String,
    /// The account that holds it.
    pub account_id: AccountId,
    /// The name that the person signs in with.
    pub login: String,
    /// What is held.
    pub entitlement_id: EntitlementId,
    /// What people call it.
    pub entitlement_name: String,
    /// The state of T-G.
    pub state: String,
    /// Where it came from (governance §1.9).
    pub origin: String,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when, if it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Access {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            grant_id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            app_name: row.text("app_name")?,
            account_id: row.parsed("account_id")?,
            login: row.text("login")?,
            entitlement_id: row.parsed("entitlement_id")?,
            entitlement_name: row.text("entitlement_name")?,
            state: row.text("state")?,
            origin: row.text("origin")?,
            starts_at: row.instant("starts_at")?,
            expires_at: row.instant_opt("expires_at")?,
        })
    }
}

/// What the accounts of this person hold now, the oldest first.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn access_of(
    conn: &mut Connection,
    tenant: TenantId,
    person: PersonId,
    paging: Paging<'_>,
) -> Result<Page<Access>> {
    let sql = format!(
        "SELECT x.id, x.app_id, p.name AS app_name, x.account_id, a.login, x.entitlement_id, \
         e.display_name AS entitlement_name, x.state, x.origin, x.starts_at, x.expires_at \
         FROM grant_period x {VISIBLE} JOIN account a ON a.id = x.account_id JOIN entitlement e ON e.id = x.entitlement_id \
         JOIN app p ON p.id = x.app_id WHERE x.tenant_id = $1 AND a.owner_person_id = $2 \
         AND x.state IN ('active', 'expiring', 'ending', 'stuck') AND x.id > $3 ORDER BY x.id LIMIT $4"
    );
    let [after] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(person.to_string())
        .bind(after.to_owned())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Access::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |access: &Access| access.grant_id.to_string()))
}
