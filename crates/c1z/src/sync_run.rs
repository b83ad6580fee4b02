//! One sync of a file: when it ran, of what type, and how far it came.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Error, Result, Stats, SyncId, time};

/// A row of the table of syncs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// The id.
    pub id: SyncId,
    /// The type.
    pub kind: SyncType,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; none while it is unfinished.
    pub ended_at: Option<Timestamp>,
    /// The last checkpoint, which is JSON; empty at the start, and kept after the end.
    pub token: String,
    /// The sync that this one builds on.
    pub parent: Option<SyncId>,
    /// The other half of a pair of diff syncs.
    pub linked: Option<SyncId>,
    /// Whether the expansion column of the grants is reliable enough for comparing files.
    pub supports_diff: bool,
    /// The counts stored at the end; none when there are none or they do not parse.
    pub stats: Option<Stats>,
    /// The proof that the content was checked; empty while it was not.
    pub ingest: Ingest,
}

/// What a sync covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncType {
    /// Everything.
    Full,
    /// Some resources only.
    Partial,
    /// Resource types and resources, without entitlements and grants.
    ResourcesOnly,
    /// What a newer file has and an older has not.
    PartialUpserts,
    /// What an older file has and a newer has not.
    PartialDeletions,
    /// A type that this version does not know.
    Other(String),
}

/// The proof that the content of a sync was checked, as three texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingest {
    /// The generation of the rules, for example `1`.
    pub generation: String,
    /// The rules that were checked, a JSON array, for example `["I5","I10"]`.
    pub coverage: String,
    /// Who checked, for example `connector`.
    pub mode: String,
}

impl SyncType {
    /// Returns the stored name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::ResourcesOnly => "resources_only",
            Self::PartialUpserts => "partial_upserts",
            Self::PartialDeletions => "partial_deletions",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for SyncType {
    fn from(name: &str) -> Self {
        match name {
            "full" => Self::Full,
            "partial" => Self::Partial,
            "resources_only" => Self::ResourcesOnly,
            "partial_upserts" => Self::PartialUpserts,
            "partial_deletions" => Self::PartialDeletions,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for SyncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// Times are read as texts: declared types differ between writers, the content does not.
const COLUMNS: &str = "sync_id, cast(started_at as text), cast(ended_at as text), sync_token, sync_type, parent_sync_id, \
     linked_sync_id, supports_diff, stats, ingest_invariant_generation, ingest_invariant_coverage, ingest_invariant_mode";

/// Returns every sync in the order they were written.
pub(crate) fn all(conn: &Connection) -> Result<Vec<SyncRun>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM v1_sync_runs ORDER BY id"))?;
    let mut rows = statement.query([])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(from_row(row)?);
    }
    Ok(runs)
}

/// Returns the sync `id`, if the file has it.
pub(crate) fn find(conn: &Connection, id: &SyncId) -> Result<Option<SyncRun>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM v1_sync_runs WHERE sync_id = ?1"))?
        .query_row([id.as_str()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

fn from_row(row: &Row<'_>) -> Result<SyncRun> {
    let text = |column: usize| row.get::<_, String>(column);
    let id = SyncId::from(text(0)?);
    let at = |text: String| time::parse(&text).ok_or_else(|| Error::Time { sync: id.clone(), text });
    let reference =
        |column: usize| Ok::<_, rusqlite::Error>(Some(text(column)?).filter(|id| !id.is_empty()).map(SyncId::from));
    Ok(SyncRun {
        kind: SyncType::from(text(4)?.as_str()),
        started_at: at(text(1)?)?,
        ended_at: row.get::<_, Option<String>>(2)?.map(at).transpose()?,
        token: text(3)?,
        parent: reference(5)?,
        linked: reference(6)?,
        supports_diff: row.get(7)?,
        stats: row.get::<_, Option<String>>(8)?.and_then(|json| serde_json::from_str(&json).ok()),
        ingest: Ingest { generation: text(9)?, coverage: text(10)?, mode: text(11)? },
        id,
    })
}
