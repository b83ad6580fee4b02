//! The roles that people were given.
//!
//! Source: governance §1.20.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Role;
use ids::{PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

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

/// Whether another active person than this one has this role.
///
/// # Errors
/// When the database refuses.
pub async fn others_are(conn: &mut Connection, tenant: TenantId, role: Role, but: PersonId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT p.id FROM person p JOIN person_role r ON r.person_id = p.id \
         WHERE p.tenant_id = $1 AND r.role = $2 AND p.id <> $3 AND p.status = 'active' AND p.deleted_at IS NULL LIMIT 1",
    )
    .bind(tenant.to_string())
    .bind(role.name())
    .bind(but.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// The roles of a person.
///
/// # Errors
/// When the database refuses.
pub async fn roles(conn: &mut Connection, person: PersonId) -> Result<BTreeSet<Role>> {
    Ok(roles_of(conn, &[person]).await?.remove(&person).unwrap_or_default())
}

/// The roles of several people; people without one are absent.
///
/// # Errors
/// When the database refuses.
pub async fn roles_of(conn: &mut Connection, people: &[PersonId]) -> Result<BTreeMap<PersonId, BTreeSet<Role>>> {
    let mut found: BTreeMap<PersonId, BTreeSet<Role>> = BTreeMap::new();
    if people.is_empty() {
        return Ok(found);
    }
    let places: Vec<String> = (1..=people.len()).map(|place| format!("${place}")).collect();
    let sql = format!("SELECT person_id, role FROM person_role WHERE person_id IN ({})", places.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for person in people {
        query = query.bind(person.to_string());
    }
    for row in query.fetch_all(conn).await? {
        found.entry(row.parsed("person_id")?).or_default().insert(row.parsed("role")?);
    }
    Ok(found)
}

/// Gives the person these roles and takes all others. Who gave a role that stays, stays known.
///
/// # Errors
/// When the database refuses.
pub async fn set_roles(
    conn: &mut Connection,
    person: PersonId,
    wanted: &BTreeSet<Role>,
    granted_by: &str,
    now: Timestamp,
) -> Result<()> {
    for role in Role::ALL {
        if wanted.contains(&role) {
            add_role(conn, person, role, granted_by, now).await?;
        } else {
            sqlx::query("DELETE FROM person_role WHERE person_id = $1 AND role = $2")
                .bind(person.to_string())
                .bind(role.name())
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(())
}
