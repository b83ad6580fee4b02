//! Who owns a connector.

use ids::{ConnectorId, PersonId};
use sqlx::AssertSqlSafe;

use crate::Connection;
use crate::error::Result;
use crate::row::RowExt as _;

/// The people who own the connector, sorted.
///
/// # Errors
/// When the database refuses.
pub async fn owners(conn: &mut Connection, connector: ConnectorId) -> Result<Vec<PersonId>> {
    let rows = sqlx::query("SELECT person_id FROM connector_owner WHERE connector_id = $1 ORDER BY person_id")
        .bind(connector.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.parsed("person_id")).collect()
}

/// Makes these people, and nobody else, the owners of the connector.
///
/// # Errors
/// When the database refuses.
pub async fn set_owners(conn: &mut Connection, connector: ConnectorId, people: &[PersonId]) -> Result<()> {
    sqlx::query("DELETE FROM connector_owner WHERE connector_id = $1")
        .bind(connector.to_string())
        .execute(&mut *conn)
        .await?;
    for person in people {
        sqlx::query("INSERT INTO connector_owner (connector_id, person_id) VALUES ($1, $2)")
            .bind(connector.to_string())
            .bind(person.to_string())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Who owns a connector `c`: its owners, and those of its app.
pub(crate) const OWNED: &str = "EXISTS (SELECT 1 FROM connector_owner o WHERE o.connector_id = c.id \
     AND o.person_id = $person) OR EXISTS (SELECT 1 FROM app_owner a WHERE a.app_id = c.app_id \
     AND a.owner_kind = 'person' AND a.owner_id = $person)";

/// Whether the person owns the connector, or the app that it belongs to.
///
/// # Errors
/// When the database refuses.
pub async fn is_owner(conn: &mut Connection, connector: ConnectorId, person: PersonId) -> Result<bool> {
    let sql = format!("SELECT 1 AS one FROM connector c WHERE c.id = $1 AND ({})", OWNED.replace("$person", "$2"));
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(connector.to_string())
        .bind(person.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}
