//! By what else than their primary address people are recognised.
//!
//! Source: governance §3.1 (R-I-2).

use std::collections::{BTreeMap, BTreeSet};

use ids::{PersonId, TenantId};
use sqlx::AssertSqlSafe;

use super::Person;
use crate::Connection;
use crate::error::Result;
use crate::row::RowExt as _;

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A further address.
    Email,
    /// The user name.
    Username,
}

impl Key {
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
        }
    }
}

/// Keeps the keys of a person as they are now.
pub(super) async fn set(conn: &mut Connection, tenant: &str, person: &Person) -> Result<()> {
    let id = person.id.to_string();
    sqlx::query("DELETE FROM person_key WHERE person_id = $1").bind(id.clone()).execute(&mut *conn).await?;
    let emails = person.emails.iter().map(|email| (Key::Email, domain::email::fold(email)));
    let username = person.username.iter().map(|name| (Key::Username, domain::email::fold(name)));
    for (kind, value) in emails.chain(username).collect::<BTreeSet<_>>() {
        sqlx::query("INSERT INTO person_key (tenant_id, person_id, kind, value) VALUES ($1, $2, $3, $4)")
            .bind(tenant.to_owned())
            .bind(id.clone())
            .bind(kind.name())
            .bind(value)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The people with these keys who have not left, by their keys.
///
/// # Errors
/// When the database refuses.
pub async fn by_keys(
    conn: &mut Connection,
    tenant: TenantId,
    kind: Key,
    values: &BTreeSet<&str>,
) -> Result<BTreeMap<String, BTreeSet<PersonId>>> {
    let mut found: BTreeMap<String, BTreeSet<PersonId>> = BTreeMap::new();
    if values.is_empty() {
        return Ok(found);
    }
    let places: Vec<String> = (3..values.len() + 3).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT k.value, k.person_id FROM person_key k JOIN person p ON p.id = k.person_id WHERE k.tenant_id = $1 \
         AND k.kind = $2 AND p.deleted_at IS NULL AND p.status NOT IN ('left', 'erased') AND k.value IN ({})",
        places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(kind.name());
    for value in values {
        query = query.bind((*value).to_owned());
    }
    for row in query.fetch_all(conn).await? {
        found.entry(row.text("value")?).or_default().insert(row.parsed("person_id")?);
    }
    Ok(found)
}
