//! What is stored, in the order of keys, for comparing.

use ids::ConnectorId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::key::Key;
use crate::Connection;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros};

/// How many rows come at once.
const ROWS: i64 = 2_000;
/// An id in hexadecimal digits and hyphens.
const ID: usize = 36;

/// A table that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Resources that are no accounts.
    Resources,
    /// Accounts.
    Accounts,
    /// Entitlements.
    Entitlements,
    /// Open grants; their keys have two halves.
    Grants,
}

/// A row as it is compared. `K` is 16 bytes, or 32 for grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<const K: usize> {
    /// Its key.
    pub key: [u8; K],
    /// The digest of the row that it was made of.
    pub digest: Key,
    /// Its id, in text form.
    pub id: String,
    /// Whether it is gone.
    pub gone: bool,
    /// Whether Podium changed it after the sync began: what the file says of it is out of date, whatever it says.
    pub is_settled: bool,
}

impl Table {
    const fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Resources => ("resource", "CASE WHEN gone_at IS NULL THEN '0' ELSE '1' END"),
            Self::Accounts => ("account", "CASE WHEN gone_at IS NULL THEN '0' ELSE '1' END"),
            Self::Entitlements => ("entitlement", "CASE WHEN gone_at IS NULL THEN '0' ELSE '1' END"),
            Self::Grants => ("grant_period", "CASE WHEN settled_at > $3 THEN '2' ELSE '0' END"),
        }
    }
}

/// The stored rows of the connector whose keys come after `after` and are below `below`, in order; none is the end.
///
/// Many rows come as one text: the hand-over of each row from the database costs more than reading it.
///
/// # Errors
/// When the database refuses.
pub(super) async fn page<const K: usize>(
    conn: &mut Connection,
    engine: Engine,
    connector: ConnectorId,
    table: Table,
    applied_seq: i64,
    started_at: Timestamp,
    after: Option<[u8; K]>,
) -> Result<Vec<Stored<K>>> {
    let (name, gone) = table.source();
    let (hex, digest) = (engine.hex("key"), engine.hex("digest"));
    let beyond = if after.is_some() { "AND key > $4 " } else { "" };
    let rows = |which: &str| {
        format!(
            "SELECT key, {hex} || {digest} || id || {gone} AS line FROM {name} \
             WHERE connector_id = $1 AND first_seq <= $2 AND $3 = $3 {which}{beyond}ORDER BY key LIMIT {ROWS}"
        )
    };
    // What no sync knows of, nobody can hold in a file.
    let known = "AND entitlement_id NOT IN (SELECT e.id FROM entitlement e WHERE e.connector_id = $1 \
         AND e.origin <> 'synced') ";
    let rows = match table {
        // Grants that have ended are not compared, but for those that ended while the sync was under way. Each half goes
        // along an index of its own.
        Table::Grants => format!(
            "SELECT key, line FROM (SELECT * FROM ({}) AS held UNION ALL SELECT * FROM ({}) AS settled) AS merged \
             ORDER BY key LIMIT {ROWS}",
            rows(&format!("AND state IN ('active', 'expiring', 'ending', 'stuck') {known}")),
            rows(&format!("AND settled_at > $3 AND state = 'ended' {known}")),
        ),
        Table::Accounts => rows(""),
        Table::Resources | Table::Entitlements => rows("AND origin = 'synced' "),
    };
    let sql = format!("SELECT string_agg(line, '') AS lines FROM ({rows}) AS page");
    let mut query =
        sqlx::query(AssertSqlSafe(sql)).bind(connector.to_string()).bind(applied_seq).bind(micros(started_at));
    if let Some(after) = after {
        query = query.bind(after.to_vec());
    }
    // A plan that PostgreSQL keeps for all instants would take a third of all grants for settled ones.
    let Some(lines) = query.persistent(false).fetch_one(conn).await?.text_opt("lines")? else { return Ok(Vec::new()) };
    let length = 2 * K + 32 + ID + 1;
    let mut rows: Vec<Stored<K>> = lines.as_bytes().chunks(length).map(line).collect::<Result<_>>()?;
    // They come sorted, but no engine promises to put them together in that order.
    rows.sort_unstable_by_key(|row| row.key);
    Ok(rows)
}

fn line<const K: usize>(line: &[u8]) -> Result<Stored<K>> {
    let parse = || {
        let (key, rest) = line.split_at_checked(2 * K)?;
        let (digest, rest) = rest.split_at_checked(32)?;
        let (id, gone) = rest.split_at_checked(ID)?;
        Some(Stored {
            key: from_hex(key)?,
            digest: Key(from_hex(digest)?),
            id: std::str::from_utf8(id).ok()?.to_owned(),
            gone: gone == b"1",
            is_settled: gone == b"2",
        })
    };
    parse().ok_or_else(|| Error::corrupt("key", "neither key nor digest"))
}

/// The bytes that these hexadecimal digits stand for; SQLite writes capitals, PostgreSQL does not.
pub(super) fn from_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    if pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
