//! Tables: sorted keys with their values, in a file of their own.
//!
//! Read are those of the columnar format 7, which every writer of v3 files so far makes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use camino::Utf8Path;

use super::block::{Block, Handle};
use super::bytes::Cursor;
use super::checksum::masked_crc;
use super::column::{Keys, Layout, Strings, Uints, is_all_zero};
use super::fault::{Fault, Result, damaged, unsupported};
use super::meter::Meter;
use super::version::TableMeta;

const MAGIC: [u8; 8] = [0xF0, 0x9F, 0xAA, 0xB3, 0xF0, 0x9F, 0xAA, 0xB3];
const FOOTER: usize = 61;
const FORMAT: u32 = 7;
const CRC32C: u8 = 1;
const RANGE_KEYS: u32 = 2 | 4 | 8;
const TWO_LEVELS: u32 = 32;
const BLOBS: u32 = 64;
const RANGE_DELETION: u8 = 15;
const ABSENT: &[u8] = &[];

/// An open table.
#[derive(Debug)]
pub(super) struct Table<'m> {
    file: File,
    name: String,
    footer: Footer,
    meter: &'m Meter,
}

/// A range of keys that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RangeDeletion {
    pub(super) start: Vec<u8>,
    pub(super) end: Vec<u8>,
    pub(super) sequence: u64,
}

impl<'m> Table<'m> {
    /// Opens the table that `meta` describes.
    pub(super) fn open(folder: &Utf8Path, meta: &TableMeta, meter: &'m Meter) -> Result<Self> {
        let name = format!("{:06}.sst", meta.file);
        let bad = |what: &str| damaged(format!("the table {name} {what}"));
        let mut file = File::open(folder.join(&name)).map_err(|_| bad("is missing"))?;
        let length = file.metadata().map_err(|_| bad("cannot be read"))?.len();
        if meta.size.is_some_and(|size| size != length) {
            return Err(bad("does not have its size"));
        }
        let mut end = Vec::with_capacity(FOOTER);
        let start = length.saturating_sub(FOOTER as u64);
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_to_end(&mut end))
            .map_err(|_| bad("cannot be read"))?;
        let footer = Footer::read(&end).ok_or_else(|| bad("has a damaged footer"))??;
        if footer.attributes & (RANGE_KEYS | BLOBS) != 0 {
            return Err(unsupported(format!("the table {name} has range keys or blobs")));
        }
        Ok(Self { file, name, footer, meter })
    }

    /// Returns the fault of this table.
    pub(super) fn bad(&self, what: &str) -> Fault {
        damaged(format!("the table {} {what}", self.name))
    }

    fn block(&mut self, handle: Handle) -> Result<Block<'m>> {
        Block::read(&mut self.file, &self.name, handle, self.meter)
    }

    /// Returns the range deletions of the table, not yet cut to its bounds.
    pub(super) fn range_deletions(&mut self) -> Result<Vec<RangeDeletion>> {
        let metaindex = self.block(self.footer.metaindex)?;
        let damaged = || self.bad("has a damaged metaindex");
        let handle = find(&metaindex, b"rocksdb.range_del2").ok_or_else(damaged)?;
        if handle == ABSENT {
            return Ok(Vec::new());
        }
        let handle = Handle::read(&mut Cursor::new(handle)).ok_or_else(damaged)?;
        let block = self.block(handle)?;
        deletions(&block).ok_or_else(|| self.bad("has damaged range deletions"))
    }

    /// Returns the first block of the index.
    pub(super) fn index(&mut self) -> Result<Index<'m>> {
        self.index_at(self.footer.index)
    }

    /// Tells whether the index has blocks of the index.
    pub(super) fn has_two_levels(&self) -> bool {
        self.footer.attributes & TWO_LEVELS != 0
    }

    /// Reads a block of the index.
    pub(super) fn index_at(&mut self, handle: Handle) -> Result<Index<'m>> {
        let block = self.block(handle)?;
        Index::new(block).ok_or_else(|| self.bad("has a damaged index"))
    }

    /// Reads a block of keys and values.
    pub(super) fn data_at(&mut self, handle: Handle) -> Result<Data<'m>> {
        let block = self.block(handle)?;
        let data = Data::new(block).ok_or_else(|| self.bad("has a damaged block of rows"))?;
        if data.is_external {
            return Err(unsupported(format!("the table {} keeps values elsewhere", self.name)));
        }
        Ok(data)
    }
}

#[derive(Debug)]
struct Footer {
    attributes: u32,
    metaindex: Handle,
    index: Handle,
}

impl Footer {
    /// Reads a footer; none when it is damaged.
    fn read(bytes: &[u8]) -> Option<Result<Self>> {
        let before_magic = bytes.strip_suffix(&MAGIC)?;
        let (_, version) = before_magic.split_last_chunk::<4>()?;
        let version = u32::from_le_bytes(*version);
        if version != FORMAT {
            return Some(Err(unsupported(format!("it has tables of the format {version}"))));
        }
        let mut cursor = Cursor::new(bytes);
        if cursor.u8()? != CRC32C {
            return None;
        }
        let (metaindex, index) = (Handle::read(&mut cursor)?, Handle::read(&mut cursor)?);
        let mut fixed = Cursor::new(bytes.get(41..)?);
        let (attributes, checksum) = (fixed.u32()?, fixed.u32()?);
        let checked = [bytes.get(..45)?, bytes.get(49..)?];
        (masked_crc(&checked) == checksum).then_some(Ok(Self { attributes, metaindex, index }))
    }
}

/// Looks up `key` in a block of keys and values; [`ABSENT`] when it is not there, none when the block is damaged.
fn find<'b>(block: &'b [u8], key: &[u8]) -> Option<&'b [u8]> {
    let layout = Layout::read(block, 0, 2)?;
    let keys = Strings::read(block, layout.offset(0)?, layout.rows)?;
    let values = Strings::read(block, layout.offset(1)?, layout.rows)?;
    for row in 0..layout.rows {
        if keys.get(block, row)? == key {
            return values.get(block, row);
        }
    }
    Some(ABSENT)
}

/// Reads a keyspan block of range deletions. Of those of one range the newest is enough.
fn deletions(block: &[u8]) -> Option<Vec<RangeDeletion>> {
    const CUSTOM: usize = 4;
    let boundaries = usize::try_from(Cursor::new(block).u32()?).ok()?;
    let layout = Layout::read(block, CUSTOM, 5)?;
    if boundaries > block.len() {
        return None;
    }
    let keys = Strings::read(block, layout.offset(0)?, boundaries)?;
    let (starts, _) = Uints::read(block, layout.offset(1)?, boundaries)?;
    let (trailers, _) = Uints::read(block, layout.offset(2)?, layout.rows)?;
    let mut found = Vec::new();
    let mut seen = 0;
    for boundary in 1..boundaries {
        let end = usize::try_from(starts.get(block, boundary)?).ok()?;
        if end < seen || end > layout.rows {
            return None;
        }
        let mut newest = None;
        for row in seen..end {
            let trailer = trailers.get(block, row)?;
            if trailer.to_le_bytes()[0] != RANGE_DELETION {
                return None;
            }
            newest = newest.max(Some(trailer >> 8));
        }
        seen = end;
        if let Some(sequence) = newest {
            let (start, end) = (keys.get(block, boundary - 1)?, keys.get(block, boundary)?);
            found.push(RangeDeletion { start: start.to_vec(), end: end.to_vec(), sequence });
        }
    }
    (seen == layout.rows).then_some(found)
}

/// A block of the index.
#[derive(Debug)]
pub(super) struct Index<'m> {
    block: Block<'m>,
    rows: usize,
    separators: Strings,
    offsets: Uints,
    lengths: Uints,
}

impl<'m> Index<'m> {
    fn new(block: Block<'m>) -> Option<Self> {
        let layout = Layout::read(&block, 0, 4)?;
        let separators = Strings::read(&block, layout.offset(0)?, layout.rows)?;
        let (offsets, _) = Uints::read(&block, layout.offset(1)?, layout.rows)?;
        let (lengths, _) = Uints::read(&block, layout.offset(2)?, layout.rows)?;
        Some(Self { rows: layout.rows, separators, offsets, lengths, block })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns a key that is not below any of the block in `row`, and where the block stands.
    pub(super) fn get(&self, row: usize) -> Option<(&[u8], Handle)> {
        let offset = self.offsets.get(&self.block, row)?;
        let length = self.lengths.get(&self.block, row)?;
        Some((self.separators.get(&self.block, row)?, Handle { offset, length }))
    }
}

/// A block of keys and values.
#[derive(Debug)]
pub(super) struct Data<'m> {
    block: Block<'m>,
    rows: usize,
    keys: Keys,
    suffixes: Strings,
    trailers: Uints,
    values: Strings,
    is_external: bool,
}

impl<'m> Data<'m> {
    fn new(block: Block<'m>) -> Option<Self> {
        const CUSTOM: usize = 4;
        let layout = Layout::read(&block, CUSTOM, 7)?;
        let rows = layout.rows;
        if rows == 0 {
            return None;
        }
        let keys = Keys::read(&block, layout.offset(0)?, rows)?;
        let suffixes = Strings::read(&block, layout.offset(1)?, rows)?;
        let (trailers, _) = Uints::read(&block, layout.offset(2)?, rows)?;
        let values = Strings::read(&block, layout.offset(4)?, rows)?;
        let is_external = !is_all_zero(&block, layout.offset(5)?, rows)?;
        Some(Self { block, rows, keys, suffixes, trailers, values, is_external })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Puts the key in `row` into `key`, and returns its trailer.
    pub(super) fn key(&self, row: usize, key: &mut Vec<u8>) -> Option<u64> {
        self.keys.get(&self.block, row, key)?;
        key.extend_from_slice(self.suffixes.get(&self.block, row)?);
        self.trailers.get(&self.block, row)
    }

    pub(super) fn value(&self, row: usize) -> Option<&[u8]> {
        self.values.get(&self.block, row)
    }
}
