//! The keys of tables that follow one another, in order.

use std::collections::VecDeque;
use std::ops::Range;

use camino::Utf8Path;

use super::fault::Result;
use super::meter::Meter;
use super::table::{Data, Index, Table};
use super::version::TableMeta;

/// From where to where keys are wanted; the end does not belong to it.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
}

/// One key with what it was given, or its deletion.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    pub(super) sequence: u64,
    pub(super) kind: u8,
    pub(super) value: Vec<u8>,
}

/// The scan of tables whose keys do not overlap.
#[derive(Debug)]
pub(super) struct Run<'s> {
    folder: &'s Utf8Path,
    meter: &'s Meter,
    span: &'s Span,
    tables: VecDeque<&'s TableMeta>,
    open: Option<Scan<'s>>,
    /// The key and the inverted sequence number of the entry before.
    last: Option<(Vec<u8>, u64)>,
}

impl<'s> Run<'s> {
    /// Makes the scan of `tables`, sorted by their bounds, over `span`.
    pub(super) fn new(folder: &'s Utf8Path, tables: &'s [TableMeta], span: &'s Span, meter: &'s Meter) -> Self {
        let overlaps = |meta: &&TableMeta| meta.bounds.smallest < span.to && !meta.bounds.ends_before(&span.from);
        Self { folder, meter, span, tables: tables.iter().filter(overlaps).collect(), open: None, last: None }
    }

    /// Returns the next entry: by key, then from the newest to the oldest.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            let Some(scan) = &mut self.open else {
                let Some(meta) = self.tables.pop_front() else { return Ok(None) };
                self.open = Some(Scan::new(self.folder, meta, self.span, self.meter)?);
                continue;
            };
            let Some(entry) = scan.next()? else {
                self.open = None;
                continue;
            };
            let place = !entry.sequence;
            match &mut self.last {
                Some((key, last)) if (key.as_slice(), *last) >= (entry.key.as_slice(), place) => {
                    return Err(scan.table.bad("has keys out of order"));
                }
                Some((key, last)) => {
                    key.clone_from(&entry.key);
                    *last = place;
                }
                none => *none = Some((entry.key.clone(), place)),
            }
            return Ok(Some(entry));
        }
    }
}

/// One table.
#[derive(Debug)]
struct Scan<'s> {
    table: Table<'s>,
    meta: &'s TableMeta,
    /// The first key that is wanted of this table, and the first that is not wanted any more.
    wanted: Range<&'s [u8]>,
    meter: &'s Meter,
    /// The index, and how far it has been read: the first block, and a second one when there are two levels.
    indexes: Vec<(Index<'s>, usize)>,
    data: Option<(Data<'s>, usize)>,
}

impl<'s> Scan<'s> {
    fn new(folder: &Utf8Path, meta: &'s TableMeta, span: &'s Span, meter: &'s Meter) -> Result<Self> {
        let mut table = Table::open(folder, meta, meter)?;
        let index = table.index()?;
        let wanted = meta.bounds.smallest.as_slice().max(&span.from)..span.to.as_slice();
        Ok(Self { table, meta, wanted, meter, indexes: vec![(index, 0)], data: None })
    }

    fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            let Some((data, row)) = self.data.as_mut().filter(|(data, row)| *row < data.rows()) else {
                if !self.next_block()? {
                    return Ok(None);
                }
                continue;
            };
            let mut entry = Entry::default();
            let trailer = data.key(*row, &mut entry.key).ok_or_else(|| self.table.bad("has a damaged row"))?;
            let value = data.value(*row).ok_or_else(|| self.table.bad("has a damaged row"))?;
            *row += 1;
            self.meter.spend((entry.key.len() + value.len()) as u64)?;
            // Of a table that another file backs, what lies within its bounds is not all there is.
            if self.meta.bounds.ends_before(&entry.key) || entry.key.as_slice() >= self.wanted.end {
                return Ok(None);
            }
            if entry.key.as_slice() < self.wanted.start {
                continue;
            }
            entry.value.extend_from_slice(value);
            entry.sequence = self.meta.sequence.unwrap_or(trailer >> 8);
            entry.kind = trailer.to_le_bytes()[0];
            return Ok(Some(entry));
        }
    }

    /// Goes to the next block of rows that may hold keys of the span; false when there is none.
    fn next_block(&mut self) -> Result<bool> {
        // What is not needed any more goes before something else comes.
        self.data = None;
        let levels = if self.table.has_two_levels() { 2 } else { 1 };
        loop {
            let depth = self.indexes.len();
            let Some((index, row)) = self.indexes.last_mut() else { return Ok(false) };
            if *row >= index.rows() {
                self.indexes.pop();
                continue;
            }
            let (separator, handle) = index.get(*row).ok_or_else(|| self.table.bad("has a damaged index"))?;
            *row += 1;
            if separator < self.wanted.start {
                continue;
            }
            if depth < levels {
                let index = self.table.index_at(handle)?;
                self.indexes.push((index, 0));
            } else {
                self.data = Some((self.table.data_at(handle)?, 0));
                return Ok(true);
            }
        }
    }
}
