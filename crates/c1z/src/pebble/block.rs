//! Blocks of a table: read, checked and decompressed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Deref;

use super::bytes::Cursor;
use super::checksum::masked_crc;
use super::fault::{Fault, Result, damaged, unsupported};
use super::meter::Meter;

/// The most bytes of one block, stored or decoded. Writers aim at 32 KiB; one large value makes a block of its own.
const MAX_BLOCK: u64 = 32 << 20;
/// What follows the bytes of a block: how they are compressed, and a checksum.
const TRAILER: u64 = 5;

/// Where a block stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Handle {
    /// Reads a handle as two varints.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self { offset: cursor.varint()?, length: cursor.varint()? })
    }
}

/// The bytes of a block, which its meter counts as long as they are here.
#[derive(Debug)]
pub(super) struct Block<'m> {
    bytes: Vec<u8>,
    held: u64,
    meter: &'m Meter,
}

impl Deref for Block<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.meter.release(self.held);
    }
}

impl<'m> Block<'m> {
    /// Reads the block at `handle` of the table `name`.
    pub(super) fn read(file: &mut File, name: &str, handle: Handle, meter: &'m Meter) -> Result<Self> {
        let bad = |what: &str| damaged(format!("a block of the table {name} {what}"));
        let mut stored = Self::new(handle.length.saturating_add(TRAILER), meter, &bad)?;
        let read = file
            .seek(SeekFrom::Start(handle.offset))
            .and_then(|_| file.take(stored.held).read_to_end(&mut stored.bytes));
        if !read.is_ok_and(|length| length as u64 == stored.held) {
            return Err(bad("lies outside of it"));
        }
        let (checked, checksum) = stored.bytes.split_last_chunk::<4>().ok_or_else(|| bad("is too short"))?;
        if masked_crc(&[checked]) != u32::from_le_bytes(*checksum) {
            return Err(bad("does not have its checksum"));
        }
        let (compression, bytes) = checked.split_last().ok_or_else(|| bad("is too short"))?;
        let undecodable = || bad("does not decompress");
        match compression {
            0 => {
                let length = bytes.len();
                stored.bytes.truncate(length);
                Ok(stored)
            }
            1 => {
                let length = snap::raw::decompress_len(bytes).map_err(|_| undecodable())?;
                let mut decoded = Self::new(length as u64, meter, &bad)?;
                decoded.bytes = snap::raw::Decoder::new().decompress_vec(bytes).map_err(|_| undecodable())?;
                Ok(decoded)
            }
            7 => {
                let mut cursor = Cursor::new(bytes);
                let mut decoded = Self::new(cursor.varint().ok_or_else(undecodable)?, meter, &bad)?;
                let capacity = usize::try_from(decoded.held).map_err(|_| undecodable())?;
                decoded.bytes = zstd::bulk::decompress(cursor.rest(), capacity).map_err(|_| undecodable())?;
                if decoded.bytes.len() == capacity { Ok(decoded) } else { Err(undecodable()) }
            }
            other => Err(unsupported(format!("a block of the table {name} is compressed in the way {other}"))),
        }
    }

    /// Makes room for so many bytes, when they may be taken.
    fn new(length: u64, meter: &'m Meter, bad: &impl Fn(&str) -> Fault) -> Result<Self> {
        if length > MAX_BLOCK + TRAILER {
            return Err(bad("is too long"));
        }
        meter.hold(length)?;
        Ok(Self { bytes: Vec::new(), held: length, meter })
    }
}
