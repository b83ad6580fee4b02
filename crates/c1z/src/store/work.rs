//! The folder of the working database: who owns it, and whether what is in it can be taken up.
//!
//! It holds `db` (and what SQLite keeps beside it), `lock`, which a run keeps locked as long as it lives, and `origin`,
//! which says what file the database was started from. `origin` is written last, so a folder that has it has a whole
//! database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, SyncId};

/// The folder, locked for this run.
#[derive(Debug)]
pub(super) struct WorkDir {
    folder: Utf8PathBuf,
    output: Utf8PathBuf,
    _lock: File,
}

/// What to do with the content of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// There is a database that goes on from the present output; the syncs of the output are these.
    Adopt(Vec<SyncId>),
    /// There was nothing of use, and nothing is there now.
    Fresh,
}

/// What `origin` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Origin {
    file: Option<Fingerprint>,
    syncs: Vec<String>,
}

/// What tells one content of the output from another; none when there is no output.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    size: u64,
    modified_ns: u128,
    inode: u64,
    /// The end of the file, where zstd has the checksum of the content.
    tail: Vec<u8>,
}

const LOCK: &str = "lock";
const ORIGIN: &str = "origin";
const FILES: [&str; 7] = [ORIGIN, "origin.tmp", "db", "db-journal", "db-wal", "db-shm", "packed"];
const TAIL: i64 = 16;
const ATTEMPTS: usize = 8;

impl WorkDir {
    /// Makes the folder for `output` and locks it.
    pub(super) fn lock(output: &Utf8Path, temp_dir: Option<&Utf8Path>) -> Result<Self> {
        let folder = match temp_dir {
            None => Utf8PathBuf::from(format!("{output}.work")),
            Some(temp_dir) => temp_dir.join(stable_name(output)?),
        };
        // The run before may be removing the folder just now, and with it the file that we lock.
        for _ in 0..ATTEMPTS {
            create(&folder).map_err(|error| Error::io("create", &folder, error))?;
            let path = folder.join(LOCK);
            let mut options = OpenOptions::new();
            let lock = match options.write(true).create(true).truncate(false).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(|error| Error::io("create", &path, error))?,
            };
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: output.into() }),
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
                Ok(()) => {}
            }
            if is_same(&lock, &path) {
                return Ok(Self { folder, output: output.into(), _lock: lock });
            }
        }
        Err(Error::Locked { path: output.into() })
    }

    /// Returns the path of the working database.
    pub(super) fn database(&self) -> Utf8PathBuf {
        self.folder.join("db")
    }

    /// Returns the path for a packed copy of the working database, where nothing is.
    pub(super) fn packed(&self) -> Result<Utf8PathBuf> {
        let path = self.folder.join("packed");
        remove(&path)?;
        Ok(path)
    }

    /// Returns the folder.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Decides about what an earlier run left, and removes what is of no use.
    pub(super) fn claim(&self) -> Result<Claim> {
        let origin = fs::read(self.folder.join(ORIGIN)).ok();
        let origin = origin.and_then(|json| serde_json::from_slice::<Origin>(&json).ok());
        match origin {
            Some(origin) if origin.file == self.fingerprint()? && self.database().is_file() => {
                Ok(Claim::Adopt(origin.syncs.into_iter().map(SyncId::from).collect()))
            }
            _ => {
                self.clear()?;
                Ok(Claim::Fresh)
            }
        }
    }

    /// Marks the database as one that goes on from the present output, which has these `syncs`.
    pub(super) fn stamp(&self, syncs: &[SyncId]) -> Result<()> {
        let syncs = syncs.iter().map(|id| id.as_str().to_owned()).collect();
        let origin = Origin { file: self.fingerprint()?, syncs };
        let (path, temporary) = (self.folder.join(ORIGIN), self.folder.join("origin.tmp"));
        serde_json::to_vec(&origin)
            .map_err(io::Error::from)
            .and_then(|json| fs::write(&temporary, json))
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|error| Error::io("write", &path, error))
    }

    /// Removes everything but the lock.
    pub(super) fn clear(&self) -> Result<()> {
        for name in FILES {
            remove(&self.folder.join(name))?;
        }
        Ok(())
    }

    /// Removes the folder. What others put there stays, and the folder with it.
    pub(super) fn remove(self) -> Result<()> {
        self.clear()?;
        let lock = self.folder.join(LOCK);
        fs::remove_file(&lock).map_err(|error| Error::io("remove", &lock, error))?;
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                Err(Error::io("remove", &self.folder, error))
            }
            _ => Ok(()),
        }
    }

    fn fingerprint(&self) -> Result<Option<Fingerprint>> {
        let fingerprint = |mut file: File| {
            let metadata = file.metadata()?;
            let size = metadata.len();
            let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
            let mut tail = Vec::new();
            file.seek(SeekFrom::End(-TAIL.min(size.try_into().unwrap_or(TAIL))))?;
            file.read_to_end(&mut tail)?;
            let modified_ns = modified.unwrap_or_default().as_nanos();
            Ok(Some(Fingerprint { size, modified_ns, inode: inode(&metadata), tail }))
        };
        match File::open(&self.output).and_then(fingerprint) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map_err(|error| Error::io("read", &self.output, error)),
        }
    }
}

/// Fails when there is no writing to `path`, and leaves nothing there.
pub(super) fn probe(path: &Utf8Path) -> Result<()> {
    File::create(path).and_then(|_| fs::remove_file(path)).map_err(|error| Error::io("write", path, error))
}

/// Makes the folder, for the owner only: what is in it is about people.
fn create(folder: &Utf8Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes the file at `path`, if there is one.
fn remove(path: &Utf8Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Tells whether `path` is still the file that `open` is.
fn is_same(open: &File, path: &Utf8Path) -> bool {
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => inode(&open) == inode(&named),
        _ => false,
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// Returns a name for the folder that the next run finds again, and that no other output has.
fn stable_name(output: &Utf8Path) -> Result<String> {
    let absolute = camino::absolute_utf8(output).map_err(|error| Error::io("resolve", output, error))?;
    // FNV-1a; the hashes of the standard library may differ from one build to the next.
    let hash = absolute
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    Ok(format!("{}-{hash:016x}.work", output.file_name().unwrap_or("c1z")))
}
