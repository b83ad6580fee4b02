//! Which tables are there, and on which level: the MANIFEST, replayed.

use std::collections::BTreeMap;
use std::fs::File;

use camino::Utf8Path;

use super::bytes::Cursor;
use super::fault::{Fault, Result, damaged, unsupported};
use super::log;
use crate::Error;

const COMPARER: &[u8] = b"leveldb.BytewiseComparator";
/// The newest format of a store that is known here, and the oldest that upstream opens.
const FORMATS: std::ops::RangeInclusive<u32> = 13..=24;
const LEVELS: u64 = 7;
const MAX_TABLES: usize = 1 << 16;
const MAX_MANIFEST: u64 = 128 << 20;
const NEW_TABLE: u64 = 100;
const NEW_TABLE_WITH_FIELDS: u64 = 103;
/// The bit of a field of a table that a reader must not skip.
const MUST_BE_KNOWN: u64 = 64;

/// The tables of a store.
#[derive(Debug, Default)]
pub(super) struct Version {
    /// By level and number.
    pub(super) tables: BTreeMap<(u64, u64), TableMeta>,
    /// Logs from this number on hold what is in no table yet.
    pub(super) first_log: u64,
}

/// What the MANIFEST says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableMeta {
    /// The number of its file; for a virtual table, of the file that backs it.
    pub(super) file: u64,
    /// The size of its file in bytes; none for a virtual table.
    pub(super) size: Option<u64>,
    /// The keys that it may show.
    pub(super) bounds: Bounds,
    /// The number that all its keys take, of a table that was ingested.
    pub(super) sequence: Option<u64>,
}

/// The first and the last key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) smallest: Vec<u8>,
    pub(super) largest: Vec<u8>,
    /// Whether `largest` itself does not belong to it.
    pub(super) is_exclusive: bool,
}

impl Bounds {
    /// Tells whether `key` lies behind the bounds.
    pub(super) fn ends_before(&self, key: &[u8]) -> bool {
        key > self.largest.as_slice() || self.is_exclusive && key == self.largest
    }
}

/// Reads the version of the store in `folder`.
pub(super) fn read(folder: &Utf8Path) -> Result<Version> {
    let format = marker(folder, "format-version")?.unwrap_or_default();
    let number = format.parse().map_err(|_| damaged("the format version of the store is missing"))?;
    if !FORMATS.contains(&number) {
        return Err(unsupported(format!("the store has the format {number}")));
    }
    let name = marker(folder, "manifest")?.ok_or_else(|| damaged("the store names no MANIFEST"))?;
    let is_name = name.strip_prefix("MANIFEST-").is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
    let file = if is_name { File::open(folder.join(&name)).ok() } else { None };
    let file = file.ok_or_else(|| damaged("the MANIFEST of the store is missing"))?;
    if file.metadata().map_err(|error| Fault::Other(Error::io("read", folder, error)))?.len() > MAX_MANIFEST {
        return Err(unsupported("its MANIFEST is too long"));
    }
    let mut version = Version::default();
    let mut edits = 0_u64;
    log::each(&name, file, |edit| {
        edits += 1;
        version.apply(edit)
    })?;
    if edits == 0 { Err(damaged(format!("the {name} is empty"))) } else { Ok(version) }
}

/// Returns the value of the newest marker `kind`: `marker.KIND.NUMBER.VALUE`.
fn marker(folder: &Utf8Path, kind: &str) -> Result<Option<String>> {
    let unreadable = |error| Fault::Other(Error::io("read", folder, error));
    let prefix = format!("marker.{kind}.");
    let mut newest: Option<(u64, String)> = None;
    for entry in folder.read_dir_utf8().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let found = entry.file_name().strip_prefix(&prefix).and_then(|rest| rest.split_once('.'));
        if let Some((number, value)) = found
            && let Ok(number) = number.parse()
            && newest.as_ref().is_none_or(|(other, _)| number > *other)
        {
            newest = Some((number, value.to_owned()));
        }
    }
    Ok(newest.map(|(_, value)| value))
}

impl Version {
    fn apply(&mut self, edit: &[u8]) -> Result<()> {
        let mut cursor = Cursor::new(edit);
        while !cursor.is_empty() {
            self.field(&mut cursor).unwrap_or_else(|| Err(damaged("the MANIFEST has an edit that ends too early")))?;
        }
        Ok(())
    }

    /// Applies one field; none when it ends too early.
    fn field(&mut self, cursor: &mut Cursor<'_>) -> Option<Result<()>> {
        match cursor.varint()? {
            1 => {
                if cursor.prefixed()? != COMPARER {
                    return Some(Err(unsupported("the store sorts its keys in another order")));
                }
            }
            2 => self.first_log = cursor.varint()?,
            3 | 4 | 106 => {
                cursor.varint()?;
            }
            6 => {
                let (level, number) = (cursor.varint()?, cursor.varint()?);
                if self.tables.remove(&(level, number)).is_none() {
                    return Some(Err(damaged(format!("the MANIFEST removes the table {number}, which is not there"))));
                }
            }
            105 => {
                cursor.varint()?;
                cursor.varint()?;
            }
            tag @ (NEW_TABLE | NEW_TABLE_WITH_FIELDS) => return self.add(tag, cursor),
            104 => return Some(Err(unsupported("the store has range keys"))),
            tag => return Some(Err(unsupported(format!("the MANIFEST has the tag {tag}")))),
        }
        Some(Ok(()))
    }

    fn add(&mut self, tag: u64, cursor: &mut Cursor<'_>) -> Option<Result<()>> {
        let (level, number) = (cursor.varint()?, cursor.varint()?);
        let size = cursor.varint()?;
        let (smallest, _) = split_trailer(cursor.prefixed()?)?;
        let (largest, trailer) = split_trailer(cursor.prefixed()?)?;
        let is_exclusive = trailer >> 8 == SEQUENCE_MAX;
        let bounds = Bounds { smallest: smallest.to_vec(), largest: largest.to_vec(), is_exclusive };
        let (first, last) = (cursor.varint()?, cursor.varint()?);
        let sequence = (first == last).then_some(first);
        let mut meta = TableMeta { file: number, size: Some(size), bounds, sequence };
        let mut has_more = tag == NEW_TABLE_WITH_FIELDS;
        while has_more {
            match cursor.varint()? {
                1 => has_more = false,
                66 => {
                    meta.file = cursor.varint()?;
                    meta.size = None;
                }
                field if field & MUST_BE_KNOWN == 0 => {
                    cursor.prefixed()?;
                }
                field => return Some(Err(unsupported(format!("a table in the MANIFEST has the field {field}")))),
            }
        }
        if level >= LEVELS || self.tables.len() >= MAX_TABLES || self.tables.insert((level, number), meta).is_some() {
            return Some(Err(damaged(format!("the MANIFEST adds the table {number} where it cannot be"))));
        }
        Some(Ok(()))
    }
}

/// The sequence number of a bound that stands for the end of a range deletion.
const SEQUENCE_MAX: u64 = (1 << 56) - 1;

/// Splits an internal key into the key and its trailer: sequence number and kind.
fn split_trailer(internal: &[u8]) -> Option<(&[u8], u64)> {
    let (key, trailer) = internal.split_last_chunk::<8>()?;
    Some((key, u64::from_le_bytes(*trailer)))
}
