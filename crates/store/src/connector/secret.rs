//! The secret settings of a hosted connector, sealed.

use ids::ConnectorId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::seal::Place;

/// A secret setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The name of the setting.
    pub field: String,
    /// The value, sealed for its [place](secret_place).
    pub sealed: Vec<u8>,
    /// The last four characters of a long one, so that people can tell which it is.
    pub last_four: Option<String>,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it.
    pub set_by: String,
}

/// The secrets of a connector, by name.
///
/// # Errors
/// When the database refuses.
pub async fn secrets(conn: &mut Connection, connector: ConnectorId) -> Result<Vec<Secret>> {
    let rows = sqlx::query(
        "SELECT field, sealed, last_four, set_at, set_by FROM connector_secret WHERE connector_id = $1 ORDER BY field",
    )
    .bind(connector.to_string())
    .fetch_all(conn)
    .await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Secret {
            field: row.text("field")?,
            sealed: row.bytes("sealed")?,
            last_four: row.text_opt("last_four")?,
            set_at: row.instant("set_at")?,
            set_by: row.text("set_by")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The row of a secret in its [place](secret_place).
#[must_use]
pub fn secret_row(connector: ConnectorId, field: &str) -> String {
    format!("{connector}/{field}")
}

/// Where the secret of this [row](secret_row) stands.
#[must_use]
pub const fn secret_place(row: &str) -> Place<'_> {
    Place { table: "connector_secret", row, column: "sealed" }
}

/// A secret of any connector, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Whose it is.
    pub connector: ConnectorId,
    /// The name of the setting.
    pub field: String,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// The secrets of all connectors in the order of their places, those behind the place `after`.
///
/// # Errors
/// When the database refuses.
pub async fn all_secrets(conn: &mut Connection, after: Option<&Sealed>, limit: u32) -> Result<Vec<Sealed>> {
    let rows = sqlx::query(
        "SELECT connector_id, field, sealed FROM connector_secret WHERE connector_id > $1 \
         OR (connector_id = $1 AND field > $2) ORDER BY connector_id, field LIMIT $3",
    )
    .bind(after.map(|after| after.connector.to_string()).unwrap_or_default())
    .bind(after.map(|after| after.field.clone()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Sealed { connector: row.parsed("connector_id")?, field: row.text("field")?, sealed: row.bytes("sealed")? })
    };
    rows.iter().map(read).collect()
}

/// Puts the same secret there, sealed anew; nothing when it was set meanwhile. Whether it was put.
///
/// # Errors
/// When the database refuses.
pub async fn reseal_secret(conn: &mut Connection, old: &Sealed, sealed: Vec<u8>) -> Result<bool> {
    let done =
        sqlx::query("UPDATE connector_secret SET sealed = $1 WHERE connector_id = $2 AND field = $3 AND sealed = $4")
            .bind(sealed)
            .bind(old.connector.to_string())
            .bind(&old.field)
            .bind(old.sealed.clone())
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a secret in place of the one with its name.
///
/// # Errors
/// When the database refuses.
pub async fn set_secret(conn: &mut Connection, connector: ConnectorId, secret: &Secret) -> Result<()> {
    sqlx::query(
        "INSERT INTO connector_secret (connector_id, field, sealed, last_four, set_at, set_by) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (connector_id, field) DO UPDATE SET \
         sealed = excluded.sealed, last_four = excluded.last_four, set_at = excluded.set_at, set_by = excluded.set_by",
    )
    .bind(connector.to_string())
    .bind(&secret.field)
    .bind(secret.sealed.clone())
    .bind(secret.last_four.clone())
    .bind(micros(secret.set_at))
    .bind(&secret.set_by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets a secret.
///
/// # Errors
/// When the database refuses.
pub async fn remove_secret(conn: &mut Connection, connector: ConnectorId, field: &str) -> Result<()> {
    sqlx::query("DELETE FROM connector_secret WHERE connector_id = $1 AND field = $2")
        .bind(connector.to_string())
        .bind(field)
        .execute(conn)
        .await?;
    Ok(())
}
