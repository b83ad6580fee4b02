//! The sync of a store and its counts, as the table of syncs has them.

use jiff::Timestamp;
use proto::c1::storage::v3::{CallStat, SyncRunRecord, SyncStatsRecord};
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::fault::{Result, damaged};
use crate::{Stats, SyncType, time};

/// Returns the stored form of a time; none when it is no time.
pub(super) fn time_text(at: Option<prost_types::Timestamp>) -> Option<String> {
    let at = at?;
    Timestamp::new(at.seconds, at.nanos).ok().map(time::format)
}

/// Writes the row of the sync.
pub(super) fn insert(conn: &Connection, record: &SyncRunRecord, stats: Option<SyncStatsRecord>) -> Result<()> {
    let kind = match record.r#type {
        1 => SyncType::Full,
        2 => SyncType::Partial,
        3 => SyncType::ResourcesOnly,
        4 => SyncType::PartialUpserts,
        5 => SyncType::PartialDeletions,
        other => return Err(damaged(format!("its sync has the type {other}"))),
    };
    let started = time_text(record.started_at).ok_or_else(|| damaged("its sync has no start"))?;
    let ended = time_text(record.ended_at);
    if ended.is_none() && record.ended_at.is_some() {
        return Err(damaged("its sync has an end that is no time"));
    }
    let unreadable = |_| damaged("its sync does not encode");
    let coverage = match record.ingest_invariant_coverage.as_slice() {
        [] => String::new(),
        rules => serde_json::to_string(rules).map_err(unreadable)?,
    };
    let stats = stats.map(|stats| serde_json::to_string(&counts(stats))).transpose().map_err(unreadable)?;
    conn.execute(
        "INSERT INTO v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type, parent_sync_id, linked_sync_id, \
         supports_diff, grants_backfilled, stats, ingest_invariant_generation, ingest_invariant_coverage, \
         ingest_invariant_mode) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12)",
        rusqlite::params![
            record.sync_id,
            started,
            ended,
            record.sync_token,
            kind.as_str(),
            record.parent_sync_id,
            record.linked_sync_id,
            record.supports_diff,
            stats,
            record.ingest_invariant_generation,
            coverage,
            record.ingest_invariant_mode,
        ],
    )?;
    Ok(())
}

fn counts(record: SyncStatsRecord) -> Stats {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let by_type = |map: std::collections::BTreeMap<String, i64>| {
        map.into_iter().map(|(name, number)| (name, count(number))).collect()
    };
    let calls = |map: std::collections::BTreeMap<String, CallStat>| {
        map.into_iter().map(|(name, calls)| (name, call(&calls))).collect()
    };
    Stats {
        resource_types: count(record.resource_types),
        resources: count(record.resources),
        entitlements: count(record.entitlements),
        grants: count(record.grants),
        assets: count(record.assets),
        resources_by_resource_type: by_type(record.resources_by_resource_type),
        grants_by_resource_type: by_type(record.grants_by_entitlement_resource_type),
        entitlements_by_resource_type: by_type(record.entitlements_by_resource_type),
        step_durations_ms: record.step_durations_ms.into_iter().map(|(name, ms)| (name, ms.into())).collect(),
        connector_call_stats: calls(record.connector_call_stats),
        session_store_stats: calls(record.session_store_stats),
    }
}

fn call(calls: &CallStat) -> Value {
    let fields = [
        ("count", calls.count),
        ("total_ms", calls.total_ms),
        ("max_ms", calls.max_ms),
        ("errors", calls.errors),
        ("timeouts", calls.timeouts),
    ];
    let fields = fields.into_iter().filter(|(_, number)| *number != 0);
    Value::Object(fields.map(|(name, number)| (name.to_owned(), number.into())).collect::<Map<_, _>>())
}
