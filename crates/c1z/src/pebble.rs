//! The v3 envelope: a Pebble store, made into the database that a v1 file holds.
//!
//! The files of the store are unpacked to a folder and verified ([`unpack`]), the store is read in the order of its keys
//! ([`store`]), and every record becomes the row that it would be in a v1 file ([`rows`]). At every moment there is one
//! block of each level in memory, whatever the size of the file: 32 KiB each as writers make them. What a hostile file can
//! make of that is bounded: blocks by [`meter`], logs by [`batch`], range deletions by [`store`], the rest by the length of
//! the MANIFEST; about 1 GiB together. The work is bounded by the bytes that the file may decode to.

mod batch;
mod block;
mod bytes;
mod checksum;
mod column;
mod convert;
mod fault;
mod log;
mod meter;
mod records;
mod rows;
mod scan;
mod store;
mod table;
mod unpack;
mod version;

use camino::Utf8Path;

use meter::Meter;
use store::Store;

use crate::{Error, Limits, Result};

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All.
    Everything,
    /// Those of the table of syncs.
    Syncs,
}

/// Writes the content of the v3 file at `path` to a new database at `into`. The store is unpacked beside it meanwhile.
///
/// # Errors
/// [`Error::DamagedPebble`], [`Error::UnsupportedPebble`], the errors of the limits, and [`Error::DiskFull`] or
/// [`Error::Io`] when the files cannot be written.
pub(crate) fn decode(path: &Utf8Path, into: &Utf8Path, limits: &Limits, extent: Extent) -> Result<()> {
    let folder = into.with_extension("pebble");
    std::fs::create_dir(&folder).map_err(|error| Error::io("create", &folder, error))?;
    let decoded = unpack::unpack(path, &folder, limits)
        .and_then(|()| Store::open(&folder, Meter::new(limits.max_decoded_bytes)))
        .and_then(|store| rows::write(&store, into, extent));
    let removed = std::fs::remove_dir_all(&folder).map_err(|error| Error::io("remove", &folder, error));
    match decoded.map_err(|fault| fault.of(path)) {
        Err(Error::Database(source)) => Err(Error::database(into, source)),
        Err(error) => Err(error),
        Ok(()) => removed,
    }
}
