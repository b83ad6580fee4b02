//! Active people, by what they are to something: who can be asked to decide.
//!
//! Source: governance §3.3 (R-P-2, R-P-4): whoever is suspended or has left is never asked.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Role;
use ids::{AppId, EntitlementId, PersonId, TenantId};
use sqlx::AssertSqlSafe;

use crate::Connection;
use crate::error::Result;
use crate::row::RowExt as _;

/// How many people are found at most.
const MOST: u32 = 1_000;

/// What people are to something.
#[derive(Debug, Clone)]
pub enum Group<'a> {
    /// They own the app.
    AppOwners(AppId),
    /// They own the entitlement.
    EntitlementOwners(EntitlementId),
    /// They give and take the entitlement by hand.
    Provisioners(EntitlementId),
    /// They answer for an account that holds the entitlement.
    Holders(EntitlementId),
    /// They have the role.
    Role(Role),
    /// They are named.
    Named(&'a [PersonId]),
}

/// The active people of a group, by their ids; at most a thousand.
///
/// # Errors
/// When the database refuses.
pub async fn active(conn: &mut Connection, tenant: TenantId, group: Group<'_>) -> Result<Vec<PersonId>> {
    let (members, values) = match group {
        Group::AppOwners(app) => (
            "SELECT owner_id FROM app_owner WHERE app_id = $2 AND owner_kind = 'person'".to_owned(),
            vec![app.to_string()],
        ),
        Group::EntitlementOwners(entitlement) => (
            "SELECT person_id FROM entitlement_owner WHERE entitlement_id = $2".to_owned(),
            vec![entitlement.to_string()],
        ),
        Group::Provisioners(entitlement) => (
            "SELECT person_id FROM entitlement_provisioner WHERE entitlement_id = $2".to_owned(),
            vec![entitlement.to_string()],
        ),
        Group::Holders(entitlement) => (
            "SELECT a.owner_person_id FROM account a JOIN grant_period g ON g.account_id = a.id \
             JOIN inventory i ON i.connector_id = g.connector_id AND g.first_seq <= i.applied_seq \
             WHERE g.entitlement_id = $2 AND g.state IN ('active', 'expiring', 'ending', 'stuck')"
                .to_owned(),
            vec![entitlement.to_string()],
        ),
        Group::Role(role) => {
            ("SELECT person_id FROM person_role WHERE role = $2".to_owned(), vec![role.name().to_owned()])
        }
        Group::Named([]) => return Ok(Vec::new()),
        Group::Named(people) => {
            let places: Vec<String> = (2..people.len() + 2).map(|place| format!("${place}")).collect();
            (places.join(", "), people.iter().map(ToString::to_string).collect())
        }
    };
    let sql = format!(
        "SELECT id FROM person WHERE tenant_id = $1 AND status = 'active' AND deleted_at IS NULL AND id IN ({members}) \
         ORDER BY id LIMIT {MOST}"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string());
    for value in values {
        query = query.bind(value);
    }
    query.fetch_all(conn).await?.iter().map(|row| row.parsed("id")).collect()
}

/// The people with these primary addresses who have not left, by their addresses.
///
/// # Errors
/// When the database refuses.
pub async fn by_emails(
    conn: &mut Connection,
    tenant: TenantId,
    emails: &BTreeSet<&str>,
) -> Result<BTreeMap<String, PersonId>> {
    if emails.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<String> = (2..emails.len() + 2).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT id, primary_email FROM person WHERE tenant_id = $1 AND deleted_at IS NULL \
         AND status NOT IN ('left', 'erased') AND primary_email IN ({})",
        places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string());
    for email in emails {
        query = query.bind((*email).to_owned());
    }
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.text("primary_email")?, row.parsed("id")?))).collect()
}

/// The manager of a person, if they have one.
///
/// # Errors
/// When the database refuses.
pub async fn manager(conn: &mut Connection, person: PersonId) -> Result<Option<PersonId>> {
    let row = sqlx::query("SELECT manager_id FROM person WHERE id = $1")
        .bind(person.to_string())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(None), |row| row.parsed_opt("manager_id"))
}
