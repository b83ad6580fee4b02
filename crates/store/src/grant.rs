//! Grants as Podium governs them: periods that it opens, changes and ends itself.
//!
//! What connectors find comes through [`crate::inventory`], into the same table. Syncs that started before
//! [`Grant::settled_at`] say nothing about a grant: Podium changed it after they began.
//!
//! Source: governance §1.9, §2.6.

use domain::grant::{EndReason, Origin, State};
use ids::{AccountId, AppId, ConnectorId, EntitlementId, GrantId, PersonId, RequestId, SyncId, TenantId};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros, micros_opt};
use crate::{Connection, Tx};

const COLUMNS: &str = "id, app_id, connector_id, entitlement_id, account_id, person_id, request_id, state, origin, \
     starts_at, lasts, expires_at, ended_at, end_reason, immutable, settled_at, proved_sync_id, gone_seq, version";

/// The states in which access is held.
const HELD: &str = "state IN ('active', 'expiring', 'ending', 'stuck')";

/// A period, as it is governed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The app that it is in.
    pub app_id: AppId,
    /// The connector that gives and takes it.
    pub connector_id: ConnectorId,
    /// What is held.
    pub entitlement_id: EntitlementId,
    /// By which account; none until it exists.
    pub account_id: Option<AccountId>,
    /// By whom, where a request says so.
    pub person_id: Option<PersonId>,
    /// The request that it came from.
    pub request_id: Option<RequestId>,
    /// How far it has come.
    pub state: State,
    /// How it came to be.
    pub origin: Origin,
    /// Since when; when it was asked for, before it is held.
    pub starts_at: Timestamp,
    /// How long it is to be held; none is for ever.
    pub lasts: Option<SignedDuration>,
    /// When its time is over.
    pub expires_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end_reason: Option<EndReason>,
    /// Whether it cannot be revoked.
    pub is_immutable: bool,
    /// Syncs that started before this know less of it than Podium.
    pub settled_at: Option<Timestamp>,
    /// The sync that showed that it is held.
    pub proved_sync_id: Option<SyncId>,
    /// Whether a sync showed that it is over.
    pub is_end_seen: bool,
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
            account_id: row.parsed_opt("account_id")?,
            person_id: row.parsed_opt("person_id")?,
            request_id: row.parsed_opt("request_id")?,
            state: row.parsed("state")?,
            origin: row.parsed("origin")?,
            starts_at: row.instant("starts_at")?,
            lasts: row.number_opt("lasts")?.map(SignedDuration::from_micros),
            expires_at: row.instant_opt("expires_at")?,
            ended_at: row.instant_opt("ended_at")?,
            end_reason: row.parsed_opt("end_reason")?,
            is_immutable: row.flag("immutable")?,
            settled_at: row.instant_opt("settled_at")?,
            proved_sync_id: row.parsed_opt("proved_sync_id")?,
            is_end_seen: row.number_opt("gone_seq")?.is_some(),
            version: row.number("version")?,
        })
    }

    fn lasts_micros(&self) -> Option<i64> {
        self.lasts.map(|lasts| i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Opens a period. Its key is set once it is held, see [`update`].
///
/// # Errors
/// [`Error::Conflict`] when the account holds the entitlement already.
pub async fn insert(conn: &mut Connection, tenant: TenantId, grant: &Grant) -> Result<()> {
    let key = key(conn, grant).await?;
    sqlx::query(
        "INSERT INTO grant_period (id, tenant_id, app_id, connector_id, key, digest, entitlement_id, account_id, \
         person_id, request_id, state, origin, starts_at, lasts, expires_at, sources, immutable, settled_at, first_seq, \
         version) VALUES ($1, $2, $3, $4, $17, $16, $5, $6, $7, $8, $9, $10, $11, $12, $13, '[]', 0, $14, \
         COALESCE((SELECT applied_seq FROM inventory WHERE connector_id = $4), 0), $15)",
    )
        .bind(grant.id.to_string())
        .bind(tenant.to_string())
        .bind(grant.app_id.to_string())
        .bind(grant.connector_id.to_string())
        .bind(grant.entitlement_id.to_string())
        .bind(grant.account_id.map(|id| id.to_string()))
        .bind(grant.person_id.map(|id| id.to_string()))
        .bind(grant.request_id.map(|id| id.to_string()))
        .bind(grant.state.name())
        .bind(grant.origin.name())
        .bind(micros(grant.starts_at))
        .bind(grant.lasts_micros())
        .bind(micros_opt(grant.expires_at))
        .bind(micros_opt(grant.settled_at))
        .bind(grant.version)
        // No row of a file has this digest, so the first sync that counts notes what it says.
        .bind(vec![0_u8; 16])
        .bind(key)
        .execute(conn)
        .await?;
    Ok(())
}

/// The key of a period that is held; none before it is, or when a sync brought it, which knows the key.
async fn key(conn: &mut Connection, grant: &Grant) -> Result<Option<Vec<u8>>> {
    let Some(account) = grant.account_id.filter(|_| grant.state.is_held()) else { return Ok(None) };
    let row = sqlx::query(
        "SELECT a.key AS account_key, e.key AS entitlement_key FROM account a, entitlement e WHERE a.id = $1 AND e.id = $2",
    )
    .bind(account.to_string())
    .bind(grant.entitlement_id.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok([row.bytes("account_key")?, row.bytes("entitlement_key")?].concat())).transpose()
}

/// Writes what became of a period, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since; [`Error::Conflict`] when the account holds the entitlement already.
pub async fn update(conn: &mut Connection, grant: &mut Grant) -> Result<()> {
    let key = key(conn, grant).await?;
    let written = sqlx::query(
        "UPDATE grant_period SET account_id = $2, state = $3, starts_at = $4, lasts = $5, expires_at = $6, \
         ended_at = $7, end_reason = $8, settled_at = $9, proved_sync_id = $10, key = COALESCE(key, $12), \
         version = version + 1 WHERE id = $1 AND version = $11",
    )
    .bind(grant.id.to_string())
    .bind(grant.account_id.map(|id| id.to_string()))
    .bind(grant.state.name())
    .bind(micros(grant.starts_at))
    .bind(grant.lasts_micros())
    .bind(micros_opt(grant.expires_at))
    .bind(micros_opt(grant.ended_at))
    .bind(grant.end_reason.map(EndReason::name))
    .bind(micros_opt(grant.settled_at))
    .bind(grant.proved_sync_id.map(|id| id.to_string()))
    .bind(grant.version)
    .bind(key)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "grant", id: grant.id.to_string() });
    }
    grant.version += 1;
    Ok(())
}

/// The period with this id, if it is visible; nobody else changes it until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn find_for_update(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>> {
    let sql =
        format!("SELECT {COLUMNS} FROM grant_period WHERE tenant_id = $1 AND id = $2{}", tx.engine().for_update());
    let tenant = tx.tenant().to_string();
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(id.to_string()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(Grant::read).transpose()
}

/// The period with this id.
///
/// # Errors
/// When the database refuses.
pub async fn by_id(conn: &mut Connection, id: GrantId) -> Result<Option<Grant>> {
    let sql = format!("SELECT {COLUMNS} FROM grant_period WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Grant::read).transpose()
}

/// The period in which this account holds this entitlement now, as far as it is visible.
///
/// # Errors
/// When the database refuses.
pub async fn held(conn: &mut Connection, account: AccountId, entitlement: EntitlementId) -> Result<Option<Grant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grant_period WHERE account_id = $1 AND entitlement_id = $2 AND {HELD} AND first_seq <= \
         (SELECT applied_seq FROM inventory i WHERE i.connector_id = grant_period.connector_id)"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(account.to_string())
        .bind(entitlement.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(Grant::read).transpose()
}

/// The period of this entitlement that ended outside Podium in the very sync that brought the grant to the same account.
///
/// # Errors
/// When the database refuses.
pub async fn displaced(conn: &mut Connection, by: GrantId, of: EntitlementId) -> Result<Option<Grant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grant_period WHERE entitlement_id = $2 AND end_reason = 'outside' AND EXISTS (SELECT 1 \
         FROM grant_period n WHERE n.id = $1 AND n.account_id = grant_period.account_id \
         AND n.first_seq = grant_period.gone_seq) ORDER BY id DESC LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(by.to_string()).bind(of.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Grant::read).transpose()
}

/// The periods of one account that have not ended, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn open_of(conn: &mut Connection, account: AccountId) -> Result<Vec<Grant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grant_period WHERE account_id = $1 AND ended_at IS NULL AND first_seq <= \
         (SELECT applied_seq FROM inventory i WHERE i.connector_id = grant_period.connector_id) ORDER BY id"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(account.to_string()).fetch_all(conn).await?;
    rows.iter().map(Grant::read).collect()
}

/// Notes that this sync shows that all periods of an account which Podium ended are over.
///
/// # Errors
/// When the database refuses.
pub async fn note_ends_seen(conn: &mut Connection, account: AccountId, sync: SyncId) -> Result<()> {
    sqlx::query(
        "UPDATE grant_period SET gone_seq = (SELECT s.seq FROM sync_seq s WHERE s.sync_id = $2 \
         AND s.connector_id = grant_period.connector_id) WHERE account_id = $1 AND gone_seq IS NULL AND state = 'ended'",
    )
    .bind(account.to_string())
    .bind(sync.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that this sync shows that a period which Podium ended is over; nothing when a sync showed it before.
///
/// # Errors
/// When the database refuses.
pub async fn note_end_seen(conn: &mut Connection, id: GrantId, sync: SyncId) -> Result<()> {
    sqlx::query(
        "UPDATE grant_period SET gone_seq = (SELECT s.seq FROM sync_seq s WHERE s.sync_id = $2 \
         AND s.connector_id = grant_period.connector_id) WHERE id = $1 AND gone_seq IS NULL AND state = 'ended'",
    )
    .bind(id.to_string())
    .bind(sync.to_string())
    .execute(conn)
    .await?;
    Ok(())
}
