//! The syncs of a file, read from its beginning.
//!
//! The table of syncs is small and made before the others are filled, so it nearly always lies at the beginning of the
//! database. Decoding that much costs next to nothing, whatever the size of the file.
//!
//! The answer is never a guess: SQLite is given a database that ends where the decoded bytes do, and takes any page
//! behind that end for damage. Then, and whenever else something is out of the ordinary, the whole file is decoded.

use camino::Utf8Path;

use crate::envelope::{Prefix, prefix};
use crate::pebble::Extent;
use crate::reader::{folder_path, read_only, temporary_folder};
use crate::{Error, Format, Limits, Reader, Result, SyncRun, schema, sync_run};

/// How much is decoded at first: a multiple of every page size that SQLite has.
const PREFIX_BYTES: usize = 1 << 20;

/// Returns every sync of the file at `path` in the order they were written, as [`Reader::syncs`] does, but without
/// decoding all of a large file.
///
/// That the file is complete is checked; damage to the content that has not been looked at is not found.
///
/// # Errors
/// As [`Reader::open`] and [`Reader::syncs`].
pub fn read_syncs(path: &Utf8Path, limits: &Limits) -> Result<Vec<SyncRun>> {
    if Format::detect(path)? == Some(Format::V1)
        && let Some(prefix) = prefix(path, PREFIX_BYTES, limits)
        && let Ok(Some(runs)) = syncs_in(path, prefix)
    {
        return Ok(runs);
    }
    Reader::open_extent(path, limits, None, Extent::Syncs)?.syncs()
}

/// Returns the syncs when everything needed for that is in `prefix`.
fn syncs_in(path: &Utf8Path, mut prefix: Prefix) -> Result<Option<Vec<SyncRun>>> {
    if !end_at_prefix(&mut prefix) {
        return Ok(None);
    }
    let folder = temporary_folder(None)?;
    let database = folder_path(&folder)?.join("db");
    std::fs::write(&database, &prefix.bytes).map_err(|error| Error::io("write", &database, error))?;
    let conn = read_only(&database)?;
    schema::verify(&conn, path)?;
    // A database of another writer may lack columns; they are added to the whole of it only.
    if schema::is_complete(&conn)? { Ok(Some(sync_run::all(&conn)?)) } else { Ok(None) }
}

/// Makes the database end where the prefix does; false when its header does not agree with its length.
///
/// Source: *Database File Format* of SQLite, §1.3: the page size at offset 16, the number of pages at offset 28.
fn end_at_prefix(prefix: &mut Prefix) -> bool {
    let Some([high, low]) = prefix.bytes.get(16..18) else { return false };
    let page_bytes: u32 = match u16::from_be_bytes([*high, *low]) {
        1 => 65_536,
        page_bytes => page_bytes.into(),
    };
    let prefix_bytes = u32::try_from(prefix.bytes.len()).unwrap_or_default();
    let Some(field) = prefix.bytes.get_mut(28..32).and_then(|field| <&mut [u8; 4]>::try_from(field).ok()) else {
        return false;
    };
    let database_bytes = u64::from(u32::from_be_bytes(*field)) * u64::from(page_bytes);
    if page_bytes < 512 || prefix_bytes % page_bytes != 0 || database_bytes != prefix.database_bytes {
        return false;
    }
    *field = (prefix_bytes / page_bytes).to_be_bytes();
    true
}

#[cfg(test)]
mod tests;
