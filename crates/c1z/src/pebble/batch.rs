//! Batches: what a log holds, in memory.

use std::collections::BTreeMap;

use super::bytes::Cursor;
use super::fault::{Fault, Result, damaged, unsupported};
use super::scan::{Entry, Span};
use super::table::RangeDeletion;

/// The most bytes that stand in logs only. Writers of finished syncs leave none there.
const MAX_BYTES: usize = 64 << 20;
/// What an entry takes besides its key and its value, in bytes.
const OVERHEAD: usize = 128;

/// What stands in logs only.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// By key, and then from the newest to the oldest (the sequence number, inverted): the kind and the value.
    entries: BTreeMap<(Vec<u8>, u64), (u8, Vec<u8>)>,
    pub(super) deletions: Vec<RangeDeletion>,
    bytes: usize,
}

impl Memory {
    /// Tells whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries of `span` in order.
    pub(super) fn range(&self, span: &Span) -> impl Iterator<Item = Entry> {
        self.entries.range((span.from.clone(), 0)..(span.to.clone(), 0)).map(|((key, inverted), (kind, value))| Entry {
            key: key.clone(),
            sequence: !inverted,
            kind: *kind,
            value: value.clone(),
        })
    }

    /// Applies the batch `record`: the first sequence number, how many entries there are, and the entries.
    pub(super) fn apply(&mut self, record: &[u8]) -> Result<()> {
        let ends = || damaged("a log has a damaged batch");
        let mut cursor = Cursor::new(record);
        let (first, count) = cursor.u64().zip(cursor.u32()).ok_or_else(ends)?;
        let mut sequence = first;
        while !cursor.is_empty() {
            let is_counted = self.entry(&mut cursor, sequence).unwrap_or_else(|| Err(ends()))?;
            sequence = sequence.checked_add(is_counted.into()).ok_or_else(ends)?;
        }
        if sequence - first == u64::from(count) { Ok(()) } else { Err(ends()) }
    }

    /// Applies one entry, and tells whether it takes a sequence number; none when it ends too early.
    fn entry(&mut self, cursor: &mut Cursor<'_>, sequence: u64) -> Option<Result<bool, Fault>> {
        let kind = cursor.u8()?;
        let key = cursor.prefixed()?;
        let value = match kind {
            0 | 7 => &[][..],
            1 | 15 | 18 | 23 => cursor.prefixed()?,
            // A note of the writer.
            3 => return Some(Ok(false)),
            kind => return Some(Err(unsupported(format!("a log has an entry of the kind {kind}")))),
        };
        self.bytes += key.len() + value.len() + OVERHEAD;
        if self.bytes > MAX_BYTES {
            return Some(Err(unsupported("too much of it stands in logs only")));
        }
        if kind == 15 {
            self.deletions.push(RangeDeletion { start: key.to_vec(), end: value.to_vec(), sequence });
        } else {
            self.entries.insert((key.to_vec(), !sequence), (kind, value.to_vec()));
        }
        Some(Ok(true))
    }
}
