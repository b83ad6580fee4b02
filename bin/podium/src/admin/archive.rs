//! The form of a backup: a tar archive, compressed with zstd.
//!
//! | entry | what |
//! |---|---|
//! | `files/DIGEST` | each file of the object storage that is kept |
//! | `podium.db` | the database as it was at one moment, before the files were copied |
//! | `keys`, `tls/ca.pem`, `tls/ca.key` | only when they were asked for |
//! | `manifest.json` | [`Manifest`]; the last entry, so that what was cut off is noticed |

use std::io::{self, Read, Write};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::file::Digest;

use crate::config::Config;

/// The form that this version writes and reads.
pub(super) const FORMAT: u32 = 1;
/// The entry of the database.
pub(super) const DATABASE: &str = "podium.db";
/// The folder of the entries of files.
pub(super) const FILES: &str = "files/";
/// The entry of the [`Manifest`].
pub(super) const MANIFEST: &str = "manifest.json";
/// The authority of an install that makes its certificates itself, and its key: entries, and paths in the data folder.
pub(super) const AUTHORITY: [&str; 2] = ["tls/ca.pem", "tls/ca.key"];
/// The entry of the keys that seal secrets.
pub(super) const KEYS: &str = "keys";

/// What must be in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// The version of the program that wrote it.
    pub(super) version: String,
    /// When it was begun.
    pub(super) taken_at: jiff::Timestamp,
    /// The SHA-256 of the database, in hexadecimal digits.
    pub(super) database_sha256: String,
    /// How many files there are.
    pub(super) files: u64,
}

/// The path of the SQLite database.
pub(super) fn sqlite(config: &Config) -> anyhow::Result<camino::Utf8PathBuf> {
    match config.database()? {
        store::Location::Sqlite(path) => Ok(path),
        store::Location::Postgres(_) => anyhow::bail!(
            "this install keeps its data in PostgreSQL, which has its own programs for this\n\
             hint: `pg_dump` the database first, then copy the object storage; restore in the other order: first the \
             objects, then the database, then start the server with the same key file"
        ),
    }
}

/// Copies everything and takes its SHA-256 on the way.
pub(super) fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 256 << 10];
    loop {
        let read = from.read(&mut block)?;
        let Some(piece) = block.get(..read).filter(|piece| !piece.is_empty()) else { break };
        hasher.update(piece);
        to.write_all(piece)?;
    }
    to.flush()?;
    Ok(Digest::new(hasher.finalize().into()))
}

/// A thread for work that waits for disks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("the work was interrupted")?
}
