//! The tables and indexes of the database, and how to bring an older or foreign one up to them.

mod index;
mod migrate;
mod reserve;

use crate::Table;

pub(crate) use index::{build, drop_for_bulk, has_all};
pub(crate) use migrate::{complete, is_complete, verify};
pub(crate) use reserve::release_all;

/// One table.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    /// The columns as SQL; each starts with its name.
    pub(crate) columns: &'static [&'static str],
    /// The names of the columns that older writers do not have.
    pub(crate) added: &'static [&'static str],
    pub(crate) indexes: &'static [Index],
}

/// One index: its name, and what follows `ON table`.
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) unique: bool,
    pub(crate) on: &'static str,
}

impl Index {
    /// Whether the index holds only some rows; of a connector's sync it holds none or few.
    fn is_partial(&self) -> bool {
        self.on.contains(" where ")
    }
}

const fn index(name: &'static str, on: &'static str) -> Index {
    Index { name, unique: false, on }
}

const fn unique(name: &'static str, on: &'static str) -> Index {
    Index { name, unique: true, on }
}

const BY_ID: &str = "(external_id, sync_id)";

/// Everything a database holds, in the order in which it is created.
///
/// Source: upstream SDK v0.25.0. The names of two indexes of `v1_resources` are swapped there; readers look for names, so
/// they stay as they are.
pub(crate) const DEFINITIONS: [Definition; 7] = [
    Definition {
        name: "v1_resource_types",
        columns: &[
            "id integer primary key",
            "external_id text not null",
            "data blob not null",
            "sync_id text not null",
            "discovered_at datetime not null",
        ],
        added: &[],
        indexes: &[unique("idx_resource_types_external_sync_v1", BY_ID)],
    },
    Definition {
        name: "v1_resources",
        columns: &[
            "id integer primary key",
            "resource_type_id text not null",
            "external_id text not null",
            "parent_resource_type_id text",
            "parent_resource_id text",
            "data blob not null",
            "sync_id text not null",
            "discovered_at datetime not null",
        ],
        added: &[],
        indexes: &[
            index("idx_resources_resource_type_id_v1", "(resource_type_id)"),
            index("idx_resources_external_sync_v1", "(parent_resource_type_id, parent_resource_id)"),
            unique("idx_resources_parent_resource_id_v1", BY_ID),
        ],
    },
    Definition {
        name: "v1_entitlements",
        columns: &[
            "id integer primary key",
            "resource_type_id text not null",
            "resource_id text not null",
            "external_id text not null",
            "data blob not null",
            "sync_id text not null",
            "discovered_at datetime not null",
        ],
        added: &[],
        indexes: &[
            index("idx_entitlements_resource_id_v1", "(resource_type_id, resource_id)"),
            unique("idx_entitlements_external_sync_v1", BY_ID),
        ],
    },
    Definition {
        name: "v1_sync_runs",
        columns: &[
            "id integer primary key",
            "sync_id text not null",
            "started_at datetime not null",
            "ended_at datetime",
            "sync_token text not null",
            "sync_type text not null default 'full'",
            "parent_sync_id text not null default ''",
            "linked_sync_id text not null default ''",
            "supports_diff integer not null default 0",
            "grants_backfilled integer not null default 0",
            "stats text",
            "ingest_invariant_generation text not null default ''",
            "ingest_invariant_coverage text not null default ''",
            "ingest_invariant_mode text not null default ''",
        ],
        added: &[
            "sync_type",
            "parent_sync_id",
            "linked_sync_id",
            "supports_diff",
            "grants_backfilled",
            "stats",
            "ingest_invariant_generation",
            "ingest_invariant_coverage",
            "ingest_invariant_mode",
        ],
        indexes: &[unique("idx_sync_runs_sync_id_v1", "(sync_id)")],
    },
    Definition {
        name: "v1_grants",
        columns: &[
            "id integer primary key",
            "resource_type_id text not null",
            "resource_id text not null",
            "entitlement_id text not null",
            "principal_resource_type_id text not null",
            "principal_resource_id text not null",
            "external_id text not null",
            "expansion blob",
            "needs_expansion integer not null default 0",
            "data blob not null",
            "sync_id text not null",
            "discovered_at datetime not null",
        ],
        added: &["expansion", "needs_expansion"],
        indexes: &[
            index("idx_grants_resource_type_id_resource_id_v1", "(resource_type_id, resource_id)"),
            index("idx_grants_principal_id_v1", "(principal_resource_type_id, principal_resource_id)"),
            index(
                "idx_grants_entitlement_id_principal_id_v1",
                "(entitlement_id, principal_resource_type_id, principal_resource_id)",
            ),
            unique("idx_grants_external_sync_v1", BY_ID),
            index("idx_grants_entitlement_sync_grant_v1", "(entitlement_id, sync_id, id)"),
            index("idx_grants_sync_expansion_v1", "(sync_id) where expansion is not null"),
            index("idx_grants_sync_needs_expansion_v1", "(sync_id) where needs_expansion = 1"),
        ],
    },
    Definition {
        name: "v1_assets",
        columns: &[
            "id integer primary key",
            "external_id text not null",
            "content_type text not null",
            "data blob not null",
            "sync_id text not null",
            "discovered_at datetime not null",
        ],
        added: &[],
        indexes: &[unique("idx_assets_external_sync_v1", BY_ID)],
    },
    Definition {
        name: "v1_connector_sessions",
        columns: &["id integer primary key", "sync_id text not null", "key text not null", "value blob not null"],
        added: &[],
        indexes: &[unique("idx_session_store_sync_key_v1", "(sync_id, key)")],
    },
];

impl Definition {
    pub(crate) fn create_sql(&self) -> String {
        format!("CREATE TABLE IF NOT EXISTS {} ({})", self.name, self.columns.join(", "))
    }
}

impl Index {
    fn create_sql(&self, table: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX IF NOT EXISTS {} ON {table} {}", self.name, self.on)
    }
}

fn definition(table: Table) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == table.name())
}
