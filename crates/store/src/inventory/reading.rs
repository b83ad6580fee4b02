//! The reading of one file: what it finds is written where nobody sees it, then made visible at once.

use std::collections::BTreeMap;

use ids::{AppId, ConnectorId, SyncId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::apply;
use super::difference::{Numbered, ObjectKind};
use super::insert::{Shared, insert};
use super::lookup;
use super::news::News;
use super::row::{Account, Entitlement, Grant, Resource, ResourceType, StagedGrant};
use super::stored::{self, Stored, Table};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::file::Digest;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Store, Tx};

/// How many leftover rows one transaction removes.
const SWEEP_ROWS: i64 = 20_000;
/// From how many written rows on the database counts its tables anew.
const MANY_ROWS: usize = 10_000;

/// What is visible of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// The number of the reading that is visible.
    pub seq: i64,
    /// Its sync.
    pub sync_id: SyncId,
    /// When that sync started, as its file tells.
    pub started_at: Timestamp,
    /// The digest of its file.
    pub file: Digest,
}

/// What is visible of a connector; none when nothing ever was.
///
/// # Errors
/// When the database refuses.
pub async fn visible(conn: &mut Connection, connector: ConnectorId) -> Result<Option<Visible>> {
    let row = sqlx::query(
        "SELECT applied_seq, applied_sync_id, applied_started_at, applied_sha256 FROM inventory \
         WHERE connector_id = $1 AND applied_seq > 0",
    )
    .bind(connector.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Visible {
            seq: row.number("applied_seq")?,
            sync_id: row.parsed("applied_sync_id")?,
            started_at: row.instant("applied_started_at")?,
            file: row.parsed("applied_sha256")?,
        })
    })
    .transpose()
}

/// New content for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<R> {
    /// The content, with the id of the row.
    pub row: R,
    /// Whether the row was gone, and comes back with it.
    pub is_back: bool,
}

/// Ids of rows that the file does not have any more, in text form.
#[derive(Debug, Default)]
pub struct Gone {
    /// Resources.
    pub resources: Vec<String>,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Entitlements.
    pub entitlements: Vec<String>,
    /// Open grants.
    pub grants: Vec<String>,
}

/// What one transaction writes. All of it stays invisible.
#[derive(Debug, Default)]
pub struct Batch {
    /// Resources that appeared.
    pub resources: Vec<Resource>,
    /// Accounts that appeared.
    pub accounts: Vec<Account>,
    /// Entitlements that appeared.
    pub entitlements: Vec<Entitlement>,
    /// Grants that appeared.
    pub grants: Vec<Grant>,
    /// New content of resources.
    pub changed_resources: Vec<Changed<Resource>>,
    /// New content of accounts.
    pub changed_accounts: Vec<Changed<Account>>,
    /// New content of entitlements.
    pub changed_entitlements: Vec<Changed<Entitlement>>,
    /// New content of grants that go on; people are not told.
    pub changed_grants: Vec<StagedGrant>,
    /// What is gone.
    pub gone: Gone,
}

impl Batch {
    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resources.len()
            + self.accounts.len()
            + self.entitlements.len()
            + self.grants.len()
            + self.changed_resources.len()
            + self.changed_accounts.len()
            + self.changed_entitlements.len()
            + self.changed_grants.len()
            + self.gone.resources.len()
            + self.gone.accounts.len()
            + self.gone.entitlements.len()
            + self.gone.grants.len()
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How much of one kind differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that appeared or came back.
    pub added: u64,
    /// Rows that people are told have changed.
    pub changed: u64,
    /// Rows that are gone.
    pub removed: u64,
}

/// The tallies of a reading, by kind and resource type; the type of entitlements and grants is empty.
pub type Tallies = BTreeMap<(ObjectKind, String), Tally>;

/// What a reading makes visible besides its rows.
#[derive(Debug, Clone)]
pub struct Application {
    /// When the sync started, as its file tells.
    pub started_at: Timestamp,
    /// The digest of its file.
    pub file: Digest,
    /// The resource types of the file.
    pub resource_types: Vec<ResourceType>,
    /// Whether resource types that the file does not have are gone.
    pub complete: bool,
}

/// A reading under way. A later one of the same connector ends it: its next write fails with [`Error::Stale`].
#[derive(Debug)]
pub struct Reading {
    pub(super) store: Store,
    pub(super) tenant: TenantId,
    pub(super) connector: ConnectorId,
    pub(super) app: AppId,
    pub(super) sync: SyncId,
    pub(super) seq: i64,
    pub(super) applied_seq: i64,
    differences: i64,
    tallies: Tallies,
    written: usize,
}

impl Reading {
    /// Begins a reading, after removing what an earlier one left behind.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin(store: &Store, connector: ConnectorId, app: AppId, sync: SyncId) -> Result<Self> {
        let mut tx = store.begin().await?;
        let tenant = tx.tenant();
        sqlx::query(
            "INSERT INTO inventory (connector_id, tenant_id, app_id, next_seq, applied_seq, staging_dirty) \
             VALUES ($1, $2, $3, 1, 0, 0) ON CONFLICT (connector_id) DO NOTHING",
        )
        .bind(connector.to_string())
        .bind(tenant.to_string())
        .bind(app.to_string())
        .execute(tx.conn())
        .await?;
        let row = sqlx::query(
            "UPDATE inventory SET staging_seq = next_seq, staging_sync_id = $2, next_seq = next_seq + 1, app_id = $3 \
             WHERE connector_id = $1 RETURNING staging_seq, applied_seq, staging_dirty",
        )
        .bind(connector.to_string())
        .bind(sync.to_string())
        .bind(app.to_string())
        .fetch_one(tx.conn())
        .await?;
        let (seq, applied_seq) = (row.number("staging_seq")?, row.number("applied_seq")?);
        let dirty = row.flag("staging_dirty")?;
        tx.commit().await?;
        let reading = Self {
            store: store.clone(),
            tenant,
            connector,
            app,
            sync,
            seq,
            applied_seq,
            differences: 0,
            tallies: Tallies::new(),
            written: 0,
        };
        if dirty {
            reading.sweep().await?;
        } else {
            // A held sync kept its differences for people to see; reading it again finds them anew.
            reading.sweep_differences().await?;
        }
        Ok(reading)
    }

    /// Whether nothing of the connector was ever visible.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.applied_seq == 0
    }

    /// What to compare a file with whose sync began at this instant.
    #[must_use]
    pub fn baseline(&self, started_at: Timestamp) -> Baseline {
        Baseline { store: self.store.clone(), connector: self.connector, applied_seq: self.applied_seq, started_at }
    }

    /// Writes a batch in one transaction. Grants whose entitlement or account is not known are left out. `starts_at` is
    /// when the grants that appeared begin.
    ///
    /// # Errors
    /// [`Error::Stale`] when a later reading took the place of this one.
    pub async fn write(&mut self, batch: Batch, starts_at: Timestamp) -> Result<()> {
        let size = batch.len();
        let mut tx = self.store.begin().await?;
        self.check(&mut tx).await?;
        sqlx::query("UPDATE inventory SET staging_dirty = 1 WHERE connector_id = $1 AND staging_dirty = 0")
            .bind(self.connector.to_string())
            .execute(tx.conn())
            .await?;
        let mut shared = vec![
            Shared::text(&self.tenant),
            Shared::text(&self.connector),
            Shared::text(&self.app),
            Shared::Number(self.seq),
        ];
        let engine = tx.engine();
        let mut news = News::new(self.is_first());
        news.appeared(&batch.resources);
        news.appeared(&batch.accounts);
        news.appeared(&batch.entitlements);
        insert(tx.conn(), engine, &shared, batch.resources).await?;
        insert(tx.conn(), engine, &shared, batch.accounts).await?;
        let entitlements = lookup::resources_of(tx.conn(), self, batch.entitlements).await?;
        insert(tx.conn(), engine, &shared, entitlements).await?;
        let grants = lookup::holders_of(tx.conn(), self, batch.grants).await?;
        news.granted(&grants);
        shared.push(Shared::text(&if self.is_first() { "initial" } else { "outside" }));
        shared.push(Shared::Number(micros(starts_at)));
        insert(tx.conn(), engine, &shared, grants).await?;

        shared.truncate(2);
        let rows = news.changed(tx.conn(), batch.changed_resources).await?;
        insert(tx.conn(), engine, &shared, rows).await?;
        let rows = news.changed(tx.conn(), batch.changed_accounts).await?;
        insert(tx.conn(), engine, &shared, rows).await?;
        let rows = news.changed(tx.conn(), batch.changed_entitlements).await?;
        insert(tx.conn(), engine, &shared, rows).await?;
        insert(tx.conn(), engine, &shared, batch.changed_grants).await?;
        news.gone(tx.conn(), ObjectKind::Resource, batch.gone.resources).await?;
        news.gone(tx.conn(), ObjectKind::Account, batch.gone.accounts).await?;
        news.gone(tx.conn(), ObjectKind::Entitlement, batch.gone.entitlements).await?;
        news.gone(tx.conn(), ObjectKind::Grant, batch.gone.grants).await?;

        let shared = [Shared::text(&self.tenant), Shared::text(&self.sync)];
        let numbered: Vec<_> = (self.differences..)
            .zip(news.differences)
            .map(|(number, difference)| Numbered { number, difference })
            .collect();
        let written = i64::try_from(numbered.len()).unwrap_or(i64::MAX);
        insert(tx.conn(), engine, &shared, numbered).await?;
        tx.commit().await?;
        self.differences += written;
        self.written += size;
        for (of, tally) in news.tallies {
            let sum = self.tallies.entry(of).or_default();
            sum.added += tally.added;
            sum.changed += tally.changed;
            sum.removed += tally.removed;
        }
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// How many differences were written.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.differences.unsigned_abs()
    }

    /// Makes everything visible, in the transaction of the caller.
    ///
    /// # Errors
    /// [`Error::Stale`] when a later reading took the place of this one.
    pub async fn apply(&self, tx: &mut Tx, application: &Application) -> Result<()> {
        self.check(tx).await?;
        apply::apply(self, tx, application).await
    }

    /// Lets the database count its tables when this reading wrote many rows.
    ///
    /// PostgreSQL does so by itself after a while; until then it takes large tables for small ones, and the next reading
    /// would sort a table for each page that it compares. SQLite always goes along the index.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_tables(&self) -> Result<()> {
        if self.store.engine() == Engine::Postgres && self.written >= MANY_ROWS {
            let mut conn = self.store.read().await?;
            sqlx::query("ANALYZE resource, account, entitlement, grant_period").execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Removes what this reading wrote; for a sync that is held, discarded or failed. The differences stay with `keep`,
    /// so that people see what a held sync would change.
    ///
    /// # Errors
    /// [`Error::Stale`] when a later reading took the place of this one.
    pub async fn withdraw(&self, keep: Keep) -> Result<()> {
        self.sweep_rows().await?;
        if keep == Keep::Nothing {
            self.sweep_differences().await?;
        }
        Ok(())
    }

    async fn check(&self, tx: &mut Tx) -> Result<()> {
        let sql = format!("SELECT staging_seq FROM inventory WHERE connector_id = $1{}", tx.engine().for_update());
        let row = sqlx::query(AssertSqlSafe(sql)).bind(self.connector.to_string()).fetch_one(tx.conn()).await?;
        if row.number_opt("staging_seq")? == Some(self.seq) {
            return Ok(());
        }
        Err(Error::Stale { kind: "reading of the sync", id: self.sync.to_string() })
    }

    async fn sweep(&self) -> Result<()> {
        self.sweep_differences().await?;
        self.sweep_rows().await
    }

    async fn sweep_differences(&self) -> Result<()> {
        let sql = format!(
            "DELETE FROM sync_difference WHERE sync_id = $1 AND number IN \
             (SELECT number FROM sync_difference WHERE sync_id = $1 LIMIT {SWEEP_ROWS})"
        );
        self.until_none(&sql, &[&self.sync.to_string()], None).await
    }

    async fn sweep_rows(&self) -> Result<()> {
        let connector = self.connector.to_string();
        for table in ["grant_period", "entitlement", "account", "resource"] {
            let sql = format!(
                "DELETE FROM {table} WHERE id IN \
                 (SELECT id FROM {table} WHERE connector_id = $1 AND first_seq > $2 LIMIT {SWEEP_ROWS})"
            );
            self.until_none(&sql, &[&connector], Some(self.applied_seq)).await?;
        }
        for table in ["staged_grant", "staged_entitlement", "staged_account", "staged_resource"] {
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE connector_id = $1 LIMIT {SWEEP_ROWS})"
            );
            self.until_none(&sql, &[&connector], None).await?;
        }
        let mut tx = self.store.begin().await?;
        self.check(&mut tx).await?;
        sqlx::query("UPDATE inventory SET staging_dirty = 0 WHERE connector_id = $1")
            .bind(connector)
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Repeats a statement that removes some rows, each time in a transaction of its own, until none is left.
    async fn until_none(&self, sql: &str, texts: &[&str], number: Option<i64>) -> Result<()> {
        loop {
            let mut tx = self.store.begin().await?;
            self.check(&mut tx).await?;
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for text in texts {
                query = query.bind((*text).to_owned());
            }
            if let Some(number) = number {
                query = query.bind(number);
            }
            let removed = query.execute(tx.conn()).await?.rows_affected();
            tx.commit().await?;
            if removed == 0 {
                return Ok(());
            }
        }
    }
}

/// The visible rows of a connector, to compare a file with.
#[derive(Debug, Clone)]
pub struct Baseline {
    store: Store,
    connector: ConnectorId,
    applied_seq: i64,
    started_at: Timestamp,
}

impl Baseline {
    /// The rows whose keys come after `after`, in the order of keys; none is the end. Each call gives some thousand.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn page<const K: usize>(&self, table: Table, after: Option<[u8; K]>) -> Result<Vec<Stored<K>>> {
        if self.applied_seq == 0 {
            return Ok(Vec::new());
        }
        let mut conn = self.store.read().await?;
        stored::page(&mut conn, self.store.engine(), self.connector, table, self.applied_seq, self.started_at, after)
            .await
    }
}

/// What stays when a reading is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// The list of differences.
    Differences,
}
