//! The data file: one JSON line per transaction, each line a list of [`Change`]s.
//!
//! [`load`] replays the file, [`save`] replaces it by a snapshot (temporary file, fsync, rename), and a [`Journal`]
//! appends to it. A transaction counts as done when its line is on the disk; transactions that arrive together share one
//! write and one fsync. A line cut short by a crash was never acknowledged and is dropped at the next start. Snapshots
//! are made at the start and at a clean stop, so a long run costs about one kilobyte of file per write until then.
//!
//! The file holds the SCIM token, so it is readable by its owner only.

mod journal;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::{Change, Workspace};

pub use journal::{Journal, Ticket};

/// The first line of every data file.
const HEADER: &str = r#"{"format":"whimsical-workspace","version":1}"#;

/// Why the data file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file can't be read or written.
    #[error("{action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file is not a data file, or one of a later version.
    #[error("`{}` is not a whimsical-workspace data file of version 1\nhint: name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A line in the middle of the file is damaged.
    #[error("`{}` is damaged in line {line}\nhint: restore it from a copy, or name another file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Another process uses the file.
    #[error("`{}` is in use by another process\nhint: stop that process, or name another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// An earlier write failed, so nothing more is taken.
    #[error("the data file could not be written; nothing more is saved\nhint: make room on the disk and restart")]
    Stopped,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source }
}

/// Keeps other processes from using the same data file, as long as it lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "holding the file holds the lock")] File);

/// Takes the lock of a data file.
///
/// # Errors
/// [`StoreError::InUse`], or when the lock file can't be made.
pub fn lock(path: &Path) -> Result<Lock, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = create(Path::new(&name)).map_err(failed("create the lock file of", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed("lock", path)(source)),
    }
}

/// Replays a data file into `workspace`. Returns whether there was a file.
///
/// # Errors
/// When the file can't be read, is not a data file, or is damaged other than at its end.
pub fn load(path: &Path, workspace: &mut Workspace) -> Result<bool, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line).map_err(failed("read", path))?;
        let Some(text) = line.strip_suffix(b"\n") else {
            return if number == 0 { Err(StoreError::Foreign { path: path.to_owned() }) } else { Ok(true) };
        };
        number += 1;
        if number == 1 {
            if text != HEADER.as_bytes() {
                return Err(StoreError::Foreign { path: path.to_owned() });
            }
            continue;
        }
        let changes: Vec<Change> = serde_json::from_slice(text).map_err(|source| StoreError::Damaged {
            path: path.to_owned(),
            line: number,
            source,
        })?;
        for change in changes {
            workspace.apply(change);
        }
    }
}

/// Replaces the data file by a snapshot; the old one stays whole until the new one is on the disk.
///
/// # Errors
/// When the snapshot can't be written; the old file is untouched then.
pub fn save(path: &Path, workspace: &Workspace) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let file = create(&new).map_err(failed("create", &new))?;
    file.set_len(0).map_err(failed("empty", &new))?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    write_snapshot(&mut writer, workspace).map_err(failed("write", &new))?;
    let file = writer.into_inner().map_err(|error| failed("write", &new)(error.into_error()))?;
    file.sync_all().map_err(failed("sync", &new))?;
    std::fs::rename(&new, path).map_err(failed("replace", path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder of", path))
}

fn write_snapshot(writer: &mut impl io::Write, workspace: &Workspace) -> io::Result<()> {
    writeln!(writer, "{HEADER}")?;
    for change in workspace.snapshot() {
        serde_json::to_writer(&mut *writer, &[change])?;
        writer.write_all(b"\n")?;
    }
    writer.flush()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
