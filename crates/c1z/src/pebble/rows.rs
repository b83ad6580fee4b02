//! From the keys of the store to the rows of a database.

use camino::Utf8Path;
use prost::Message;
use prost_types::Timestamp;
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use proto::c1::storage::v3::{
    AssetRecord, EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord, SessionRecord, SyncRunRecord,
    SyncStatsRecord,
};
use rusqlite::{Connection, Statement};

use super::fault::{Result, damaged, unsupported};
use super::records::{insert, time_text};
use super::scan::Span;
use super::store::Store;
use super::{Extent, convert};
use crate::record::{Conflict, Scratch, insert_sql};
use crate::{Record, copy, schema};

/// Every key begins with it.
const START: u8 = 3;
const RESOURCE_TYPES: u8 = 1;
const RESOURCES: u8 = 2;
const ENTITLEMENTS: u8 = 3;
const GRANTS: u8 = 4;
const ASSETS: u8 = 5;
const SYNC_RUN: u8 = 6;
const SESSIONS: u8 = 9;
const META: u8 = 0xFF;
/// The layout of the keys that is read here.
const LAYOUT: [u8; 4] = 2_u32.to_be_bytes();
/// The place of `needs_expansion` in the statement of a grant.
const NEEDS_EXPANSION: usize = 11;

/// Writes what `store` holds to a new database at `into`.
pub(super) fn write(store: &Store, into: &Utf8Path, extent: Extent) -> Result<()> {
    let conn = Connection::open(into)?;
    copy::scratch(&conn)?;
    conn.execute_batch("BEGIN")?;
    for definition in &schema::DEFINITIONS {
        conn.execute_batch(&definition.create_sql())?;
    }
    if let Some(run) = sync_run(store)? {
        let rows = Rows { store, conn: &conn, sync: &run.sync_id };
        insert(&conn, &run, stats(store)?)?;
        if extent == Extent::Everything {
            rows.write()?;
        }
    }
    conn.execute_batch("COMMIT")?;
    Ok(schema::complete(&conn)?)
}

fn meta(name: &[u8]) -> Vec<u8> {
    [&[START, META], name].concat()
}

/// Returns the sync of the store; none when the store is empty.
fn sync_run(store: &Store) -> Result<Option<SyncRunRecord>> {
    if store.is_empty() {
        return Ok(None);
    }
    for name in ["keyspace_version", "grant_entitlement_id_format"] {
        match store.get(&meta(name.as_bytes()))? {
            Some(value) if value == LAYOUT => {}
            Some(_) => return Err(unsupported(format!("its {name} is not 2"))),
            None => return Err(unsupported(format!("it has no {name}, so its keys are of an older layout"))),
        }
    }
    let value = store.get(&[START, SYNC_RUN])?.ok_or_else(|| damaged("it has rows, but no sync"))?;
    let run = SyncRunRecord::decode(value.as_slice()).map_err(|_| damaged("its sync does not decode"))?;
    if run.sync_id.is_empty() { Err(damaged("its sync has no id")) } else { Ok(Some(run)) }
}

fn stats(store: &Store) -> Result<Option<SyncStatsRecord>> {
    let value = store.get(&meta(b"stats\0"))?;
    let stats = value.map(|value| SyncStatsRecord::decode(value.as_slice())).transpose();
    stats.map_err(|_| damaged("the counts of its sync do not decode"))
}

struct Rows<'s> {
    store: &'s Store,
    conn: &'s Connection,
    sync: &'s str,
}

impl Rows<'_> {
    fn write(&self) -> Result<()> {
        self.table::<ResourceTypeRecord, ResourceType>(RESOURCE_TYPES, |record| {
            (record.discovered_at, None, convert::resource_type(record))
        })?;
        self.table::<ResourceRecord, Resource>(RESOURCES, |record| {
            (record.discovered_at, None, convert::resource(record))
        })?;
        self.table::<EntitlementRecord, Entitlement>(ENTITLEMENTS, |record| {
            (record.discovered_at, None, convert::entitlement(record))
        })?;
        self.table::<GrantRecord, Grant>(GRANTS, |record| {
            let needs_expansion = record.expansion.as_ref().map(|_| record.needs_expansion);
            (record.discovered_at, needs_expansion, convert::grant(record))
        })?;
        self.assets()?;
        self.sessions()
    }

    /// Writes one table of messages.
    fn table<P: Message + Default, R: Record>(
        &self,
        bucket: u8,
        convert: impl Fn(P) -> (Option<Timestamp>, Option<bool>, R),
    ) -> Result<()> {
        let mut statement = self.conn.prepare(&insert_sql::<R>(R::TABLE.name(), Conflict::Append))?;
        let mut scratch = Scratch::default();
        self.each(bucket, R::TABLE.noun(), |record: P| {
            let (discovered_at, needs_expansion, message) = convert(record);
            bind_start(&mut statement, self.sync, discovered_at)?;
            message.bind(&mut statement, &mut scratch)?;
            if let Some(needs_expansion) = needs_expansion {
                statement.raw_bind_parameter(NEEDS_EXPANSION, i64::from(needs_expansion))?;
            }
            statement.raw_execute()
        })
    }

    fn assets(&self) -> Result<()> {
        let mut statement = self.conn.prepare(
            "INSERT INTO v1_assets (sync_id, discovered_at, external_id, content_type, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        self.each(ASSETS, "asset", |record: AssetRecord| {
            bind_start(&mut statement, self.sync, record.discovered_at)?;
            statement.raw_bind_parameter(3, record.external_id)?;
            statement.raw_bind_parameter(4, record.content_type)?;
            statement.raw_bind_parameter(5, record.data)?;
            statement.raw_execute()
        })
    }

    fn sessions(&self) -> Result<()> {
        let mut statement =
            self.conn.prepare("INSERT INTO v1_connector_sessions (sync_id, key, value) VALUES (?1, ?2, ?3)")?;
        self.each(SESSIONS, "session", |record: SessionRecord| {
            statement.execute((record.sync_id, record.key, record.value))
        })
    }

    /// Calls `write` with every record below `bucket`.
    fn each<P: Message + Default>(
        &self,
        bucket: u8,
        noun: &str,
        mut write: impl FnMut(P) -> rusqlite::Result<usize>,
    ) -> Result<()> {
        let span = Span { from: vec![START, bucket, 0], to: vec![START, bucket, 1] };
        self.store.each(&span, |key, value| {
            let record = P::decode(value).map_err(|_| damaged(format!("its {noun} {} does not decode", text(key))))?;
            write(record)?;
            Ok(())
        })
    }
}

/// Binds the sync and the time.
fn bind_start(statement: &mut Statement<'_>, sync: &str, at: Option<Timestamp>) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, sync)?;
    statement.raw_bind_parameter(2, time_text(at).unwrap_or_default())
}

/// Returns the readable part of a key.
fn text(key: &[u8]) -> String {
    let parts = key.get(3..).unwrap_or_default().split(|byte| *byte == 0);
    parts.map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join("/")
}
