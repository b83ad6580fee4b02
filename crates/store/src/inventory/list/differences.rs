//! What a sync changed.

use ids::{SyncId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::super::difference::{Change, Difference, ObjectKind};
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

/// Which differences to list; what is not said does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct DifferenceFilter {
    /// Of things of this kind.
    pub kind: Option<ObjectKind>,
    /// Of this kind of change.
    pub change: Option<Change>,
}

/// The differences of a sync, in the order in which they were found; of a held sync, what it would change.
///
/// The first sync of a connector lists what it brought, without the fields.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn differences(
    conn: &mut Connection,
    tenant: TenantId,
    sync: SyncId,
    filter: DifferenceFilter,
    paging: Paging<'_>,
) -> Result<Page<Difference>> {
    if let Some((connector, seq)) = first_of(&mut *conn, sync).await? {
        return brought(conn, &connector, seq, filter, paging).await;
    }
    let after = match paging.after {
        None => -1,
        Some(number) => number.parse::<i64>().map_err(|_| Error::Cursor)?,
    };
    let rows = sqlx::query(
        "SELECT number, object_kind, object_id, change, label, before, after FROM sync_difference \
         WHERE tenant_id = $1 AND sync_id = $2 AND number > $3 AND ($4 = '' OR object_kind = $4) \
         AND ($5 = '' OR change = $5) ORDER BY number LIMIT $6",
    )
    .bind(tenant.to_string())
    .bind(sync.to_string())
    .bind(after)
    .bind(filter.kind.map(ObjectKind::name).unwrap_or_default())
    .bind(filter.change.map(Change::name).unwrap_or_default())
    .bind(paging.fetch())
    .fetch_all(conn)
    .await?;
    let numbered = rows.iter().map(|row| Ok((row.number("number")?.to_string(), Difference::read(row)?)));
    Ok(super::page(paging, numbered.collect::<Result<_>>()?))
}

/// Forgets some of what syncs would have changed that were discarded before this instant. Returns how many rows went; none
/// when nothing is left.
///
/// # Errors
/// When the database refuses.
pub async fn forget_discarded(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64> {
    let found = sqlx::query(
        "SELECT id FROM sync WHERE state = 'discarded' AND finished_at < $1 \
         AND EXISTS (SELECT 1 FROM sync_difference WHERE sync_id = sync.id) LIMIT 1",
    )
    .bind(micros(before))
    .fetch_optional(tx.conn())
    .await?;
    let Some(found) = found else { return Ok(0) };
    let gone = sqlx::query(
        "DELETE FROM sync_difference WHERE sync_id = $1 AND number IN \
         (SELECT number FROM sync_difference WHERE sync_id = $1 ORDER BY number LIMIT $2)",
    )
    .bind(found.text("id")?)
    .bind(i64::from(limit))
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

/// The connector and the number of the sync, when it was the first that was applied.
async fn first_of(conn: &mut Connection, sync: SyncId) -> Result<Option<(String, i64)>> {
    let row = sqlx::query(
        "SELECT s.connector_id, s.seq FROM sync_seq s WHERE s.sync_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM sync_seq e WHERE e.connector_id = s.connector_id AND e.seq < s.seq)",
    )
    .bind(sync.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((row.text("connector_id")?, row.number("seq")?))).transpose()
}

/// The tables in the order of the list, and what people know their rows by.
const BROUGHT: [(ObjectKind, &str, &str); 4] = [
    (ObjectKind::Resource, "resource", "display_name"),
    (ObjectKind::Account, "account", "login"),
    (ObjectKind::Entitlement, "entitlement", "display_name"),
    (ObjectKind::Grant, "grant_period", "''"),
];

async fn brought(
    conn: &mut Connection,
    connector: &str,
    seq: i64,
    filter: DifferenceFilter,
    paging: Paging<'_>,
) -> Result<Page<Difference>> {
    let mut rows: Vec<(String, Difference)> = Vec::new();
    if filter.change.is_some_and(|change| change != Change::Appeared) {
        return Ok(super::page(paging, rows));
    }
    let place = paging.parts::<2>()?;
    let begin = match place {
        None => 0,
        Some([kind, _]) => BROUGHT.iter().position(|(of, ..)| of.name() == kind).ok_or(Error::Cursor)?,
    };
    for (number, (kind, table, label)) in BROUGHT.into_iter().enumerate().skip(begin) {
        let wanted = paging.fetch() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if wanted <= 0 || filter.kind.is_some_and(|only| only != kind) {
            continue;
        }
        // Ids were given in order, so they sort as the rows were written.
        let after = place.filter(|_| number == begin).map_or("", |[_, id]| id);
        let sql = format!(
            "SELECT id, {label} AS label FROM {table} WHERE connector_id = $1 AND first_seq = $2 AND id > $3 \
             ORDER BY id LIMIT $4"
        );
        let found = sqlx::query(AssertSqlSafe(sql))
            .bind(connector.to_owned())
            .bind(seq)
            .bind(after.to_owned())
            .bind(wanted)
            .fetch_all(&mut *conn)
            .await?;
        for row in found {
            let id = row.text("id")?;
            let difference = Difference {
                kind,
                change: Change::Appeared,
                label: row.text("label")?,
                before: "{}".to_owned(),
                after: "{}".to_owned(),
                id,
            };
            rows.push((format!("{kind} {}", difference.id), difference));
        }
    }
    Ok(super::page(paging, rows))
}
