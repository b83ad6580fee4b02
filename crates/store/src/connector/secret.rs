//! The secret settings of a hosted connector, sealed.

use ids::ConnectorId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// A secret setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The name of the setting.
    pub field: String,
    /// The value, sealed for its place (`connector_secret`, `CONNECTOR/FIELD`, `sealed`).
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
