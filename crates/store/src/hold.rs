//! Holds on suspicious syncs.
//!
//! What follows from what is decided by [`domain::hold`].
//!
//! Source: governance §1.6, §2.3.

use domain::hold::{Reason, State};
use ids::{ConnectorId, HoldId, PersonId, SyncId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};

const COLUMNS: &str = "id, connector_id, sync_id, reasons, state, opened_at, renewed_at, decided_at, decided_by, \
     decision_reason, version";

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose sync it holds.
    pub connector_id: ConnectorId,
    /// The sync that it holds; the newest one when it was renewed.
    pub sync_id: SyncId,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Whether somebody has decided. Change it by [`State::after`] only.
    pub state: State,
    /// When the first of its syncs was held.
    pub opened_at: Timestamp,
    /// When the newest of them was held.
    pub renewed_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom, as audit rows name actors.
    pub decided_by: Option<String>,
    /// Why, in that person's words.
    pub decision_reason: Option<String>,
    /// Grows with each change.
    pub version: i64,
}

impl Hold {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            connector_id: row.parsed("connector_id")?,
            sync_id: row.parsed("sync_id")?,
            reasons: row.json("reasons")?,
            state: row.parsed("state")?,
            opened_at: row.instant("opened_at")?,
            renewed_at: row.instant("renewed_at")?,
            decided_at: row.instant_opt("decided_at")?,
            decided_by: row.text_opt("decided_by")?,
            decision_reason: row.text_opt("decision_reason")?,
            version: row.number("version")?,
        })
    }
}

/// Writes down a new hold.
///
/// # Errors
/// [`Error::Conflict`] when the connector has an open one.
pub async fn insert(conn: &mut Connection, tenant: TenantId, hold: &Hold) -> Result<()> {
    sqlx::query(
        "INSERT INTO hold (id, tenant_id, connector_id, sync_id, reasons, state, opened_at, renewed_at, decided_at, \
         decided_by, decision_reason, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(hold.id.to_string())
    .bind(tenant.to_string())
    .bind(hold.connector_id.to_string())
    .bind(hold.sync_id.to_string())
    .bind(json_text("reasons", &hold.reasons)?)
    .bind(hold.state.name())
    .bind(micros(hold.opened_at))
    .bind(micros(hold.renewed_at))
    .bind(micros_opt(hold.decided_at))
    .bind(hold.decided_by.clone())
    .bind(hold.decision_reason.clone())
    .bind(hold.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// The hold with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: HoldId) -> Result<Option<Hold>> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM hold WHERE tenant_id = $1 AND id = $2")))
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(Hold::read).transpose()
}

/// The open hold of a connector, if it has one.
///
/// # Errors
/// When the database refuses.
pub async fn open_of(conn: &mut Connection, connector: ConnectorId) -> Result<Option<Hold>> {
    let row =
        sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM hold WHERE connector_id = $1 AND state = 'open'")))
            .bind(connector.to_string())
            .fetch_optional(conn)
            .await?;
    row.as_ref().map(Hold::read).transpose()
}

/// Which holds to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Those of this connector.
    pub connector: Option<ConnectorId>,
    /// Those in this state.
    pub state: Option<State>,
    /// Those of connectors that this person owns, directly or by owning the app.
    pub owner: Option<PersonId>,
}

/// Holds, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, filter: Filter, paging: Paging<'_>) -> Result<Page<Hold>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM hold WHERE tenant_id = $1 AND ($2 = '' OR connector_id = $2) \
         AND ($3 = '' OR state = $3) AND id < $4 AND ($5 = '' OR EXISTS (SELECT 1 FROM connector c \
         WHERE c.id = hold.connector_id AND ({}))) ORDER BY id DESC LIMIT $6",
        crate::connector::OWNED.replace("$person", "$5")
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(filter.connector.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.state.map(State::name).unwrap_or_default())
        .bind(paging.after.unwrap_or("g").to_owned())
        .bind(filter.owner.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Hold::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |hold: &Hold| hold.id.to_string()))
}

/// Writes what may change of a hold, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn update(conn: &mut Connection, hold: &mut Hold) -> Result<()> {
    let done = sqlx::query(
        "UPDATE hold SET sync_id = $1, reasons = $2, state = $3, renewed_at = $4, decided_at = $5, decided_by = $6, \
         decision_reason = $7, version = version + 1 WHERE id = $8 AND version = $9",
    )
    .bind(hold.sync_id.to_string())
    .bind(json_text("reasons", &hold.reasons)?)
    .bind(hold.state.name())
    .bind(micros(hold.renewed_at))
    .bind(micros_opt(hold.decided_at))
    .bind(hold.decided_by.clone())
    .bind(hold.decision_reason.clone())
    .bind(hold.id.to_string())
    .bind(hold.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "hold", id: hold.id.to_string() });
    }
    hold.version += 1;
    Ok(())
}
