//! Grants: who holds what, now or at a past instant.

use ids::{AccountId, AppId, ConnectorId, EntitlementId, GrantId, SyncId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::VISIBLE;
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

const COLUMNS: &str = "x.id, x.app_id, x.connector_id, x.entitlement_id, x.account_id, a.login, \
     a.display_name AS account_name, e.display_name AS entitlement_name, x.state, x.origin, x.starts_at, x.ended_at, \
     x.end_reason, x.sources, x.immutable, x.version, \
     CASE WHEN x.settled_at IS NOT NULL AND x.origin NOT IN ('initial', 'outside') THEN x.proved_sync_id \
     ELSE (SELECT s.sync_id FROM sync_seq s WHERE s.connector_id = x.connector_id AND s.seq = x.first_seq) END \
     AS observed_first_sync, \
     CASE WHEN x.origin NOT IN ('initial', 'outside') AND x.proved_sync_id IS NULL THEN NULL WHEN x.gone_seq IS NULL THEN i.applied_sync_id ELSE (SELECT s.sync_id FROM sync_seq s \
     WHERE s.connector_id = x.connector_id AND s.seq < x.gone_seq ORDER BY s.seq DESC LIMIT 1) END \
     AS observed_last_sync, \
     (SELECT s.sync_id FROM sync_seq s WHERE s.connector_id = x.connector_id AND s.seq = x.gone_seq) \
     AS proof_of_end_sync";

const NAMES: &str = "LEFT JOIN account a ON a.id = x.account_id JOIN entitlement e ON e.id = x.entitlement_id";

/// A period in which an account holds an entitlement, as it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The app that it is in.
    pub app_id: AppId,
    /// The connector that found it.
    pub connector_id: ConnectorId,
    /// What is held.
    pub entitlement_id: EntitlementId,
    /// What people call it.
    pub entitlement_name: String,
    /// By whom.
    pub account_id: Option<AccountId>,
    /// The name that the account's owner signs in with.
    pub login: Option<String>,
    /// What people call the account.
    pub account_name: Option<String>,
    /// The state of T-G; `active` or `ended` for what connectors find.
    pub state: String,
    /// `initial`, `outside` and what else governance §1.9 names.
    pub origin: String,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when; none while it is held.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// The entitlements that it comes from.
    pub sources: Vec<String>,
    /// Whether it cannot be revoked.
    pub is_immutable: bool,
    /// The sync that saw it first.
    pub observed_first_sync: Option<SyncId>,
    /// The sync that saw it last.
    pub observed_last_sync: Option<SyncId>,
    /// The sync that saw that it had ended.
    pub proof_of_end_sync: Option<SyncId>,
    /// Grows with each change.
    pub version: i64,
}

impl Grant {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            connector_id: row.parsed("connector_id")?,
            entitlement_id: row.parsed("entitlement_id")?,
            entitlement_name: row.text("entitlement_name")?,
            account_id: row.parsed_opt("account_id")?,
            login: row.text_opt("login")?,
            account_name: row.text_opt("account_name")?,
            state: row.text("state")?,
            origin: row.text("origin")?,
            starts_at: row.instant("starts_at")?,
            ended_at: row.instant_opt("ended_at")?,
            end_reason: row.text_opt("end_reason")?,
            sources: row.json("sources")?,
            is_immutable: row.flag("immutable")?,
            observed_first_sync: row.parsed_opt("observed_first_sync")?,
            observed_last_sync: row.parsed_opt("observed_last_sync")?,
            proof_of_end_sync: row.parsed_opt("proof_of_end_sync")?,
            version: row.number("version")?,
        })
    }
}

/// Whose grants to list.
#[derive(Debug, Clone, Copy)]
pub enum GrantFilter {
    /// Of everybody who holds this entitlement.
    Entitlement(EntitlementId),
    /// Of this account.
    Account(AccountId),
    /// Of everybody in this app.
    App(AppId),
}

/// Which periods to list; those that were never held are in [`When::Ever`] alone.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// Those that are held.
    Now,
    /// Those that were running at this instant.
    At(Timestamp),
    /// Those that have ended.
    Past,
    /// All.
    Ever,
}

/// The grant with this id.
///
/// # Errors
/// When the database refuses.
pub async fn grant(conn: &mut Connection, tenant: TenantId, id: GrantId) -> Result<Option<Grant>> {
    let sql = format!("SELECT {COLUMNS} FROM grant_period x {VISIBLE} {NAMES} WHERE x.tenant_id = $1 AND x.id = $2");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Grant::read).transpose()
}

/// Grants, in an order that is always the same.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn grants(conn: &mut Connection, filter: GrantFilter, when: When, paging: Paging<'_>) -> Result<Page<Grant>> {
    let during = match when {
        When::Now => "AND x.state IN ('active', 'expiring', 'ending', 'stuck') ",
        When::Past => "AND x.ended_at IS NOT NULL AND x.key IS NOT NULL ",
        When::Ever => "",
        When::At(_) => "AND x.starts_at <= $5 AND (x.ended_at IS NULL OR x.ended_at > $5) AND x.key IS NOT NULL ",
    };
    let (of, subject) = match filter {
        // Each list has an index in its order; the two halves of a cursor are the same for all of them.
        GrantFilter::Entitlement(id) => {
            ("x.entitlement_id = $1 AND x.entitlement_id >= $2 AND x.id > $3", id.to_string())
        }
        GrantFilter::Account(id) => ("x.account_id = $1 AND $2 = $2 AND x.id > $3", id.to_string()),
        GrantFilter::App(id) => {
            ("e.app_id = $1 AND e.id >= $2 AND (x.entitlement_id, x.id) > ($2, $3)", id.to_string())
        }
    };
    let order = match filter {
        GrantFilter::App(_) => "x.entitlement_id, x.id",
        GrantFilter::Entitlement(_) | GrantFilter::Account(_) => "x.id",
    };
    let [entitlement, id] = paging.parts::<2>()?.unwrap_or_default();
    let sql =
        format!("SELECT {COLUMNS} FROM grant_period x {VISIBLE} {NAMES} WHERE {of} {during}ORDER BY {order} LIMIT $4");
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(subject)
        .bind(entitlement.to_owned())
        .bind(id.to_owned())
        .bind(paging.fetch());
    if let When::At(instant) = when {
        query = query.bind(micros(instant));
    }
    let rows = query.fetch_all(conn).await?;
    let rows = rows.iter().map(Grant::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |grant: &Grant| format!("{} {}", grant.entitlement_id, grant.id)))
}
