//! Records of a log: those of a MANIFEST are version edits, those of a `.log` are batches.
//!
//! A log has blocks of 32 KiB. A record that does not fit into the rest of a block goes on in the next.

use std::io::Read;

use super::bytes::Cursor;
use super::checksum::masked_crc;
use super::fault::{Result, damaged};

const BLOCK: usize = 32 << 10;
/// The most bytes of one record; a batch is never larger than a memtable.
const MAX_RECORD: usize = 64 << 20;
const HEADER: usize = 7;

/// Calls `visit` with every record of the log `name`.
pub(super) fn each(name: &str, mut log: impl Read, mut visit: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let bad = |what: &str| damaged(format!("the log {name} {what}"));
    let mut block = Vec::with_capacity(BLOCK);
    let mut record: Option<Vec<u8>> = None;
    loop {
        block.clear();
        log.by_ref().take(BLOCK as u64).read_to_end(&mut block).map_err(|_| bad("cannot be read"))?;
        let mut cursor = Cursor::new(&block);
        while cursor.rest().len() >= HEADER {
            // Writers reserve room ahead, which is zero.
            if cursor.rest().iter().all(|byte| *byte == 0) {
                break;
            }
            let chunk = Chunk::read(&mut cursor).ok_or_else(|| bad("has a damaged record"))?;
            match (chunk.place, &mut record) {
                (Place::Full, None) => visit(chunk.payload)?,
                (Place::First, None) => record = Some(chunk.payload.to_vec()),
                (Place::Middle | Place::Last, Some(begun)) => {
                    if begun.len() + chunk.payload.len() > MAX_RECORD {
                        return Err(bad("has a record that is too long"));
                    }
                    begun.extend_from_slice(chunk.payload);
                    if chunk.place == Place::Last {
                        visit(begun)?;
                        record = None;
                    }
                }
                _ => return Err(bad("has records out of order")),
            }
        }
        if cursor.rest().iter().any(|byte| *byte != 0) {
            return Err(bad("ends within a record"));
        }
        if block.len() < BLOCK {
            break;
        }
    }
    if record.is_some() { Err(bad("ends within a record")) } else { Ok(()) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Full,
    First,
    Middle,
    Last,
}

struct Chunk<'b> {
    place: Place,
    payload: &'b [u8],
}

impl<'b> Chunk<'b> {
    fn read(cursor: &mut Cursor<'b>) -> Option<Self> {
        let checksum = cursor.u32()?;
        let length = usize::from(cursor.u16()?);
        let checked = cursor.rest();
        let kind = cursor.u8()?;
        // Behind the type, newer logs have their own number (4 bytes), and the newest an offset as well (8 more).
        let extra = match kind {
            1..=4 => 0,
            5..=8 => 4,
            9..=12 => 12,
            _ => return None,
        };
        cursor.take(extra)?;
        let payload = cursor.take(length)?;
        if masked_crc(&[checked.get(..1 + extra + length)?]) != checksum {
            return None;
        }
        let place = match (kind - 1) % 4 {
            0 => Place::Full,
            1 => Place::First,
            2 => Place::Middle,
            _ => Place::Last,
        };
        Some(Self { place, payload })
    }
}
