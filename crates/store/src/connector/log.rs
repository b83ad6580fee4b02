//! What happened at a connector, for people to read.

use ids::{ConnectorId, JobId, SyncId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

domain::vocabulary! {
    /// How much a line matters.
    pub enum Level: "a level of a log" {
        /// As it should be.
        Info => "info",
        /// Odd, and it went on.
        Warning => "warning",
        /// Somebody should look.
        Error => "error",
    }
}

/// The longest line, in letters: what connectors say is cut there.
const LONGEST: usize = 2_000;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its id, which sorts by time.
    pub id: String,
    /// The sync that it belongs to.
    pub sync_id: Option<SyncId>,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub message: String,
}

impl LogLine {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            sync_id: row.parsed_opt("sync_id")?,
            at: row.instant("at")?,
            level: row.parsed("level")?,
            message: row.text("message")?,
        })
    }
}

/// Writes a line. Control characters are taken out: connectors are no friends of terminals.
///
/// # Errors
/// When the database refuses.
pub async fn write_line(
    tx: &mut Tx,
    connector: ConnectorId,
    sync: Option<SyncId>,
    level: Level,
    message: &str,
) -> Result<()> {
    let now = tx.now();
    let id = JobId::new(now, tx.rng()).to_string();
    let clean: String =
        message.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST).collect();
    sqlx::query(
        "INSERT INTO connector_log (connector_id, id, sync_id, at, level, message) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(connector.to_string())
    .bind(id)
    .bind(sync.map(|sync| sync.to_string()))
    .bind(micros(now))
    .bind(level.name())
    .bind(clean)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The lines of a connector, or of one of its syncs, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn lines(
    conn: &mut Connection,
    connector: ConnectorId,
    sync: Option<SyncId>,
    paging: Paging<'_>,
) -> Result<Page<LogLine>> {
    let rows = sqlx::query(
        "SELECT id, sync_id, at, level, message FROM connector_log WHERE connector_id = $1 AND id < $2 \
         AND ($3 = '' OR sync_id = $3) ORDER BY id DESC LIMIT $4",
    )
    .bind(connector.to_string())
    .bind(paging.after.unwrap_or("g").to_owned())
    .bind(sync.map(|sync| sync.to_string()).unwrap_or_default())
    .bind(paging.fetch())
    .fetch_all(conn)
    .await?;
    let rows = rows.iter().map(LogLine::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |line: &LogLine| line.id.clone()))
}
