//! The other payloads: a tar of the store, plain or in one zstd stream.

use std::fs::File;
use std::io::{self, BufReader, Read};

use tar::Archive;
use zstd::stream::read::Decoder;

use super::{Output, Result, damaged};

/// An archive ends with two blocks of zeros.
const END: usize = 1024;

/// Unpacks a tar that is zstd coded.
pub(super) fn zstd(reader: BufReader<File>, output: &mut Output<'_>) -> Result<()> {
    let bad = |_| damaged("its payload is no zstd stream");
    let mut decoder = Decoder::with_buffer(reader).map_err(bad)?;
    decoder.window_log_max(output.window_log()).map_err(bad)?;
    plain(decoder, output)
}

/// Unpacks a tar.
pub(super) fn plain(reader: impl Read, output: &mut Output<'_>) -> Result<()> {
    let bad = |_| damaged("its payload is a damaged tar");
    // Headers and padding are not counted as content; no archive is all headers.
    let most = output.limits.max_decoded_bytes.saturating_mul(2).saturating_add(1 << 20);
    let mut archive = Archive::new(Tail { reader: reader.take(most), last: Vec::new() });
    // Extensions are not looked at: a name that needs one is none of the store.
    for entry in archive.entries().map_err(bad)?.raw(true) {
        let mut entry = entry.map_err(bad)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path_bytes().into_owned();
        let name = String::from_utf8(path).map_err(|_| damaged("its payload is a tar with an unsafe path"))?;
        let length = entry.size();
        output.write(name.strip_prefix("./").unwrap_or(&name), length, &mut entry, |_| ())?;
    }
    // What follows is read too, so that a stream that was cut short is seen.
    let mut tail = archive.into_inner();
    io::copy(&mut tail, &mut io::sink()).map_err(bad)?;
    if tail.reader.limit() == 0 {
        return Err(output.too_large());
    }
    if tail.last.len() == END && tail.last.iter().all(|byte| *byte == 0) {
        Ok(())
    } else {
        Err(damaged("its payload is a tar that was cut short"))
    }
}

/// Passes bytes on and keeps the last ones.
struct Tail<R> {
    reader: io::Take<R>,
    last: Vec<u8>,
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        self.last.extend_from_slice(bytes.get(bytes.len().saturating_sub(END)..).unwrap_or_default());
        let surplus = self.last.len().saturating_sub(END);
        self.last.drain(..surplus);
        Ok(read)
    }
}
