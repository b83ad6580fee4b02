//! Tokens of machines. A token is known here by the SHA-256 of its text alone.
//!
//! Source: governance §5 (API clients).

use std::collections::BTreeSet;

use domain::actor::Role;
use ids::{ApiTokenId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// The person that it acts for, if any.
    pub person_id: Option<PersonId>,
    /// What people call it.
    pub name: String,
    /// The SHA-256 of the token's text, in lower-case hex.
    pub token_hash: String,
    /// The last four letters of the token, to tell tokens apart.
    pub last_four: String,
    /// What it may be, at most.
    pub roles: BTreeSet<Role>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Who made it, as audit rows name the actor.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A token, and the person that it acts for, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The token.
    pub token: ApiToken,
    /// The person's status and roles; `None` when it acts for nobody.
    pub person: Option<Person>,
}

/// What of a person a token is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The status: only `active` may act.
    pub status: String,
    /// The roles that the person was given.
    pub roles: BTreeSet<Role>,
}

const COLUMNS: &str = "t.id, t.person_id, t.name, t.token_hash, t.last_four, t.roles, t.expires_at, t.revoked_at, \
     t.last_used_at, t.created_by, t.created_at";

macro_rules! select {
    ($rest:literal) => {
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS}{}", $rest))
    };
}

/// Stores a new token.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, token: &ApiToken) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_token (id, tenant_id, person_id, name, token_hash, last_four, roles, expires_at, revoked_at, \
         last_used_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(token.id.to_string())
    .bind(tenant.to_string())
    .bind(token.person_id.map(|person| person.to_string()))
    .bind(&token.name)
    .bind(&token.token_hash)
    .bind(&token.last_four)
    .bind(json_text("roles", &token.roles)?)
    .bind(micros_opt(token.expires_at))
    .bind(micros_opt(token.revoked_at))
    .bind(micros_opt(token.last_used_at))
    .bind(&token.created_by)
    .bind(micros(token.created_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// The token with this hash, and its person: the one read of each call.
///
/// # Errors
/// When the database refuses.
pub async fn by_hash(conn: &mut Connection, tenant: TenantId, token_hash: &str) -> Result<Option<Bearer>> {
    // One row for each role of the person; one without a role when there is none.
    let rows = sqlx::query(select!(
        ", p.status AS person_status, r.role AS person_role FROM api_token t \
         LEFT JOIN person p ON p.id = t.person_id AND p.deleted_at IS NULL \
         LEFT JOIN person_role r ON r.person_id = p.id WHERE t.token_hash = $1 AND t.tenant_id = $2"
    ))
    .bind(token_hash)
    .bind(tenant.to_string())
    .fetch_all(conn)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let token = read(first)?;
    let person = match (token.person_id, first.text_opt("person_status")?) {
        (None, _) => None,
        (Some(_), None) => Some(Person { status: "gone".to_owned(), roles: BTreeSet::new() }),
        (Some(_), Some(status)) => {
            let roles = rows.iter().filter_map(|row| row.parsed_opt("person_role").transpose());
            Some(Person { status, roles: roles.collect::<Result<_>>()? })
        }
    };
    Ok(Some(Bearer { token, person }))
}

/// The token with this id.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Connection, tenant: TenantId, id: ApiTokenId) -> Result<Option<ApiToken>> {
    let row = sqlx::query(select!(" FROM api_token t WHERE t.tenant_id = $1 AND t.id = $2"))
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Tokens in the order in which they were made; only those of this person, if one is given.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    person: Option<PersonId>,
    paging: Paging<'_>,
) -> Result<Page<ApiToken>> {
    let rows = sqlx::query(select!(
        " FROM api_token t WHERE t.tenant_id = $1 AND t.id > $2 AND ($3 = '' OR t.person_id = $3) ORDER BY t.id LIMIT $4"
    ))
    .bind(tenant.to_string())
    .bind(paging.after.unwrap_or_default().to_owned())
    .bind(person.map(|person| person.to_string()).unwrap_or_default())
    .bind(paging.fetch())
    .fetch_all(conn)
    .await?;
    let rows = rows.iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |token: &ApiToken| token.id.to_string()))
}

/// Ends the token; returns whether it had not ended before.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(conn: &mut Connection, tenant: TenantId, id: ApiTokenId, now: Timestamp) -> Result<bool> {
    let done =
        sqlx::query("UPDATE api_token SET revoked_at = $1 WHERE tenant_id = $2 AND id = $3 AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(tenant.to_string())
            .bind(id.to_string())
            .execute(conn)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the tokens of a person. Returns how many.
///
/// # Errors
/// When the database refuses.
pub async fn revoke_of(conn: &mut Connection, tenant: TenantId, person: PersonId, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE api_token SET revoked_at = $1 WHERE tenant_id = $2 AND person_id = $3 AND revoked_at IS NULL";
    let done =
        sqlx::query(sql).bind(micros(now)).bind(tenant.to_string()).bind(person.to_string()).execute(conn).await?;
    Ok(done.rows_affected())
}

/// Writes down that it was used.
///
/// # Errors
/// When the database refuses.
pub async fn touch(conn: &mut Connection, id: ApiTokenId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE api_token SET last_used_at = $1 WHERE id = $2")
        .bind(micros(now))
        .bind(id.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<ApiToken> {
    Ok(ApiToken {
        id: row.parsed("id")?,
        person_id: row.parsed_opt("person_id")?,
        name: row.text("name")?,
        token_hash: row.text("token_hash")?,
        last_four: row.text("last_four")?,
        roles: row.json("roles")?,
        expires_at: row.instant_opt("expires_at")?,
        revoked_at: row.instant_opt("revoked_at")?,
        last_used_at: row.instant_opt("last_used_at")?,
        created_by: row.text("created_by")?,
        created_at: row.instant("created_at")?,
    })
}
