//! People and the roles that they were given.
//!
//! Source: governance §1.2, §1.20.

mod group;
mod key;
mod role;

use domain::actor::Role;
use ids::{PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};

pub use group::{Group, active, by_emails, manager};
pub use key::{Key, by_keys};
pub use role::{add_role, anybody_is, others_are, roles, roles_of, set_roles};

const COLUMNS: &str = "id, primary_email, emails, username, display_name, given_name, family_name, employee_id, \
     manager_id, department, title, employment_type, status, left_at, source, created_at, \
     updated_at, version";

/// A person as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// The address, folded; unique among people who are not deleted.
    pub primary_email: String,
    /// Further addresses, folded.
    pub emails: Vec<String>,
    /// The name that they sign in with elsewhere.
    pub username: Option<String>,
    /// The name.
    pub display_name: String,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// What the organisation numbers them by.
    pub employee_id: Option<String>,
    /// Who manages them.
    pub manager_id: Option<PersonId>,
    /// Where they work.
    pub department: Option<String>,
    /// What they are.
    pub title: Option<String>,
    /// How they are employed.
    pub employment_type: Option<String>,
    /// `invited`, `active`, `suspended`, `left` or `erased`.
    pub status: String,
    /// When they left.
    pub left_at: Option<Timestamp>,
    /// Where the person was first heard of: `local`, `import`, or `directory:` and an app.
    pub source: String,
    /// When.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// How often it changed.
    pub version: i64,
}

impl Person {
    /// A person who is active and of whom nothing else is known.
    #[must_use]
    pub fn new(id: PersonId, primary_email: String, display_name: String, now: Timestamp) -> Self {
        Self {
            id,
            primary_email,
            emails: Vec::new(),
            username: None,
            display_name,
            given_name: None,
            family_name: None,
            employee_id: None,
            manager_id: None,
            department: None,
            title: None,
            employment_type: None,
            status: "active".to_owned(),
            left_at: None,
            source: "local".to_owned(),
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }
}

/// Stores a new person.
///
/// # Errors
/// [`crate::Error::Conflict`] when the address is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, person: &Person) -> Result<()> {
    sqlx::query(
        "INSERT INTO person (id, tenant_id, primary_email, emails, username, display_name, given_name, family_name, \
         employee_id, manager_id, department, title, employment_type, status, left_at, source, \
         created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(person.id.to_string())
    .bind(tenant.to_string())
    .bind(&person.primary_email)
    .bind(json_text("emails", &person.emails)?)
    .bind(&person.username)
    .bind(&person.display_name)
    .bind(&person.given_name)
    .bind(&person.family_name)
    .bind(&person.employee_id)
    .bind(person.manager_id.map(|id| id.to_string()))
    .bind(&person.department)
    .bind(&person.title)
    .bind(&person.employment_type)
    .bind(&person.status)
    .bind(micros_opt(person.left_at))
    .bind(&person.source)
    .bind(micros(person.created_at))
    .bind(micros(person.updated_at))
    .bind(person.version)
    .execute(&mut *conn)
    .await?;
    key::set(conn, &tenant.to_string(), person).await
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
    /// Only people whom this person manages.
    pub manager: Option<PersonId>,
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
         AND ($6 = '' OR manager_id = $6) ORDER BY id LIMIT $7"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(paging.after.unwrap_or_default().to_owned())
        .bind(filter.status.clone().unwrap_or_default())
        .bind(filter.role.map(Role::name).unwrap_or_default())
        .bind(filter.text.as_deref().map(containing).unwrap_or_default())
        .bind(filter.manager.map(|id| id.to_string()).unwrap_or_default())
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
        "UPDATE person SET primary_email = $1, emails = $2, username = $3, display_name = $4, given_name = $5, \
         family_name = $6, employee_id = $7, manager_id = $8, department = $9, title = $10, employment_type = $11, \
         status = $12, left_at = $13, source = $14, updated_at = $15, version = version + 1 \
         WHERE id = $16 AND version = $17 AND deleted_at IS NULL",
    )
    .bind(&person.primary_email)
    .bind(json_text("emails", &person.emails)?)
    .bind(&person.username)
    .bind(&person.display_name)
    .bind(&person.given_name)
    .bind(&person.family_name)
    .bind(&person.employee_id)
    .bind(person.manager_id.map(|id| id.to_string()))
    .bind(&person.department)
    .bind(&person.title)
    .bind(&person.employment_type)
    .bind(&person.status)
    .bind(micros_opt(person.left_at))
    .bind(&person.source)
    .bind(micros(now))
    .bind(person.id.to_string())
    .bind(person.version)
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "person", id: person.id.to_string() });
    }
    person.version += 1;
    person.updated_at = now;
    let row = sqlx::query("SELECT tenant_id FROM person WHERE id = $1")
        .bind(person.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    key::set(conn, &row.text("tenant_id")?, person).await
}

fn read(row: &AnyRow) -> Result<Person> {
    Ok(Person {
        id: row.parsed("id")?,
        primary_email: row.text("primary_email")?,
        emails: row.json("emails")?,
        username: row.text_opt("username")?,
        display_name: row.text("display_name")?,
        given_name: row.text_opt("given_name")?,
        family_name: row.text_opt("family_name")?,
        employee_id: row.text_opt("employee_id")?,
        manager_id: row.parsed_opt("manager_id")?,
        department: row.text_opt("department")?,
        title: row.text_opt("title")?,
        employment_type: row.text_opt("employment_type")?,
        status: row.text("status")?,
        left_at: row.instant_opt("left_at")?,
        source: row.text("source")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        version: row.number("version")?,
    })
}
