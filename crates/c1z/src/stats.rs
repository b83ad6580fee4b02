//! The counts of a sync, and their JSON.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Result, SyncId, SyncType, Table};

/// How many rows a sync has. Zero and empty fields are left out of the JSON, whose keys are the names of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields say what they count")]
pub struct Stats {
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_types: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub resources: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub entitlements: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub grants: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub assets: u64,
    /// Has a key for every resource type of the sync, also for those without resources.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_by_resource_type: BTreeMap<String, u64>,
    /// By the type of the resource that the entitlement is on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants_by_resource_type: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub entitlements_by_resource_type: BTreeMap<String, u64>,
    /// Written by other engines only; kept as it is, like the two below.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub step_durations_ms: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub connector_call_stats: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub session_store_stats: BTreeMap<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Stats {
    /// Counts the rows of the sync `id`. A sync of resources only has no entitlements and grants to count.
    ///
    /// Takes time linear in the rows of the file.
    pub(crate) fn count(conn: &Connection, id: &SyncId, kind: &SyncType) -> Result<Self> {
        let alone = conn.query_row("SELECT count(*) = 1 FROM v1_sync_runs", [], |row| row.get(0))?;
        let by_type = |table| by_type(conn, id, table, alone);
        let mut resources_by_resource_type: BTreeMap<String, u64> = conn
            .prepare("SELECT external_id, 0 FROM v1_resource_types WHERE sync_id = ?1")?
            .query_map([id.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
            .collect::<rusqlite::Result<_>>()?;
        let resource_types = resources_by_resource_type.len() as u64;
        // Resources of a type that the sync does not have are not counted, as upstream does it.
        for (resource_type, rows) in by_type(Table::Resources)? {
            if let Some(count) = resources_by_resource_type.get_mut(&resource_type) {
                *count = rows;
            }
        }
        let (entitlements, grants) = match kind {
            SyncType::ResourcesOnly => (BTreeMap::new(), BTreeMap::new()),
            _ => (by_type(Table::Entitlements)?, by_type(Table::Grants)?),
        };
        let total = |counts: &BTreeMap<String, u64>| counts.values().sum();
        Ok(Self {
            resource_types,
            resources: total(&resources_by_resource_type),
            entitlements: total(&entitlements),
            grants: total(&grants),
            assets: conn
                .query_row("SELECT count(*) FROM v1_assets WHERE sync_id = ?1", [id.as_str()], |row| {
                    row.get::<_, i64>(0)
                })?
                .unsigned_abs(),
            grants_by_resource_type: grants,
            entitlements_by_resource_type: entitlements,
            resources_by_resource_type,
            ..Self::default()
        })
    }
}

/// Counts the rows of `table` by resource type. When the file holds this sync `alone`, the rows need not be looked at:
/// an index has the types.
fn by_type(conn: &Connection, id: &SyncId, table: Table, alone: bool) -> Result<BTreeMap<String, u64>> {
    let (name, of_sync) = (table.name(), if alone { "?1 = ?1" } else { "sync_id = ?1" });
    let counts = conn
        .prepare(&format!("SELECT resource_type_id, count(*) FROM {name} WHERE {of_sync} GROUP BY resource_type_id"))?
        .query_map([id.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(counts)
}
