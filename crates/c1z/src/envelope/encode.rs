//! From the database to the file, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use zstd::stream::write::Encoder;

use super::V1_MAGIC;
use crate::{Error, Result};

const CHUNK: usize = 256 << 10;
/// On 100,000 users (111 MB, 2 cores) level 1 gives 6.0 MB in 0.15 s, level 3 gives 5.4 MB in 0.25 s; `examples/bulk.rs`
/// measures it.
const LEVEL: i32 = 1;

/// Puts the database at `database` into a new file at `path`, replacing the one there, and returns the lengths of both.
///
/// Until everything is on disk the new file has the name `<path>.tmp`.
///
/// # Errors
/// [`Error::DiskFull`] or [`Error::Io`]; the old file is untouched then, and nothing of the new one is left.
pub(crate) fn encode(database: &Utf8Path, path: &Utf8Path) -> Result<(u64, u64)> {
    let temporary = temporary(path);
    let written =
        write(database, &temporary).map_err(|error| Error::io("write", &temporary, error)).and_then(|lengths| {
            fs::rename(&temporary, path).map_err(|error| Error::io("rename to", path, error))?;
            Ok(lengths)
        });
    if written.is_err() {
        // What went wrong before matters more; without space there is little else to be done about it either.
        let _ = fs::remove_file(&temporary);
    } else {
        force_names(path).map_err(|error| Error::io("force to disk", path, error))?;
    }
    written
}

/// Returns the name that the file has while it is written.
pub(crate) fn temporary(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}.tmp"))
}

fn write(database: &Utf8Path, temporary: &Utf8Path) -> io::Result<(u64, u64)> {
    let mut database = File::open(database)?;
    let decoded = database.metadata()?.len();
    let mut file = create(temporary)?;
    file.write_all(&V1_MAGIC)?;
    let mut encoder = Encoder::new(BufWriter::with_capacity(CHUNK, file), LEVEL)?;
    encoder.set_pledged_src_size(Some(decoded))?;
    encoder.include_contentsize(true)?;
    encoder.include_checksum(true)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = database.read(&mut chunk)?;
        match chunk.get(..length) {
            None | Some([]) => break,
            Some(bytes) => encoder.write_all(bytes)?,
        }
    }
    let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok((decoded, file.metadata()?.len()))
}

fn create(path: &Utf8Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(path)
}

/// Makes a rename survive a power cut.
fn force_names(path: &Utf8Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
