//! From the file to the database, in a stream and within limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use camino::Utf8Path;
use zstd::stream::read::Decoder;

use super::V1_MAGIC;
use super::frame::{FrameHeader, MAX_HEADER, NoHeader};
use crate::{DeclaredSize, Error, Limits, Result};

const CHUNK: usize = 256 << 10;

/// Writes the content of the v1 file at `path` to a new file at `into`, and returns its length in bytes.
///
/// # Errors
/// What is wrong with the file, by name; [`Error::DiskFull`] or [`Error::Io`] when `into` cannot be written.
pub(crate) fn decode(path: &Utf8Path, into: &Utf8Path, limits: &Limits) -> Result<u64> {
    let unreadable = |error| Error::io("read", path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    file.seek(SeekFrom::Start(V1_MAGIC.len() as u64)).map_err(unreadable)?;
    let mut reader = BufReader::with_capacity(CHUNK, file);
    check(&mut reader, path, limits)?;

    let mut decoder = Decoder::with_buffer(reader).map_err(unreadable)?.single_frame();
    decoder.window_log_max(window_log(limits)).map_err(unreadable)?;
    let mut database = File::create_new(into).map_err(|error| Error::io("create", into, error))?;
    let mut chunk = vec![0; CHUNK];
    let mut decoded = 0_u64;
    loop {
        let length = decoder.read(&mut chunk).map_err(|error| damaged(path, error))?;
        let Some(bytes) = chunk.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        decoded += length as u64;
        if decoded > limits.max_decoded_bytes {
            return Err(Error::TooLarge { path: path.into(), cap: limits.max_decoded_bytes });
        }
        database.write_all(bytes).map_err(|error| Error::io("write", into, error))?;
    }
    let mut reader = decoder.finish();
    if reader.fill_buf().map_err(unreadable)?.is_empty() {
        Ok(decoded)
    } else {
        Err(Error::TrailingBytes { path: path.into() })
    }
}

/// Returns the limit for the decoder, which knows powers of two only; [`check`] is exact.
fn window_log(limits: &Limits) -> u32 {
    limits.max_window_bytes.checked_next_power_of_two().map_or(31, u64::ilog2).clamp(10, 31)
}

/// Holds what the frame declares against the limits.
fn check(reader: &mut BufReader<File>, path: &Utf8Path, limits: &Limits) -> Result<()> {
    let mut header = Vec::with_capacity(MAX_HEADER);
    let unreadable = |error| Error::io("read", path, error);
    reader.by_ref().take(MAX_HEADER as u64).read_to_end(&mut header).map_err(unreadable)?;
    reader.seek(SeekFrom::Start(V1_MAGIC.len() as u64)).map_err(unreadable)?;
    let header = FrameHeader::parse(&header).map_err(|error| match error {
        NoHeader::Truncated => Error::Truncated { path: path.into() },
        NoHeader::Other => Error::NotZstd { path: path.into() },
    })?;
    if let Some(declared) = header.content_size
        && declared > limits.max_decoded_bytes
        && limits.declared_size == DeclaredSize::Check
    {
        return Err(Error::DeclaredTooLarge { path: path.into(), declared, cap: limits.max_decoded_bytes });
    }
    if header.window > limits.max_window_bytes {
        return Err(Error::WindowTooLarge { path: path.into(), window: header.window, cap: limits.max_window_bytes });
    }
    Ok(())
}

fn damaged(path: &Utf8Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Truncated { path: path.into() },
        _ => Error::DamagedFrame { path: path.into(), source: error },
    }
}
