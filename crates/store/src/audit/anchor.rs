//! Anchors: what the chain was at the end of a day, signed, so that a chain that was written anew shows.

use ids::TenantId;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::any::AnyRow;

use super::list::Head;
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

/// The action of the row that says that there is an anchor; its object's id is the day.
pub const ANCHORED: &str = "audit.anchored";

/// What the chain was at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The day, in UTC.
    pub day: Date,
    /// The place of the last row of that day or of one before it.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// The key that signed.
    pub key_id: String,
    /// The signed statement, a JWS.
    pub signature: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Anchor {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            day: row.parsed("day")?,
            seq: row.number("seq")?,
            hash: row.text("hash")?,
            key_id: row.text("key_id")?,
            signature: row.text("signature")?,
            created_at: row.instant("created_at")?,
        })
    }
}

/// Stores an anchor, unless its day has one. Returns whether it had none.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, anchor: &Anchor) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO audit_anchor (tenant_id, day, seq, hash, key_id, signature, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, day) DO NOTHING",
    )
    .bind(tenant.to_string())
    .bind(anchor.day.to_string())
    .bind(anchor.seq)
    .bind(&anchor.hash)
    .bind(&anchor.key_id)
    .bind(&anchor.signature)
    .bind(micros(anchor.created_at))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The anchors, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, paging: Paging<'_>) -> Result<Page<Anchor>> {
    // Every day sorts before this text.
    let before = paging.after.unwrap_or("~");
    let rows = sqlx::query(
        "SELECT day, seq, hash, key_id, signature, created_at FROM audit_anchor \
         WHERE tenant_id = $1 AND day < $2 ORDER BY day DESC LIMIT $3",
    )
    .bind(tenant.to_string())
    .bind(before)
    .bind(paging.fetch())
    .fetch_all(conn)
    .await?;
    let rows = rows.iter().map(Anchor::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |anchor: &Anchor| anchor.day.to_string()))
}

/// The last row that was written before this instant; none when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn last_before(conn: &mut Connection, tenant: TenantId, instant: Timestamp) -> Result<Option<Head>> {
    let row =
        sqlx::query("SELECT seq, hash FROM audit_event WHERE tenant_id = $1 AND at < $2 ORDER BY seq DESC LIMIT 1")
            .bind(tenant.to_string())
            .bind(micros(instant))
            .fetch_optional(conn)
            .await?;
    row.map(|row| Ok(Head { seq: row.number("seq")?, hash: row.text("hash")? })).transpose()
}

/// Every anchor in the order of the rows: one a day, so that those of many years have room.
pub(super) async fn all(conn: &mut Connection, tenant: TenantId) -> Result<Vec<Anchor>> {
    let rows = sqlx::query(
        "SELECT day, seq, hash, key_id, signature, created_at FROM audit_anchor WHERE tenant_id = $1 \
         ORDER BY seq, day",
    )
    .bind(tenant.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(Anchor::read).collect()
}
