//! Passwords of local administrators, as hashes.

use ids::PersonId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// The hash of this person's password, in the PHC form; `None` for whoever has none.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Connection, person: PersonId) -> Result<Option<String>> {
    let select = sqlx::query("SELECT hash FROM password WHERE person_id = $1");
    let row = select.bind(person.to_string()).fetch_optional(conn).await?;
    row.map(|row| row.text("hash")).transpose()
}

/// Puts a hash in the place of what there was.
///
/// # Errors
/// When the database refuses.
pub async fn set(conn: &mut Connection, person: PersonId, hash: &str, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO password (person_id, hash, set_at) VALUES ($1, $2, $3) \
         ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at",
    )
    .bind(person.to_string())
    .bind(hash)
    .bind(micros(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes it; returns whether there was one.
///
/// # Errors
/// When the database refuses.
pub async fn remove(conn: &mut Connection, person: PersonId) -> Result<bool> {
    let delete = sqlx::query("DELETE FROM password WHERE person_id = $1");
    Ok(delete.bind(person.to_string()).execute(conn).await?.rows_affected() > 0)
}
