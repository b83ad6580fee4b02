//! Where connectors run, and when they were last heard of.
//!
//! Source: governance §1.4 (`hosts`, `last_contact_at`), §2.1 (T-C4).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::task::Kind;
use ids::ConnectorId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::row::{RowExt as _, json_text, micros};
use crate::{Connection, Tx};

/// How many hosts of a connector are remembered. In Kubernetes each new pod is one.
const HOSTS: i64 = 50;

/// How many rows [`seen`] writes with one statement.
const SEEN_ROWS: usize = 400;

/// What a connector says at its start.
#[derive(Debug, Clone)]
pub struct Hello {
    /// The host id that it says it has.
    pub host_id: String,
    /// Its version, for display.
    pub version: String,
    /// The operating system, for display.
    pub os: String,
    /// The whole message, as it came.
    pub message: Vec<u8>,
    /// The connector's metadata in it, as it came.
    pub metadata: Vec<u8>,
    /// The name that the connector has from now on.
    pub display_name: String,
}

/// Writes down what a connector said; it may write again, if it refused to.
///
/// # Errors
/// When the database refuses.
pub async fn hello(tx: &mut Tx, connector: ConnectorId, hello: &Hello) -> Result<()> {
    let now = micros(tx.now());
    sqlx::query(
        "INSERT INTO connector_host (connector_id, host_id, version, os, first_seen, last_seen, hello) \
         VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (connector_id, host_id) DO UPDATE SET \
         version = excluded.version, os = excluded.os, last_seen = excluded.last_seen, hello = excluded.hello",
    )
    .bind(connector.to_string())
    .bind(&hello.host_id)
    .bind(&hello.version)
    .bind(&hello.os)
    .bind(now)
    .bind(hello.message.clone())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "DELETE FROM connector_host WHERE connector_id = $1 AND host_id NOT IN \
         (SELECT host_id FROM connector_host WHERE connector_id = $1 ORDER BY last_seen DESC, host_id LIMIT $2)",
    )
    .bind(connector.to_string())
    .bind(HOSTS)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE connector SET metadata = $2, display_name = $3, first_contact_at = COALESCE(first_contact_at, $4), \
         last_contact_at = $4, writes_refused = NULL, unsupported = '[]' WHERE id = $1",
    )
    .bind(connector.to_string())
    .bind(hello.metadata.clone())
    .bind(&hello.display_name)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Where a connector runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The host id that it says it has.
    pub host_id: String,
    /// Its version, for display.
    pub version: String,
    /// The operating system, for display.
    pub os: String,
    /// When it first said Hello from there.
    pub first_seen: Timestamp,
    /// When it was last heard of from there; calls of the last minute may be missing.
    pub last_seen: Timestamp,
}

/// The hosts of a connector, the one last heard of first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(conn: &mut Connection, connector: ConnectorId) -> Result<Vec<Host>> {
    let rows = sqlx::query(
        "SELECT host_id, version, os, first_seen, last_seen FROM connector_host WHERE connector_id = $1 \
         ORDER BY last_seen DESC, host_id",
    )
    .bind(connector.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Host {
                host_id: row.text("host_id")?,
                version: row.text("version")?,
                os: row.text("os")?,
                first_seen: row.instant("first_seen")?,
                last_seen: row.instant("last_seen")?,
            })
        })
        .collect()
}

/// A call that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Of which connector.
    pub connector_id: ConnectorId,
    /// From which of its hosts.
    pub host_id: String,
    /// When.
    pub at: Timestamp,
}

/// Writes down when connectors were last heard of: many at once, because each poll is one. Sort them by connector, so
/// that two server processes do not wait for each other crosswise.
///
/// # Errors
/// When the database refuses.
pub async fn seen(tx: &mut Tx, calls: &[Seen]) -> Result<()> {
    for calls in calls.chunks(SEEN_ROWS) {
        let rows = values(calls.len(), 3);
        for change in [
            "UPDATE connector SET last_contact_at = v.at FROM v WHERE connector.id = v.id \
             AND (connector.last_contact_at IS NULL OR connector.last_contact_at < v.at)",
            "UPDATE connector_host SET last_seen = v.at FROM v WHERE connector_host.connector_id = v.id \
             AND connector_host.host_id = v.host AND connector_host.last_seen < v.at",
        ] {
            let mut query = sqlx::query(AssertSqlSafe(format!("WITH v (id, host, at) AS (VALUES {rows}) {change}")));
            for call in calls {
                query = query.bind(call.connector_id.to_string()).bind(call.host_id.clone()).bind(micros(call.at));
            }
            query.execute(tx.conn()).await?;
        }
    }
    Ok(())
}

/// `($1, $2, $3), ($4, …)`: so many rows of so many values.
pub(crate) fn values(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}${}", row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

/// Notes that a connector refuses writes, and why; its next Hello clears it.
///
/// # Errors
/// When the database refuses.
pub async fn refuse_writes(tx: &mut Tx, connector: ConnectorId, why: &str) -> Result<()> {
    sqlx::query("UPDATE connector SET writes_refused = $2 WHERE id = $1")
        .bind(connector.to_string())
        .bind(why)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes which kinds of task a connector said it cannot do; its next Hello clears them.
///
/// # Errors
/// When the database refuses.
pub async fn set_unsupported(tx: &mut Tx, connector: ConnectorId, kinds: &BTreeSet<Kind>) -> Result<()> {
    sqlx::query("UPDATE connector SET unsupported = $2 WHERE id = $1")
        .bind(connector.to_string())
        .bind(json_text("unsupported", kinds)?)
        .execute(tx.conn())
        .await?;
    Ok(())
}
