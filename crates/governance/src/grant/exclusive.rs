//! Sets of entitlements of which an account holds one at a time.
//!
//! Source: governance §3.5 (R-X-1…R-X-3).

use ids::EntitlementId;
use store::Connection;
use store::inventory::list;

use crate::error::Result;

/// The other members of the set that this entitlement is in.
pub(crate) async fn others(conn: &mut Connection, entitlement: EntitlementId) -> Result<Vec<EntitlementId>> {
    let set = list::exclusive_set(conn, entitlement).await?;
    Ok(set.into_iter().map(|member| member.entitlement_id).filter(|member| *member != entitlement).collect())
}

/// What an account falls to that loses this entitlement: the floor of its set, unless this is the floor.
pub(crate) async fn floor(conn: &mut Connection, entitlement: EntitlementId) -> Result<Option<EntitlementId>> {
    let set = list::exclusive_set(conn, entitlement).await?;
    let floor = set.into_iter().find(|member| member.is_floor).map(|member| member.entitlement_id);
    Ok(floor.filter(|floor| *floor != entitlement))
}

/// Whether there is nothing below this entitlement in its set.
pub(crate) async fn is_floor(conn: &mut Connection, entitlement: EntitlementId) -> Result<bool> {
    let set = list::exclusive_set(conn, entitlement).await?;
    Ok(set.into_iter().any(|member| member.is_floor && member.entitlement_id == entitlement))
}
