//! Opens the database and brings it to this version's schema.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use ids::{Clock, Rng, SystemClock, SystemRng, TenantId};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Connection as _, Executor as _};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::policy;
use crate::row::{RowExt as _, micros};
use crate::tx::Tx;
use crate::watch::Watch;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// How long a caller waits for a connection before it hears [`Error::Unavailable`].
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections read at the same time.
const READERS: u32 = 8;
/// How many connections a process keeps to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;

/// Set for each connection to SQLite. WAL lets readers go on beside the writer; with it `NORMAL` loses no committed
/// change when the process dies, and at most the last ones when the machine loses its power.
const PRAGMAS: &str = "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
     PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -16000; PRAGMA temp_store = FILE;";

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of the embedded SQLite; made when it is not there.
    Sqlite(Utf8PathBuf),
    /// A PostgreSQL URL, which may hold a password.
    Postgres(SecretString),
}

impl Location {
    /// The location that a setting names: `postgres://…`, `sqlite://PATH`, or a path.
    ///
    /// # Errors
    /// [`Error::Location`] for another scheme.
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.into())),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some((scheme, _)) => Err(Error::Location(format!("{scheme}://…"))),
            None if text.is_empty() => Err(Error::Location(String::new())),
            None => Ok(Self::Sqlite(text.into())),
        }
    }
}

/// What the store takes from its surroundings. The default is the real world.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives the random part of ids.
    pub rng: Arc<dyn Rng>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), rng: Arc::new(SystemRng) }
    }
}

/// An open store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    write: AnyPool,
    read: AnyPool,
    surroundings: Surroundings,
    tenant: TenantId,
    watch: Arc<OnceLock<Arc<dyn Watch>>>,
}

impl Store {
    /// Opens the database, brings it to this version's schema, and makes the tenant when there is none.
    ///
    /// Several processes may do so at the same time: one migrates, the others wait for it.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Migrate`].
    pub async fn open(location: &Location, surroundings: Surroundings) -> Result<Self> {
        sqlx::any::install_default_drivers();
        // PostgreSQL's migrations lock the database themselves; SQLite's know of no other process.
        let _alone = match location {
            Location::Sqlite(path) => Some(lock(path.clone()).await?),
            Location::Postgres(_) => None,
        };
        let (engine, write, read) = match location {
            Location::Sqlite(path) => {
                let url = format!("sqlite://{}?mode=rwc", percent(path.as_str()));
                let write = pool(Engine::Sqlite, &url, path.as_str(), 1).await?;
                (Engine::Sqlite, write, pool(Engine::Sqlite, &url, path.as_str(), READERS).await?)
            }
            Location::Postgres(url) => {
                let pool = pool(Engine::Postgres, url.expose_secret(), "database", POSTGRES_CONNECTIONS).await?;
                (Engine::Postgres, pool.clone(), pool)
            }
        };
        let migrator = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        migrator.run(&write).await.map_err(Error::Migrate)?;
        let tenant = tenant(&write, engine, &surroundings).await?;
        let store = Self { engine, write, read, surroundings, tenant, watch: Arc::default() };
        let mut tx = store.begin().await?;
        policy::ensure_builtins(&mut tx).await?;
        tx.commit().await?;
        Ok(store)
    }

    /// The engine behind it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The tenant of this install.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The present instant, in the whole microseconds that columns hold.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.surroundings.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The clock that everything on this store goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.surroundings.clock
    }

    /// The randomness that everything on this store takes.
    #[must_use]
    pub fn rng(&self) -> &Arc<dyn Rng> {
        &self.surroundings.rng
    }

    /// Has every change from now on told to this, whichever clone of the store makes it. Only the first one counts.
    pub fn watch(&self, watch: Arc<dyn Watch>) {
        drop(self.watch.set(watch));
    }

    /// A connection for reading. It sees what is committed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none is free in time.
    pub async fn read(&self) -> Result<PoolConnection<Any>> {
        Ok(self.read.acquire().await?)
    }

    /// Asks the database for nothing, to see whether it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&mut *self.read().await?).await?;
        Ok(())
    }

    /// Begins a change. Dropping the [`Tx`] undoes it.
    ///
    /// On SQLite there is one writer at a time: do no slow work while holding one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is locked or gone.
    pub async fn begin(&self) -> Result<Tx> {
        let tx = self.write.begin_with(self.engine.begin()).await?;
        let rng = Arc::clone(&self.surroundings.rng);
        Ok(Tx::new(tx, self.engine, self.tenant, self.now(), rng, self.watch.get().cloned()))
    }

    /// Writes the database of an embedded engine, as it is at this moment, into a new file; everybody may go on meanwhile.
    ///
    /// # Errors
    /// When the file is there already or cannot be written; on PostgreSQL, which has programs of its own for that.
    pub async fn snapshot(&self, to: &Utf8Path) -> Result<()> {
        sqlx::query("VACUUM INTO $1").bind(to.as_str()).execute(&mut *self.read().await?).await?;
        Ok(())
    }

    /// Closes all connections; for an orderly end.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn pool(engine: Engine, url: &str, name: &str, connections: u32) -> Result<AnyPool> {
    let failed = |source| Error::Open { what: format!("{engine} {name}"), source };
    let options: AnyConnectOptions = url.parse().map_err(failed)?;
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if engine == Engine::Sqlite {
                    connection.execute(PRAGMAS).await?;
                }
                Ok(())
            })
        })
        // After a full disk SQLite has undone a change by itself, and the library still waits for its end: such a
        // connection is good for nothing any more.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options)
        .await
        .map_err(failed)
}

/// Waits until no other process opens this SQLite file; the lock ends with the returned file.
async fn lock(path: Utf8PathBuf) -> Result<std::fs::File> {
    let what = format!("{} {path}", Engine::Sqlite);
    let locked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::create(format!("{path}.lock"))?;
        file.lock()?;
        Ok(file)
    });
    let locked = locked.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    locked.map_err(|source| Error::Open { what, source: sqlx::Error::Io(source) })
}

/// A path as the path of a URL.
fn percent(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// The tenant, made when there is none. Two processes may try at the same time: the row is keyed by a fixed name.
async fn tenant(pool: &AnyPool, engine: Engine, surroundings: &Surroundings) -> Result<TenantId> {
    let mut tx = pool.begin_with(engine.begin()).await?;
    if engine == Engine::Postgres {
        // The table is empty for a moment only; nobody else waits for it.
        sqlx::query("LOCK TABLE tenant IN EXCLUSIVE MODE").execute(&mut *tx).await?;
    }
    let found = sqlx::query("SELECT id FROM tenant ORDER BY id LIMIT 1").fetch_optional(&mut *tx).await?;
    if let Some(row) = found {
        return row.parsed("id");
    }
    let now = surroundings.clock.now();
    let id = TenantId::new(now, surroundings.rng.as_ref());
    sqlx::query(
        "INSERT INTO tenant (id, name, base_url, settings, created_at, updated_at, version) \
         VALUES ($1, 'Podium', '', '{}', $2, $2, 1)",
    )
    .bind(id.to_string())
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    sqlx::query("INSERT INTO audit_head (tenant_id, seq, hash) VALUES ($1, 0, $2)")
        .bind(id.to_string())
        .bind(domain::audit::GENESIS)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(id)
}
