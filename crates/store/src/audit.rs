//! The audit chain: appended in the transaction of the change, read in pages, verified from the first row.
//!
//! Source: governance §1.19.

pub mod anchor;
mod list;

use std::collections::HashSet;

use domain::audit::{Event, GENESIS, Row, chain};
use ids::TenantId;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros};

pub use list::{Filter, Head, Order, Scope, Stored, head, list};

/// How many rows [`verify`] reads at a time.
const VERIFY_ROWS: i64 = 2_000;

/// What is wrong with a chain, in the order in which it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A row is missing or was put in.
    Gap {
        /// The place where a row should be.
        expected: i64,
        /// The place of the row that is there.
        found: i64,
    },
    /// A row was changed, or the one before it.
    Hash {
        /// Its place.
        seq: i64,
    },
    /// A searchable column says something else than the row.
    Column {
        /// The place of the row.
        seq: i64,
    },
    /// The last rows are missing.
    Head {
        /// The place that the head of the chain names.
        head: i64,
        /// The place of the last row that is there.
        last: i64,
    },
    /// The chain is another than it was at the end of this day: it was cut before, or written anew.
    Anchor {
        /// The day, in UTC.
        day: Date,
        /// The place of the row that was the last one then.
        seq: i64,
    },
    /// The anchor of this day was taken away: the chain says that there was one.
    NoAnchor {
        /// The day, in UTC.
        day: Date,
        /// The place of the row that says so.
        seq: i64,
    },
    /// The anchor of this day was not signed by this server.
    Signature {
        /// The day, in UTC.
        day: Date,
    },
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows there are.
    pub rows: i64,
    /// The hash of the last one.
    pub head: String,
    /// The first faults, at most a hundred.
    pub faults: Vec<Fault>,
}

pub(crate) async fn append(
    conn: &mut Connection,
    engine: Engine,
    tenant: TenantId,
    now: Timestamp,
    events: &[Event],
) -> Result<i64> {
    let head = format!("SELECT seq, hash FROM audit_head WHERE tenant_id = $1{}", engine.for_update());
    let head = sqlx::query(AssertSqlSafe(head)).bind(tenant.to_string()).fetch_one(&mut *conn).await?;
    let (mut seq, mut hash) = (head.number("seq")?, head.text("hash")?);
    for event in events {
        seq += 1;
        let row = Row { seq, at: now, event: event.clone() };
        let canonical = row.canonical().map_err(|error| Error::corrupt("event", error))?;
        let next = chain(&hash, &canonical);
        sqlx::query(
            "INSERT INTO audit_event \
             (tenant_id, seq, at, actor, via, action, object_kind, object_id, app_id, correlation_id, event, prev_hash, \
             hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(tenant.to_string())
        .bind(seq)
        .bind(micros(now))
        .bind(&event.actor)
        .bind(event.via.name())
        .bind(&event.action)
        .bind(&event.object.kind)
        .bind(&event.object.id)
        .bind(event.app_id.map(|app| app.to_string()))
        .bind(&event.correlation_id)
        .bind(canonical)
        .bind(hash)
        .bind(&next)
        .execute(&mut *conn)
        .await?;
        hash = next;
    }
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE tenant_id = $3")
        .bind(seq)
        .bind(hash)
        .bind(tenant.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(seq)
}

/// Reads the whole chain with its anchors and says where it was tampered with. Memory does not grow with the chain. Whether
/// the anchors are signed is for `auth` to say.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(conn: &mut Connection, tenant: TenantId) -> Result<Verified> {
    let mut verified = Verified { rows: 0, head: GENESIS.to_owned(), faults: Vec::new() };
    let anchors = anchor::all(conn, tenant).await?;
    let days: HashSet<Date> = anchors.iter().map(|anchor| anchor.day).collect();
    let mut anchors = anchors.into_iter().peekable();
    let mut last = 0;
    loop {
        let rows = sqlx::query(
            "SELECT seq, at, actor, via, action, object_kind, object_id, app_id, correlation_id, event, prev_hash, hash \
             FROM audit_event WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(tenant.to_string())
        .bind(last)
        .bind(VERIFY_ROWS)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let seq = row.number("seq")?;
            let (event, hash) = (row.text("event")?, row.text("hash")?);
            if seq != last + 1 {
                verified.fault(Fault::Gap { expected: last + 1, found: seq });
            }
            if row.text("prev_hash")? != verified.head || chain(&verified.head, &event) != hash {
                verified.fault(Fault::Hash { seq });
            }
            let stored = serde_json::from_str::<Row>(&event).ok();
            if !stored.as_ref().is_some_and(|stored| columns_agree(row, seq, stored)) {
                verified.fault(Fault::Column { seq });
            }
            let anchored = stored.as_ref().filter(|stored| stored.event.action == anchor::ANCHORED);
            if let Some(day) = anchored.and_then(|stored| stored.event.object.id.parse().ok())
                && !days.contains(&day)
            {
                verified.fault(Fault::NoAnchor { day, seq });
            }
            while let Some(anchor) = anchors.next_if(|anchor| anchor.seq <= seq) {
                if anchor.seq != seq || anchor.hash != hash {
                    verified.fault(Fault::Anchor { day: anchor.day, seq: anchor.seq });
                }
            }
            verified.rows += 1;
            verified.head = hash;
            last = seq;
        }
        if i64::try_from(rows.len()).is_ok_and(|count| count < VERIFY_ROWS) {
            break;
        }
    }
    for anchor in anchors {
        verified.fault(Fault::Anchor { day: anchor.day, seq: anchor.seq });
    }
    let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE tenant_id = $1")
        .bind(tenant.to_string())
        .fetch_one(&mut *conn)
        .await?;
    if head.number("seq")? != last || head.text("hash")? != verified.head {
        verified.fault(Fault::Head { head: head.number("seq")?, last });
    }
    Ok(verified)
}

/// Whether the searchable columns say what the row says.
fn columns_agree(row: &AnyRow, seq: i64, stored: &Row) -> bool {
    let said = &stored.event;
    let is = |column: &str, text: &str| row.text(column).is_ok_and(|found| found == text);
    stored.seq == seq
        && row.instant("at").is_ok_and(|at| at == stored.at)
        && is("actor", &said.actor)
        && is("via", said.via.name())
        && is("action", &said.action)
        && is("object_kind", &said.object.kind)
        && is("object_id", &said.object.id)
        && row.parsed_opt("app_id").is_ok_and(|app| app == said.app_id)
        && row.text_opt("correlation_id").is_ok_and(|id| id == said.correlation_id)
}

impl Verified {
    /// Notes a fault, unless there are a hundred.
    pub fn fault(&mut self, fault: Fault) {
        if self.faults.len() < 100 {
            self.faults.push(fault);
        }
    }
}
