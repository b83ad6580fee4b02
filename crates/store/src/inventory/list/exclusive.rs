//! Sets of entitlements of which an account holds one at a time.

use ids::EntitlementId;

use crate::Connection;
use crate::error::Result;
use crate::row::RowExt as _;

/// Entitlements that their sets fall to, by what connectors call them.
///
/// Source: governance R-X-1, the preset of Whimsical.
pub(crate) const FLOORS: [&str; 1] = ["role:viewer:assigned"];

/// A member of an exclusive set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The entitlement.
    pub entitlement_id: EntitlementId,
    /// Whether an account falls to it that loses another member.
    pub is_floor: bool,
}

/// The set that this entitlement is in, itself included; none when it is in no set. What is gone is left out.
///
/// # Errors
/// When the database refuses.
pub async fn exclusive_set(conn: &mut Connection, entitlement: EntitlementId) -> Result<Vec<Member>> {
    let rows = sqlx::query(
        "SELECT x.id, x.external_id FROM entitlement e JOIN entitlement x ON x.connector_id = e.connector_id \
         AND x.exclusion_set = e.exclusion_set JOIN inventory i ON i.connector_id = x.connector_id \
         WHERE e.id = $1 AND e.exclusion_set <> '' AND x.gone_at IS NULL AND x.first_seq <= i.applied_seq ORDER BY x.id",
    )
    .bind(entitlement.to_string())
    .fetch_all(conn)
    .await?;
    let member = |row: &sqlx::any::AnyRow| {
        let external_id = row.text("external_id")?;
        Ok(Member { entitlement_id: row.parsed("id")?, is_floor: FLOORS.contains(&external_id.as_str()) })
    };
    rows.iter().map(member).collect()
}
