//! Columnar blocks: the encodings of their columns, each checked against the block once and then read by row.

use super::bytes::Cursor;

const VERSION: u8 = 1;

/// Where the columns of a block stand.
#[derive(Debug)]
pub(super) struct Layout {
    /// How many rows every column has.
    pub(super) rows: usize,
    offsets: Vec<usize>,
}

impl Layout {
    /// Reads the header behind the `custom` bytes of the kind of block, which has so many `columns`.
    pub(super) fn read(block: &[u8], custom: usize, columns: usize) -> Option<Self> {
        let mut cursor = Cursor::new(block.get(custom..)?);
        let fits = cursor.u8()? == VERSION && usize::from(cursor.u16()?) == columns;
        let rows = usize::try_from(cursor.u32()?).ok()?;
        let mut offsets = Vec::with_capacity(columns);
        for _ in 0..columns {
            cursor.u8()?;
            offsets.push(usize::try_from(cursor.u32()?).ok()?);
        }
        // Every row takes a byte at least; this bounds what a small block can claim.
        (fits && rows <= block.len()).then_some(Self { rows, offsets })
    }

    /// Returns where the column `number` begins.
    pub(super) fn offset(&self, number: usize) -> Option<usize> {
        self.offsets.get(number).copied()
    }
}

/// A column of numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uints {
    width: usize,
    base: u64,
    start: usize,
    count: usize,
}

impl Uints {
    /// Reads the column of `count` numbers at `offset`, and returns it and where it ends.
    pub(super) fn read(block: &[u8], offset: usize, count: usize) -> Option<(Self, usize)> {
        if count == 0 {
            return Some((Self::default(), offset));
        }
        let mut cursor = Cursor::new(block.get(offset..)?);
        let encoding = cursor.u8()?;
        let width = usize::from(encoding & 0x7F);
        let base = if encoding & 0x80 == 0 { 0 } else { cursor.u64()? };
        if ![0, 1, 2, 4, 8].contains(&width) {
            return None;
        }
        let start = (block.len() - cursor.rest().len()).next_multiple_of(width.max(1));
        let end = start.checked_add(count.checked_mul(width)?)?;
        block.get(start..end)?;
        Some((Self { width, base, start, count }, end))
    }

    /// Returns the number in `row`.
    pub(super) fn get(&self, block: &[u8], row: usize) -> Option<u64> {
        if row >= self.count {
            return None;
        }
        let start = self.start + row * self.width;
        let mut bytes = [0; 8];
        bytes.get_mut(..self.width)?.copy_from_slice(block.get(start..start + self.width)?);
        Some(self.base.wrapping_add(u64::from_le_bytes(bytes)))
    }
}

/// A column of byte strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strings {
    ends: Uints,
    start: usize,
}

impl Strings {
    pub(super) fn read(block: &[u8], offset: usize, rows: usize) -> Option<Self> {
        let (ends, start) = Uints::read(block, offset, rows.checked_add(1)?)?;
        Some(Self { ends, start })
    }

    pub(super) fn get<'b>(&self, block: &'b [u8], row: usize) -> Option<&'b [u8]> {
        slice(block, self.start, self.ends.get(block, row)?, self.ends.get(block, row + 1)?)
    }
}

/// A column of sorted keys: what they share is stored once for the block, and once for every bundle of rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    shift: u32,
    ends: Uints,
    start: usize,
}

impl Keys {
    pub(super) fn read(block: &[u8], offset: usize, rows: usize) -> Option<Self> {
        let shift = u32::from(*block.get(offset)?);
        if shift > 8 {
            return None;
        }
        let slices = rows.checked_add(rows.div_ceil(1 << shift))?.checked_add(1)?;
        let (ends, start) = Uints::read(block, offset + 1, slices)?;
        Some(Self { shift, ends, start })
    }

    /// Puts the key in `row` into `key`.
    pub(super) fn get(&self, block: &[u8], row: usize, key: &mut Vec<u8>) -> Option<()> {
        let bundle = 1_usize << self.shift;
        let first = 1 + (row >> self.shift) * (bundle + 1);
        let within = row & (bundle - 1);
        // A key that is there again has no suffix.
        let mut suffix: &[u8] = &[];
        for place in (0..=within).rev() {
            suffix = self.slice(block, first + 1 + place)?;
            if !suffix.is_empty() {
                break;
            }
        }
        key.clear();
        key.extend_from_slice(self.slice(block, 0)?);
        key.extend_from_slice(self.slice(block, first)?);
        key.extend_from_slice(suffix);
        Some(())
    }

    fn slice<'b>(&self, block: &'b [u8], number: usize) -> Option<&'b [u8]> {
        let from = if number == 0 { 0 } else { self.ends.get(block, number - 1)? };
        slice(block, self.start, from, self.ends.get(block, number)?)
    }
}

fn slice(block: &[u8], start: usize, from: u64, to: u64) -> Option<&[u8]> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    block.get(start.checked_add(from)?..start.checked_add(to)?)
}

/// Tells whether the bitmap at `offset` has no bit set.
pub(super) fn is_all_zero(block: &[u8], offset: usize, rows: usize) -> Option<bool> {
    if rows == 0 || *block.get(offset)? == 1 {
        return Some(true);
    }
    let start = (offset + 1).next_multiple_of(8);
    let words = block.get(start..start.checked_add(rows.div_ceil(64) * 8)?)?;
    Some(words.iter().all(|byte| *byte == 0))
}
