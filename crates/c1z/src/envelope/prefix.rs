//! The first bytes of the database, without decoding the rest.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use camino::Utf8Path;
use zstd::stream::read::Decoder;

use super::V1_MAGIC;
use super::frame::{FrameHeader, MAX_HEADER};
use crate::Limits;

const CHUNK: usize = 256 << 10;
const BLOCK_HEADER: usize = 3;
const CHECKSUM: u64 = 4;

/// The beginning of a database.
#[derive(Debug)]
pub(crate) struct Prefix {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// How long the whole database is.
    pub(crate) database_bytes: u64,
}

/// Returns the first `length` bytes of the database in the v1 file at `path`.
///
/// None when the database is not longer than that, when the frame does not say how long it is, when it asks for more than
/// `limits` allows, and when anything about the file is not as it should be: [`super::decode`] finds out what. That the
/// frame is complete and that nothing follows it is checked, the checksum of its content is not.
pub(crate) fn prefix(path: &Utf8Path, length: usize, limits: &Limits) -> Option<Prefix> {
    try_prefix(path, length, limits).ok().flatten()
}

fn try_prefix(path: &Utf8Path, length: usize, limits: &Limits) -> io::Result<Option<Prefix>> {
    let mut reader = BufReader::with_capacity(CHUNK, File::open(path)?);
    let mut start = [0; V1_MAGIC.len()];
    reader.read_exact(&mut start)?;
    let mut bytes = Vec::with_capacity(MAX_HEADER);
    reader.by_ref().take(MAX_HEADER as u64).read_to_end(&mut bytes)?;
    let Ok(header) = FrameHeader::parse(&bytes) else { return Ok(None) };
    let Some(database_bytes) = header.content_size else { return Ok(None) };
    let is_fitting = start == V1_MAGIC
        && database_bytes > length as u64
        && database_bytes <= limits.max_decoded_bytes
        && header.window <= limits.max_window_bytes;
    reader.seek(SeekFrom::Start(V1_MAGIC.len() as u64 + header.length))?;
    if !is_fitting || !ends_with_the_frame(&mut reader, header)? {
        return Ok(None);
    }
    reader.seek(SeekFrom::Start(V1_MAGIC.len() as u64))?;
    let mut bytes = vec![0; length];
    Decoder::with_buffer(reader)?.single_frame().read_exact(&mut bytes)?;
    Ok(Some(Prefix { bytes, database_bytes }))
}

/// Goes from block to block, without decoding them, and tells whether the file ends where the frame does.
///
/// Source: RFC 8878 §3.1.1.2.
fn ends_with_the_frame(reader: &mut BufReader<File>, header: FrameHeader) -> io::Result<bool> {
    loop {
        let mut bytes = [0; BLOCK_HEADER + 1];
        let (block_header, _) = bytes.split_at_mut(BLOCK_HEADER);
        reader.read_exact(block_header)?;
        let fields = u32::from_le_bytes(bytes);
        let (is_last, kind, size) = (fields & 1 == 1, fields >> 1 & 3, fields >> 3);
        let stored = match kind {
            // One byte, repeated.
            1 => 1,
            0 | 2 => u64::from(size),
            _ => return Ok(false),
        };
        let rest = if is_last && header.has_checksum { stored + CHECKSUM } else { stored };
        // Skipping goes past the end of a file; reading the last byte does not.
        if rest > 0 {
            reader.seek_relative(rest.cast_signed() - 1)?;
            reader.read_exact(&mut [0])?;
        }
        if is_last {
            return Ok(reader.fill_buf()?.is_empty());
        }
    }
}
