//! Who decides for whom while they are away: one delegate for each person.
//!
//! Source: governance §1.15.

use ids::PersonId;
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros, micros_opt};

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Who is away.
    pub from: PersonId,
    /// Who decides for them.
    pub to: PersonId,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when; none is until it is taken back.
    pub ends_at: Option<Timestamp>,
}

impl Delegation {
    /// Whether it runs at this instant.
    #[must_use]
    pub fn runs(&self, now: Timestamp) -> bool {
        self.starts_at <= now && self.ends_at.is_none_or(|end| now < end)
    }
}

/// The delegation of a person, whether it runs or not.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Connection, from: PersonId) -> Result<Option<Delegation>> {
    let row = sqlx::query(
        "SELECT from_person_id, to_person_id, starts_at, ends_at FROM delegation WHERE from_person_id = $1",
    )
    .bind(from.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Delegation {
            from: row.parsed("from_person_id")?,
            to: row.parsed("to_person_id")?,
            starts_at: row.instant("starts_at")?,
            ends_at: row.instant_opt("ends_at")?,
        })
    })
    .transpose()
}

/// Sets the delegation of a person, in the place of the one that they had.
///
/// # Errors
/// When the database refuses.
pub async fn set(conn: &mut Connection, delegation: &Delegation, set_by: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO delegation (from_person_id, to_person_id, starts_at, ends_at, set_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (from_person_id) DO UPDATE SET to_person_id = $2, starts_at = $3, ends_at = $4, set_by = $5",
    )
    .bind(delegation.from.to_string())
    .bind(delegation.to.to_string())
    .bind(micros(delegation.starts_at))
    .bind(micros_opt(delegation.ends_at))
    .bind(set_by.to_owned())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the delegation of a person back. Tells whether they had one.
///
/// # Errors
/// When the database refuses.
pub async fn clear(conn: &mut Connection, from: PersonId) -> Result<bool> {
    let gone =
        sqlx::query("DELETE FROM delegation WHERE from_person_id = $1").bind(from.to_string()).execute(conn).await?;
    Ok(gone.rows_affected() > 0)
}

/// Takes back the delegations from this person and to them. Returns whose delegations are over (R-L-2).
///
/// # Errors
/// When the database refuses.
pub async fn clear_all(conn: &mut Connection, person: PersonId) -> Result<Vec<PersonId>> {
    let sql = "DELETE FROM delegation WHERE from_person_id = $1 OR to_person_id = $1 RETURNING from_person_id";
    let rows = sqlx::query(sql).bind(person.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("from_person_id")).collect()
}
