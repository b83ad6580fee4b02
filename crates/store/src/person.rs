//! People and the roles that they were given.
//!
//! Source: governance §1.2, §1.20.

mod group;
mod role;

use domain::actor::Role;
use ids::{PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

pub use group::{Group, active, by_emails, manager, set_manager};
pub use role::{add_role, anybody_is, others_are, roles, roles_of, set_roles};

const COLUMNS: &str = "id, primary_email, display_name, status, source, created_at, updated_at, version";

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
    let sql =
        format!("SELECT {COLUMNS} FROM person WHERE tenant_id = $1 AND primary_email = $2 AND deleted_at IS NULL");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(email).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The person with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: PersonId) -> Result<Option<Person>> {
    let sql = format!("SELECT {COLUMNS} FROM person WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Which people a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only people with this status.
    pub status: Option<String>,
    /// Only people with this role.
    pub role: Option<Role>,
    /// Only people whose name or address has this text in it, whatever its case.
    pub text: Option<String>,
}

/// The people, by their ids, which sort by the time they were made.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    filter: &Filter,
    paging: Paging<'_>,
) -> Result<Page<Person>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 \
         AND ($3 = '' OR status = $3) \
         AND ($4 = '' OR EXISTS (SELECT 1 FROM person_role r WHERE r.person_id = person.id AND r.role = $4)) \
         AND ($5 = '' OR lower(display_name) LIKE $5 ESCAPE '\\' OR primary_email LIKE $5 ESCAPE '\\') \
         ORDER BY id LIMIT $6"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(paging.after.unwrap_or_default().to_owned())
        .bind(filter.status.clone().unwrap_or_default())
        .bind(filter.role.map(Role::name).unwrap_or_default())
        .bind(filter.text.as_deref().map(containing).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |person: &Person| person.id.to_string()))
}

/// The pattern of what has this text in it, in small letters; nothing for an empty text.
fn containing(text: &str) -> String {
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return text;
    }
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Writes what may change of a person, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read; [`Error::Conflict`] when the address is taken.
pub async fn update(conn: &mut Connection, person: &mut Person, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE person SET primary_email = $1, display_name = $2, status = $3, updated_at = $4, version = version + 1 \
         WHERE id = $5 AND version = $6 AND deleted_at IS NULL",
    )
    .bind(&person.primary_email)
    .bind(&person.display_name)
    .bind(&person.status)
    .bind(micros(now))
    .bind(person.id.to_string())
    .bind(person.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "person", id: person.id.to_string() });
    }
    person.version += 1;
    person.updated_at = now;
    Ok(())
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
