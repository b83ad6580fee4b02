//! Credentials of connectors. Only the public half of a key is here.
//!
//! Source: governance §1.5, §2.1 (Rotate).

use std::fmt;
use std::str::FromStr;

use ids::{AppId, ConnectorId, CredentialId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::engine::Engine;
use crate::error::Result;
use crate::row::{RowExt as _, json_text, micros, micros_opt};

/// What a credential may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It works.
    Active,
    /// Another took its place; it works until `retire_at`.
    Retiring,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl State {
    /// The name in REST and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no state of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a credential")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let all = [Self::Active, Self::Retiring, Self::Expired, Self::Revoked];
        all.into_iter().find(|state| state.name() == text).ok_or(UnknownState)
    }
}

/// A credential as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub connector_id: ConnectorId,
    /// The client id, the name that the connector signs in with.
    pub client_id: String,
    /// The public key, a JWK.
    pub public_jwk: String,
    /// What people call it.
    pub label: String,
    /// What was last decided about it; times may be over since.
    pub state: State,
    /// When a retiring one ends.
    pub retire_at: Option<Timestamp>,
    /// When it ends whatever happens.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When a token was last made for it.
    pub last_used_at: Option<Timestamp>,
    /// From which address.
    pub last_used_from: Option<String>,
    /// The networks that it may be used from; empty: from everywhere.
    pub allowed_cidrs: Vec<String>,
    /// Who made it, as audit rows name the actor.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Credential {
    /// The state at this instant: one whose time is over has expired, whether or not somebody wrote that down yet.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> State {
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        match self.state {
            State::Active | State::Retiring if over(self.expires_at) => State::Expired,
            State::Retiring if over(self.retire_at) => State::Expired,
            state => state,
        }
    }
}

/// A credential with what its connector demands of callers: what each call is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The credential.
    pub credential: Credential,
    /// Whether the connector's tokens must be bound to a key (DPoP).
    pub require_dpop: bool,
    /// Whether the connector was deleted.
    pub connector_deleted: bool,
    /// Whether the connector is paused.
    pub connector_paused: bool,
}

const COLUMNS: &str = "c.id, c.connector_id, c.client_id, c.public_jwk, c.label, c.state, c.retire_at, c.expires_at, \
     c.revoked_at, c.last_used_at, c.last_used_from, c.allowed_cidrs, c.created_by, c.created_at";

macro_rules! select {
    ($rest:literal) => {
        AssertSqlSafe(format!("SELECT {COLUMNS}{}", $rest))
    };
}

/// Stores a new credential.
///
/// # Errors
/// [`crate::Error::Conflict`] when the client id is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, credential: &Credential) -> Result<()> {
    sqlx::query(
        "INSERT INTO credential (id, tenant_id, connector_id, client_id, public_jwk, label, state, retire_at, \
         expires_at, revoked_at, last_used_at, last_used_from, allowed_cidrs, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(credential.id.to_string())
    .bind(tenant.to_string())
    .bind(credential.connector_id.to_string())
    .bind(&credential.client_id)
    .bind(&credential.public_jwk)
    .bind(&credential.label)
    .bind(credential.state.name())
    .bind(micros_opt(credential.retire_at))
    .bind(micros_opt(credential.expires_at))
    .bind(micros_opt(credential.revoked_at))
    .bind(micros_opt(credential.last_used_at))
    .bind(&credential.last_used_from)
    .bind(json_text("allowed_cidrs", &credential.allowed_cidrs)?)
    .bind(&credential.created_by)
    .bind(micros(credential.created_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// The credential with this id.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Connection, tenant: TenantId, id: CredentialId) -> Result<Option<Credential>> {
    let row = sqlx::query(select!(" FROM credential c WHERE c.tenant_id = $1 AND c.id = $2"))
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The credentials of a connector, the newest first; at most a hundred.
///
/// # Errors
/// When the database refuses.
pub async fn of_connector(conn: &mut Connection, tenant: TenantId, connector: ConnectorId) -> Result<Vec<Credential>> {
    let rows = sqlx::query(select!(
        " FROM credential c WHERE c.tenant_id = $1 AND c.connector_id = $2 ORDER BY c.id DESC LIMIT 100"
    ))
    .bind(tenant.to_string())
    .bind(connector.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// The credential that signs in with this name, and what its connector demands.
///
/// # Errors
/// When the database refuses.
pub async fn caller_by_client_id(conn: &mut Connection, tenant: TenantId, client_id: &str) -> Result<Option<Caller>> {
    let row = sqlx::query(select!(
        ", k.require_dpop, k.deleted_at, k.paused_at FROM credential c JOIN connector k ON k.id = c.connector_id \
         WHERE c.client_id = $1 AND c.tenant_id = $2"
    ))
    .bind(client_id)
    .bind(tenant.to_string())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read_caller).transpose()
}

/// The credential with this id, and what its connector demands: the one read of each call.
///
/// # Errors
/// When the database refuses.
pub async fn caller(conn: &mut Connection, tenant: TenantId, id: CredentialId) -> Result<Option<Caller>> {
    let row = sqlx::query(select!(
        ", k.require_dpop, k.deleted_at, k.paused_at FROM credential c JOIN connector k ON k.id = c.connector_id \
         WHERE c.id = $1 AND c.tenant_id = $2"
    ))
    .bind(id.to_string())
    .bind(tenant.to_string())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read_caller).transpose()
}

/// The app of a connector that was not deleted, or `None`. On PostgreSQL the connector's row is kept as it is until the
/// transaction ends: whoever changes the credentials of a connector asks this first, so that two changes wait for each
/// other.
///
/// # Errors
/// When the database refuses.
pub async fn lock_connector(
    conn: &mut Connection,
    engine: Engine,
    tenant: TenantId,
    connector: ConnectorId,
) -> Result<Option<AppId>> {
    let select = format!(
        "SELECT app_id FROM connector WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL{}",
        engine.for_update()
    );
    let row = sqlx::query(AssertSqlSafe(select))
        .bind(tenant.to_string())
        .bind(connector.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| row.parsed("app_id")).transpose()
}

/// The app of a connector, deleted or not.
///
/// # Errors
/// When the database refuses.
pub async fn app_of(conn: &mut Connection, tenant: TenantId, connector: ConnectorId) -> Result<Option<AppId>> {
    let row = sqlx::query("SELECT app_id FROM connector WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.to_string())
        .bind(connector.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| row.parsed("app_id")).transpose()
}

/// Writes down the state, and the times that belong to it.
///
/// # Errors
/// When the database refuses.
pub async fn set_state(conn: &mut Connection, tenant: TenantId, credential: &Credential) -> Result<()> {
    sqlx::query("UPDATE credential SET state = $1, retire_at = $2, revoked_at = $3 WHERE id = $4 AND tenant_id = $5")
        .bind(credential.state.name())
        .bind(micros_opt(credential.retire_at))
        .bind(micros_opt(credential.revoked_at))
        .bind(credential.id.to_string())
        .bind(tenant.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down that it was used, unless somebody wrote that since `unless_since`; returns whether it was written.
///
/// # Errors
/// When the database refuses.
pub async fn touch(
    conn: &mut Connection,
    id: CredentialId,
    now: Timestamp,
    from: Option<&str>,
    unless_since: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE credential SET last_used_at = $1, last_used_from = $2 \
         WHERE id = $3 AND (last_used_at IS NULL OR last_used_at < $4)",
    )
    .bind(micros(now))
    .bind(from)
    .bind(id.to_string())
    .bind(micros(unless_since))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Credentials whose time is over without that being written down; at most `limit`.
///
/// # Errors
/// When the database refuses.
pub async fn overdue(conn: &mut Connection, tenant: TenantId, now: Timestamp, limit: u32) -> Result<Vec<Credential>> {
    let rows = sqlx::query(select!(
        " FROM credential c WHERE c.tenant_id = $1 AND c.state IN ('active', 'retiring') \
         AND (c.expires_at <= $2 OR (c.state = 'retiring' AND c.retire_at <= $2)) ORDER BY c.id LIMIT $3"
    ))
    .bind(tenant.to_string())
    .bind(micros(now))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Credential> {
    Ok(Credential {
        id: row.parsed("id")?,
        connector_id: row.parsed("connector_id")?,
        client_id: row.text("client_id")?,
        public_jwk: row.text("public_jwk")?,
        label: row.text("label")?,
        state: row.parsed("state")?,
        retire_at: row.instant_opt("retire_at")?,
        expires_at: row.instant_opt("expires_at")?,
        revoked_at: row.instant_opt("revoked_at")?,
        last_used_at: row.instant_opt("last_used_at")?,
        last_used_from: row.text_opt("last_used_from")?,
        allowed_cidrs: row.json("allowed_cidrs")?,
        created_by: row.text("created_by")?,
        created_at: row.instant("created_at")?,
    })
}

fn read_caller(row: &AnyRow) -> Result<Caller> {
    Ok(Caller {
        credential: read(row)?,
        require_dpop: row.flag("require_dpop")?,
        connector_deleted: row.number_opt("deleted_at")?.is_some(),
        connector_paused: row.number_opt("paused_at")?.is_some(),
    })
}
