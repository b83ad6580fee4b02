//! Looks into a file.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::pebble::Extent;
use crate::{
    Error, Format, Limits, Record, Result, Row, Stats, SyncId, SyncRun, View, copy, diff, envelope, pebble, schema,
    sync_run,
};

/// A file opened for reading. The file itself is read once, at the start, and never written.
///
/// The database is decoded to a folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: Utf8PathBuf,
    database: Utf8PathBuf,
    format: Format,
    // Last, so that the database is closed before its folder goes.
    _folder: TempDir,
}

impl Reader {
    /// Opens the file at `path`, with its database in the temporary folder of the system.
    ///
    /// # Errors
    /// See [`Reader::open_in`].
    pub fn open(path: &Utf8Path, limits: &Limits) -> Result<Self> {
        Self::open_in(path, limits, None)
    }

    /// Opens the file at `path`, with its database in a new folder below `temp_dir`.
    ///
    /// What older or other writers leave out of the database is added to the decoded copy.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::InvalidFile`] and the other errors that name what is wrong with the file;
    /// [`Error::DiskFull`] or [`Error::Io`] when it cannot be decoded to the folder.
    pub fn open_in(path: &Utf8Path, limits: &Limits, temp_dir: Option<&Utf8Path>) -> Result<Self> {
        Self::open_extent(path, limits, temp_dir, Extent::Everything)
    }

    /// Opens the file with the rows of `extent`; what else a v1 file holds comes with them.
    pub(crate) fn open_extent(
        path: &Utf8Path,
        limits: &Limits,
        temp_dir: Option<&Utf8Path>,
        extent: Extent,
    ) -> Result<Self> {
        let format = Format::detect(path)?.ok_or_else(|| Error::Missing { path: path.into() })?;
        let folder = temporary_folder(temp_dir)?;
        let database = folder_path(&folder)?.join("db");
        match format {
            Format::V1 => envelope::decode(path, &database, limits).map(drop)?,
            Format::V3 => pebble::decode(path, &database, limits, extent)?,
        }
        let conn = connect(path, &database)?;
        Ok(Self { conn, path: path.into(), database, format, _folder: folder })
    }

    /// Returns the envelope of the file.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Returns every sync in the order they were written; [`crate::Selection`] chooses among them.
    ///
    /// # Errors
    /// [`Error::Time`] when a time does not parse, or what SQLite says.
    pub fn syncs(&self) -> Result<Vec<SyncRun>> {
        sync_run::all(&self.conn).map_err(|error| self.named(error))
    }

    /// Returns the sync `id`.
    ///
    /// # Errors
    /// [`Error::NoSuchSync`] when the file has none of that id.
    pub fn sync(&self, id: &SyncId) -> Result<SyncRun> {
        sync_run::find(&self.conn, id)?.ok_or_else(|| Error::NoSuchSync { sync: id.clone() })
    }

    /// Returns the rows of the sync `id`; there are none when the file does not have it.
    #[must_use]
    pub fn view(&self, id: &SyncId) -> View<'_> {
        View::new(&self.conn, id.clone())
    }

    /// Returns the counts of `run`: those stored with it, else counted now.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stats(&self, run: &SyncRun) -> Result<Stats> {
        match &run.stats {
            Some(stats) if stats.resource_types > 0 => Ok(stats.clone()),
            _ => Stats::count(&self.conn, &run.id, &run.kind),
        }
    }

    /// Calls `visit` with every row that differs between the syncs `old` and `new`: those created, then those modified
    /// (both with the new row), then those deleted (with the old row).
    ///
    /// Two messages are equal when their encodings are, or when they decode to equal messages.
    ///
    /// # Errors
    /// The first error of `visit`, which ends the listing, or what SQLite says.
    pub fn diff<R: Record, E: From<Error>>(
        &self,
        old: &SyncId,
        new: &SyncId,
        visit: impl FnMut(diff::Change, Row<'_, R>) -> Result<(), E>,
    ) -> Result<(), E> {
        diff::diff(&self.conn, old, new, visit)
    }

    /// Copies the finished sync `id` into a new file at `out`.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is something at `out`, [`Error::NoSuchSync`], [`Error::Unfinished`], and what writing
    /// can fail with.
    pub fn export(&self, id: &SyncId, out: &Utf8Path) -> Result<()> {
        if self.sync(id)?.ended_at.is_none() {
            return Err(Error::Unfinished { sync: id.clone() });
        }
        copy::export(&self.database, id, out)
    }

    fn named(&self, error: Error) -> Error {
        match error {
            Error::Database(source) => Error::database(&self.path, source),
            other => other,
        }
    }
}

/// Opens the decoded database of `path` for reading.
fn connect(path: &Utf8Path, database: &Utf8Path) -> Result<Connection> {
    let fail = |source| Error::database(path, source);
    let conn = read_only(database).map_err(fail)?;
    schema::verify(&conn, path)?;
    let complete = match schema::is_complete(&conn) {
        Err(Error::Database(source)) => return Err(fail(source)),
        other => other?,
    };
    if complete {
        return Ok(conn);
    }
    drop(conn);
    let writable = Connection::open(database).map_err(fail)?;
    configure(&writable).map_err(fail)?;
    writable.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(fail)?;
    match schema::complete(&writable) {
        Err(Error::Database(source)) => return Err(fail(source)),
        other => other?,
    }
    drop(writable);
    read_only(database).map_err(fail)
}

/// Opens a database that nobody writes; a database in WAL mode needs no further files then.
pub(crate) fn read_only(database: &Utf8Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(immutable_uri(database), flags)?;
    configure(&conn)?;
    Ok(conn)
}

/// Returns the URI under which SQLite opens a file without looking for locks and journals.
pub(crate) fn immutable_uri(database: &Utf8Path) -> String {
    let path = database.as_str().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

/// Sets what every connection has in common: bounded memory, and nothing that a database could smuggle in.
pub(crate) fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::ZERO)?;
    conn.set_prepared_statement_cache_capacity(64);
    // The partial indexes of grants would have every statement planned anew for every value that is bound to it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;",
    )
}

/// Makes a folder that goes when it is dropped.
pub(crate) fn temporary_folder(below: Option<&Utf8Path>) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("c1z");
    let folder = match below {
        None => builder.tempdir(),
        Some(below) => builder.tempdir_in(below),
    };
    folder.map_err(|error| {
        let below =
            below.map_or_else(|| Utf8PathBuf::from("the temporary folder of the system"), Utf8Path::to_path_buf);
        Error::io("create a folder in", &below, error)
    })
}

pub(crate) fn folder_path(folder: &TempDir) -> Result<&Utf8Path> {
    Utf8Path::from_path(folder.path()).ok_or_else(|| {
        let path = Utf8PathBuf::from(folder.path().to_string_lossy().into_owned());
        Error::io("use", &path, std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path is not UTF-8"))
    })
}
