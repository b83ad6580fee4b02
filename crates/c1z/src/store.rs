//! Writes a file.

mod lifecycle;
mod rows;
mod sessions;
mod work;

use std::collections::HashMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ids::{Clock, Rng, SystemClock, SystemRng};
use rusqlite::Connection;

use crate::{
    Error, Format, Limits, Result, SyncId, SyncRun, SyncType, Table, View, envelope, reader, schema, sync_run,
};
use work::{Claim, WorkDir};

/// A file opened for writing.
///
/// Rows go to a *working database* in a folder beside the output, `<output>.work/`. [`Store::save`] packs it into the
/// output; until then the output is as it was. What a run leaves behind that was killed is taken up by the next one, as
/// long as the output is still the file that the killed run had started from.
///
/// Everything between two [checkpoints](Store::checkpoint) is one transaction: the rows and the token that says how far
/// they reach are on disk together or not at all. This holds for a killed process, not for a power cut.
///
/// Dropping a store leaves the folder for the next run; [`Store::discard`] removes it.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    work: WorkDir,
    path: Utf8PathBuf,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// The sync that rows go to.
    open: Option<(SyncId, SyncType)>,
    /// Which tables have their indexes; asked from the schema when unknown.
    indexed: HashMap<Table, bool>,
    adopted: bool,
    /// The syncs that the output has.
    saved_syncs: Vec<SyncId>,
    failed: bool,
    scratch: crate::record::Scratch,
}

/// How a store works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bounds for the file that is there already.
    pub limits: Limits,
    /// Where the working folder goes; beside the output when none.
    pub temp_dir: Option<Utf8PathBuf>,
    /// What gives the times of syncs and rows.
    pub clock: Arc<dyn Clock>,
    /// What gives the ids of syncs.
    pub rng: Arc<dyn Rng>,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), temp_dir: None, clock: Arc::new(SystemClock), rng: Arc::new(SystemRng) }
    }
}

/// What [`Store::save`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The size of the database in bytes.
    pub decoded_bytes: u64,
    /// The size of the file in bytes.
    pub encoded_bytes: u64,
}

impl Store {
    /// Opens the file at `path`, or starts a new one when there is none or an empty one.
    ///
    /// # Errors
    /// [`Error::Locked`] while another run writes the same file, [`Error::UnsupportedV3`], what is wrong with the file that
    /// is there, by name, and [`Error::Io`] or [`Error::DiskFull`] when the output or the working folder cannot be written.
    pub fn open(path: &Utf8Path, options: Options) -> Result<Self> {
        let content = Format::detect(path)?;
        if content == Some(Format::V3) {
            return Err(Error::UnsupportedV3 { path: path.into() });
        }
        let work = WorkDir::lock(path, options.temp_dir.as_deref())?;
        work::probe(&envelope::temporary(path))?;
        let left = match work.claim()? {
            // What cannot be read is of no use; the output still has what it was started from.
            Claim::Adopt(saved_syncs) => connect(path, &work).ok().map(|conn| (conn, saved_syncs)),
            Claim::Fresh => None,
        };
        let adopted = left.is_some();
        let (conn, saved_syncs) = match left {
            Some(left) => left,
            None => start(path, &work, content, &options.limits)?,
        };
        if adopted {
            tracing::info!(path = %path, "took up what an earlier run left of `{path}`");
        }
        Ok(Self {
            conn,
            work,
            path: path.into(),
            clock: options.clock,
            rng: options.rng,
            open: None,
            indexed: HashMap::new(),
            adopted,
            saved_syncs,
            failed: false,
            scratch: crate::record::Scratch::default(),
        })
    }

    /// Returns the path of the output.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Tells whether this continues with what a killed run left behind.
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.adopted
    }

    /// Returns every sync in the order they were written.
    ///
    /// # Errors
    /// [`Error::Time`] when a time does not parse, or what SQLite says.
    pub fn syncs(&self) -> Result<Vec<SyncRun>> {
        sync_run::all(&self.conn)
    }

    /// Returns the open sync.
    #[must_use]
    pub fn current(&self) -> Option<&SyncId> {
        self.open.as_ref().map(|(id, _)| id)
    }

    /// Returns the rows of the open sync, for looking into `tables`.
    ///
    /// The first look into a table of a bulk sync builds its indexes, which takes about a microsecond a row; from then on
    /// writing to that table is slower. So look only once a phase has written all its rows, and keep in memory what has to
    /// be known before.
    ///
    /// # Errors
    /// [`Error::NoSync`] when no sync is open, or what SQLite says.
    pub fn view(&mut self, tables: &[Table]) -> Result<View<'_>> {
        for table in tables {
            self.ensure_indexes(*table)?;
        }
        let sync = self.current().ok_or(Error::NoSync)?.clone();
        Ok(View::new(&self.conn, sync))
    }

    /// Returns the rows of the sync `id`, which may be any of the file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn view_of(&mut self, id: &SyncId) -> Result<View<'_>> {
        for table in Table::ALL {
            self.ensure_indexes(table)?;
        }
        Ok(View::new(&self.conn, id.clone()))
    }

    /// Packs the working database into the output and removes it.
    ///
    /// An unfinished sync is saved as far as its last checkpoint.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or [`Error::Io`] when the output cannot be written, and what SQLite says. The old output is
    /// untouched then, and the working folder stays for the next run.
    pub fn save(self) -> Result<Saved> {
        let Self { conn, work, path, .. } = self;
        let named = |source| Error::database(&work.database(), source);
        let rollback = |conn: &Connection| if conn.is_autocommit() { Ok(()) } else { conn.execute_batch("ROLLBACK") };
        rollback(&conn).map_err(named)?;
        match schema::complete(&conn) {
            Err(Error::Database(source)) => return Err(named(source)),
            other => other?,
        }
        let source = match pack(&conn, &work) {
            Err(Error::Database(source)) => return Err(named(source)),
            other => other?,
        };
        conn.close().map_err(|(_, source)| named(source))?;
        let (decoded_bytes, encoded_bytes) = envelope::encode(&source, &path)?;
        work.remove()?;
        tracing::info!(
            output_path = %path,
            decompressed_bytes = decoded_bytes,
            compressed_bytes = encoded_bytes,
            "c1z: saved"
        );
        Ok(Saved { decoded_bytes, encoded_bytes })
    }

    /// Forgets everything since the store was opened, and what was taken up then.
    ///
    /// # Errors
    /// [`Error::Io`] when the working folder cannot be removed.
    pub fn discard(self) -> Result<()> {
        let Self { conn, work, .. } = self;
        drop(conn);
        work.remove()
    }

    fn ensure_indexes(&mut self, table: Table) -> Result<()> {
        if !self.is_indexed(table)? {
            self.guarded(|store| schema::build(&store.conn, table))?;
            self.indexed.insert(table, true);
        }
        Ok(())
    }

    fn is_indexed(&mut self, table: Table) -> Result<bool> {
        if let Some(known) = self.indexed.get(&table) {
            return Ok(*known);
        }
        let indexed = schema::has_all(&self.conn, table)?;
        self.indexed.insert(table, indexed);
        Ok(indexed)
    }
}

/// Starts a working database from the output.
fn start(
    path: &Utf8Path,
    work: &WorkDir,
    content: Option<Format>,
    limits: &Limits,
) -> Result<(Connection, Vec<SyncId>)> {
    work.clear()?;
    if content.is_some() {
        envelope::decode(path, &work.database(), limits)?;
    }
    let conn = connect(path, work)?;
    let completed = schema::complete(&conn).and_then(|()| sync_run::all(&conn));
    let saved_syncs: Vec<SyncId> = match completed {
        Err(Error::Database(source)) => return Err(Error::database(path, source)),
        other => other?.into_iter().map(|run| run.id).collect(),
    };
    work.stamp(&saved_syncs)?;
    Ok((conn, saved_syncs))
}

/// Opens the working database.
fn connect(path: &Utf8Path, work: &WorkDir) -> Result<Connection> {
    let fail = |source| Error::database(path, source);
    let conn = Connection::open(work.database()).map_err(fail)?;
    reader::configure(&conn).map_err(fail)?;
    // Sorting an index takes as much memory as the cache may have: 8 MiB sort most of 100,000 rows without a file in between.
    conn.pragma_update(None, "cache_size", -8_192).map_err(fail)?;
    // Nothing is forced to disk: a killed process loses no write of its own, and a power cut loses the working folder's
    // worth of work, never the output. The rollback journal undoes what a killed run had not committed.
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF;")
        .map_err(fail)?;
    // Sorting takes room on disk; this is the folder that is known to be writable.
    conn.pragma_update(None, "temp_store_directory", work.folder().as_str()).map_err(fail)?;
    schema::verify(&conn, path)?;
    Ok(conn)
}

/// Returns the path of a database without unused pages, so that nothing of what was removed gets into the file.
fn pack(conn: &Connection, work: &WorkDir) -> Result<Utf8PathBuf> {
    schema::release_all(conn)?;
    let unused: i64 = conn.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if unused == 0 {
        return Ok(work.database());
    }
    let packed = work.packed()?;
    conn.execute("VACUUM INTO ?1", [packed.as_str()])?;
    Ok(packed)
}
