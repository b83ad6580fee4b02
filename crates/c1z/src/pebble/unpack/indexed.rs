//! The usual payload: every file as a zstd frame of its own, then an index with checksums, then a footer.

use std::fs::File;
use std::hash::Hasher;
use std::io::{BufReader, Read, Seek, SeekFrom};

use prost::Message;
use proto::c1::c1z::v3::{IndexedFrameEntry, IndexedFrameIndex};
use twox_hash::XxHash64;
use zstd::stream::read::Decoder;

use super::{Fault, Output, Result, damaged, unsupported};
use crate::envelope::{FrameHeader, MAX_HEADER};

const FOOTER: usize = 28;
/// About 50,000 files; an entry takes a multiple of its bytes in memory.
const MAX_INDEX: u64 = 4 << 20;
const MAGIC: &[u8; 8] = b"C1ZIDX1\0";
const SHA256: usize = 32;

/// Unpacks the frames, which begin at `start`. The file has `length` bytes and this `manifest`.
pub(super) fn unpack(
    reader: &mut BufReader<File>,
    manifest: &[u8],
    start: u64,
    length: u64,
    output: &mut Output<'_>,
) -> Result<()> {
    let (index, end) = index(reader, start, length)?;
    if index.manifest_xxh64 != 0 && index.manifest_xxh64 != xxh64(manifest) {
        return Err(damaged("its manifest does not have its checksum"));
    }
    for entry in &index.entries {
        frame(reader, entry, start..end, output)?;
    }
    Ok(())
}

/// Reads the index, and returns it and where it begins.
fn index(reader: &mut BufReader<File>, start: u64, length: u64) -> Result<(IndexedFrameIndex, u64)> {
    let unreadable = |_| damaged("the index of its payload cannot be read");
    let footer_start = length.checked_sub(FOOTER as u64).filter(|at| *at >= start).ok_or(Fault::Truncated)?;
    let mut footer = [0; FOOTER];
    reader.seek(SeekFrom::Start(footer_start)).map_err(unreadable)?;
    reader.read_exact(&mut footer).map_err(unreadable)?;
    let fields = footer.strip_suffix(MAGIC).ok_or(Fault::Truncated)?;
    let fields = fields.split_first_chunk::<8>().zip(fields.split_last_chunk::<8>());
    let ((offset, rest), (_, hash)) = fields.ok_or(Fault::Truncated)?;
    let size = rest.first_chunk::<4>().ok_or(Fault::Truncated)?;
    let (offset, size) = (u64::from_be_bytes(*offset), u64::from(u32::from_be_bytes(*size)));
    if offset < start || offset.checked_add(size) != Some(footer_start) {
        return Err(damaged("the footer of its payload is damaged"));
    }
    if size > MAX_INDEX {
        return Err(unsupported("the index of its payload is too long"));
    }
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    reader.by_ref().take(size).read_to_end(&mut bytes).map_err(unreadable)?;
    if xxh64(&bytes) != u64::from_be_bytes(*hash) {
        return Err(damaged("the index of its payload does not have its checksum"));
    }
    let index = IndexedFrameIndex::decode(bytes.as_slice());
    Ok((index.map_err(|_| damaged("the index of its payload does not decode"))?, offset))
}

fn frame(
    reader: &mut BufReader<File>,
    entry: &IndexedFrameEntry,
    payload: std::ops::Range<u64>,
    output: &mut Output<'_>,
) -> Result<()> {
    let name = &entry.name;
    let bad = |what: &str| damaged(format!("the file {} {what}", name.escape_debug()));
    let unsigned = |number: i64| u64::try_from(number).map_err(|_| bad("has a damaged entry in the index"));
    let (offset, stored, raw) =
        (unsigned(entry.frame_offset)?, unsigned(entry.compressed_size)?, unsigned(entry.raw_size)?);
    let is_inside = offset >= payload.start && offset.checked_add(stored).is_some_and(|end| end <= payload.end);
    if !is_inside || stored == 0 || entry.raw_sha256.len() != SHA256 {
        return Err(bad("has a damaged entry in the index"));
    }
    let mut header = Vec::with_capacity(MAX_HEADER);
    reader.seek(SeekFrom::Start(offset)).map_err(|_| bad("cannot be read"))?;
    reader.by_ref().take(stored.min(MAX_HEADER as u64)).read_to_end(&mut header).map_err(|_| bad("cannot be read"))?;
    let window = FrameHeader::parse(&header).map_err(|_| bad("is no zstd frame"))?.window;
    let cap = output.limits.max_window_bytes;
    if window > cap {
        return Err(Fault::WindowTooLarge { window, cap });
    }
    reader.seek(SeekFrom::Start(offset)).map_err(|_| bad("cannot be read"))?;
    let mut decoder =
        Decoder::with_buffer(reader.by_ref().take(stored)).map_err(|_| bad("cannot be read"))?.single_frame();
    decoder.window_log_max(output.window_log()).map_err(|_| bad("cannot be read"))?;
    let mut hash = XxHash64::with_seed(0);
    output.write(name, raw, decoder, |bytes| hash.write(bytes))?;
    if hash.finish() == entry.raw_xxh64 { Ok(()) } else { Err(bad("does not have its checksum")) }
}

fn xxh64(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}
