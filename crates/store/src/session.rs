//! Sessions: browsers in which somebody is signed in. A session is known here by the SHA-256 of its cookie alone.
//!
//! Source: governance §1.1 (`session_max`), R-L-2.

use std::collections::BTreeSet;

use domain::actor::Role;
use ids::{PersonId, SessionId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

const COLUMNS: &str = "s.id, s.person_id, s.token_hash, s.method, s.ip, s.agent, s.created_at, s.used_at, s.expires_at";

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who is signed in.
    pub person_id: PersonId,
    /// The SHA-256 of what the cookie holds, in lower-case hex.
    pub token_hash: String,
    /// How they signed in: `password`, `setup_link`, or the name of a provider.
    pub method: String,
    /// The address that they signed in from.
    pub ip: Option<String>,
    /// What the browser calls itself.
    pub agent: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to some minutes.
    pub used_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
}

/// A session, and the person as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The person's status: only `active` may act.
    pub status: String,
    /// The roles that the person was given.
    pub roles: BTreeSet<Role>,
}

/// Stores a new session.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, session: &Session) -> Result<()> {
    sqlx::query(
        "INSERT INTO session (id, tenant_id, person_id, token_hash, method, ip, agent, created_at, used_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(session.id.to_string())
    .bind(tenant.to_string())
    .bind(session.person_id.to_string())
    .bind(&session.token_hash)
    .bind(&session.method)
    .bind(&session.ip)
    .bind(&session.agent)
    .bind(micros(session.created_at))
    .bind(micros(session.used_at))
    .bind(micros(session.expires_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// The session with this hash, and its person: the one read of each call.
///
/// # Errors
/// When the database refuses.
pub async fn by_hash(conn: &mut Connection, tenant: TenantId, token_hash: &str) -> Result<Option<SignedIn>> {
    // One row for each role of the person; one without a role when there is none.
    let sql = format!(
        "SELECT {COLUMNS}, p.status AS person_status, r.role AS person_role FROM session s \
         JOIN person p ON p.id = s.person_id AND p.deleted_at IS NULL \
         LEFT JOIN person_role r ON r.person_id = p.id WHERE s.token_hash = $1 AND s.tenant_id = $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(token_hash).bind(tenant.to_string()).fetch_all(conn).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let roles = rows.iter().filter_map(|row| row.parsed_opt("person_role").transpose());
    Ok(Some(SignedIn {
        session: read(first)?,
        status: first.text("person_status")?,
        roles: roles.collect::<Result<_>>()?,
    }))
}

/// The sessions of this person, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Connection, person: PersonId) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM session s WHERE s.person_id = $1 ORDER BY s.id");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(person.to_string()).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Writes down that it was used.
///
/// # Errors
/// When the database refuses.
pub async fn touch(conn: &mut Connection, id: SessionId, now: Timestamp) -> Result<()> {
    let update = sqlx::query("UPDATE session SET used_at = $1 WHERE id = $2");
    update.bind(micros(now)).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

/// Ends it; returns whether there was one.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Connection, id: SessionId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM session WHERE id = $1").bind(id.to_string()).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the oldest ones of this person until so many are left.
///
/// # Errors
/// When the database refuses.
pub async fn keep_newest(conn: &mut Connection, person: PersonId, most: i64) -> Result<()> {
    sqlx::query(
        "DELETE FROM session WHERE person_id = $1 AND id NOT IN \
         (SELECT id FROM session WHERE person_id = $1 ORDER BY id DESC LIMIT $2)",
    )
    .bind(person.to_string())
    .bind(most)
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets those that ended before this instant; returns how many.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut Connection, before: Timestamp) -> Result<u64> {
    let done = sqlx::query("DELETE FROM session WHERE expires_at < $1").bind(micros(before)).execute(conn).await?;
    Ok(done.rows_affected())
}

fn read(row: &AnyRow) -> Result<Session> {
    Ok(Session {
        id: row.parsed("id")?,
        person_id: row.parsed("person_id")?,
        token_hash: row.text("token_hash")?,
        method: row.text("method")?,
        ip: row.text_opt("ip")?,
        agent: row.text("agent")?,
        created_at: row.instant("created_at")?,
        used_at: row.instant("used_at")?,
        expires_at: row.instant("expires_at")?,
    })
}
