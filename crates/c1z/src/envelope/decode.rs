//! From the file to the database, in a stream and within limits.
//!
//! Decoding and writing take about as long, so a second thread writes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use camino::Utf8Path;
use zstd::stream::read::Decoder;

use super::V1_MAGIC;
use super::frame::{FrameHeader, MAX_HEADER, NoHeader};
use crate::{DeclaredSize, Error, Limits, Result};

const CHUNK: usize = 256 << 10;
/// How many chunks may wait to be written.
const CHUNKS: usize = 2;

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
    let database = File::create_new(into).map_err(|error| Error::io("create", into, error))?;
    let length = thread::scope(|scope| {
        let (full, to_write) = mpsc::sync_channel(CHUNKS);
        let (written, to_fill) = mpsc::sync_channel(CHUNKS);
        let writer = scope.spawn(move || write(database, &to_write, &written));
        let length = fill(path, &mut decoder, limits, &full, &to_fill);
        drop(full);
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")));
        written.map_err(|error| Error::io("write", into, error))?;
        length
    })?;
    let mut reader = decoder.finish();
    if reader.fill_buf().map_err(unreadable)?.is_empty() {
        Ok(length)
    } else {
        Err(Error::TrailingBytes { path: path.into() })
    }
}

/// Decodes into chunks for the writer, and returns how many bytes there were. Ends early when the writer has failed.
fn fill(
    path: &Utf8Path,
    decoder: &mut Decoder<'_, BufReader<File>>,
    limits: &Limits,
    full: &SyncSender<Vec<u8>>,
    written: &Receiver<Vec<u8>>,
) -> Result<u64> {
    let mut length = 0;
    loop {
        let mut chunk = written.try_recv().unwrap_or_default();
        chunk.resize(CHUNK, 0);
        let mut end = 0;
        while let Some(rest) = chunk.get_mut(end..).filter(|rest| !rest.is_empty()) {
            match decoder.read(rest).map_err(|error| damaged(path, error))? {
                0 => break,
                read => end += read,
            }
        }
        length += end as u64;
        if length > limits.max_decoded_bytes {
            return Err(Error::TooLarge { path: path.into(), cap: limits.max_decoded_bytes });
        }
        chunk.truncate(end);
        if end == 0 || full.send(chunk).is_err() {
            return Ok(length);
        }
    }
}

/// Writes the chunks and gives them back to be filled again.
fn write(mut database: File, full: &Receiver<Vec<u8>>, written: &SyncSender<Vec<u8>>) -> io::Result<()> {
    for chunk in full {
        database.write_all(&chunk)?;
        // Nobody waits for chunks at the end.
        let _ = written.try_send(chunk);
    }
    Ok(())
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
