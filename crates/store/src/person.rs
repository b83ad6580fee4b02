//! People and the roles that they were given.
//!
//! Source: governance §1.2, §1.20.

use domain::actor::Role;
use ids::{PersonId, TenantId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// A person as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// The address, folded; unique among people who are not deleted.
    pub primary_email: String,
    /// The name.
    pub display_name: String,
    /// `invited`, `active`, `suspended`, `left` or `erased`.
    pub status: String,
    /// Where the person was first heard of.
    pub source: String,
    /// When.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// How often it changed.
    pub version: i64,
}

/// Stores a new person.
///
/// # Errors
/// [`crate::Error::Conflict`] when the address is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, person: &Person) -> Result<()> {
    sqlx::query(
        "INSERT INTO person (id, tenant_id, primary_email, display_name, status, source, created_at, updated_at, \
         version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(person.id.to_string())
    .bind(tenant.to_string())
    .bind(&person.primary_email)
    .bind(&person.display_name)
    .bind(&person.status)
    .bind(&person.source)
    .bind(micros(person.created_at))
    .bind(micros(person.updated_at))
    .bind(person.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// The person with this address, folded as it is stored.
///
/// # Errors
/// When the database refuses.
pub async fn by_email(conn: &mut Connection, tenant: TenantId, email: &str) -> Result<Option<Person>> {
    let row = sqlx::query(
        "SELECT id, primary_email, display_name, status, source, created_at, updated_at, version FROM person \
         WHERE tenant_id = $1 AND primary_email = $2 AND deleted_at IS NULL",
    )
    .bind(tenant.to_string())
    .bind(email)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Gives the person a role; returns whether they did not have it.
///
/// # Errors
/// When the database refuses.
pub async fn add_role(
    conn: &mut Connection,
    person: PersonId,
    role: Role,
    granted_by: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO person_role (person_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (person_id, role) DO NOTHING",
    )
    .bind(person.to_string())
    .bind(role.name())
    .bind(micros(now))
    .bind(granted_by)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether an active person has this role.
///
/// # Errors
/// When the database refuses.
pub async fn anybody_is(conn: &mut Connection, tenant: TenantId, role: Role) -> Result<bool> {
    let row = sqlx::query(
        "SELECT p.id FROM person p JOIN person_role r ON r.person_id = p.id \
         WHERE p.tenant_id = $1 AND r.role = $2 AND p.status = 'active' AND p.deleted_at IS NULL LIMIT 1",
    )
    .bind(tenant.to_string())
    .bind(role.name())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

fn read(row: &AnyRow) -> Result<Person> {
    Ok(Person {
        id: row.parsed("id")?,
        primary_email: row.text("primary_email")?,
        display_name: row.text("display_name")?,
        status: row.text("status")?,
        source: row.text("source")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        version: row.number("version")?,
    })
}
