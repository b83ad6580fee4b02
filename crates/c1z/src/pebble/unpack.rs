//! From the file to the files of the store, in a stream, verified and within limits.

mod archive;
mod indexed;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use camino::Utf8Path;
use prost::Message;

use super::fault::{Fault, Result, damaged, unsupported};
use crate::{Error, Limits};

const MAX_MANIFEST: u32 = 16 << 20;
const MAX_FILES: u32 = 1 << 17;
const CHUNK: usize = 256 << 10;
/// The magic, and the length of the manifest.
const START: usize = 9;
const ENGINES: [&str; 3] = ["pebble", "pebble2", "pebble3"];

/// What matters of the manifest. It also has a description of all messages, which is large and not decoded.
#[derive(Clone, PartialEq, Message)]
struct Manifest {
    #[prost(string, tag = "1")]
    engine: String,
    #[prost(int32, tag = "4")]
    payload_encoding: i32,
}

/// Unpacks the store in the v3 file at `path` to `folder`.
pub(super) fn unpack(path: &Utf8Path, folder: &Utf8Path, limits: &Limits) -> Result<()> {
    let unreadable = |error| Fault::Other(Error::io("read", path, error));
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut reader = BufReader::with_capacity(CHUNK, file);
    let mut start = [0; START];
    reader.read_exact(&mut start).map_err(|_| Fault::Truncated)?;
    let claimed = start.last_chunk::<4>().copied().map(u32::from_be_bytes).unwrap_or_default();
    if claimed > MAX_MANIFEST {
        return Err(damaged(format!("its manifest claims {claimed} bytes, which exceeds the cap of {MAX_MANIFEST}")));
    }
    let mut bytes = Vec::new();
    reader.by_ref().take(claimed.into()).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 != u64::from(claimed) {
        return Err(Fault::Truncated);
    }
    let manifest = Manifest::decode(bytes.as_slice()).map_err(|_| damaged("its manifest does not decode"))?;
    if !ENGINES.contains(&manifest.engine.as_str()) {
        return Err(unsupported(format!("its engine is `{}`", manifest.engine.escape_default())));
    }
    let mut output = Output { folder, limits, left: limits.max_decoded_bytes, files: MAX_FILES };
    match manifest.payload_encoding {
        1 => archive::zstd(reader, &mut output),
        2 => archive::plain(reader, &mut output),
        5 => indexed::unpack(&mut reader, &bytes, START as u64 + u64::from(claimed), length, &mut output),
        other => Err(unsupported(format!("its payload has the encoding {other}"))),
    }
}

/// Where the files go, and how much may still come.
struct Output<'a> {
    folder: &'a Utf8Path,
    limits: &'a Limits,
    left: u64,
    files: u32,
}

impl Output<'_> {
    /// Writes `length` bytes of `content` to a new file `name`. Calls `seen` with them on the way.
    fn write(&mut self, name: &str, length: u64, mut content: impl Read, mut seen: impl FnMut(&[u8])) -> Result<()> {
        let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0', ':']);
        if !is_plain {
            return Err(damaged(format!("it has the unsafe path `{}`", name.escape_debug())));
        }
        self.left = self.left.checked_sub(length).ok_or_else(|| self.too_large())?;
        self.files = self.files.checked_sub(1).ok_or_else(|| unsupported("it has too many files"))?;
        let into = self.folder.join(name);
        let failed = |error| Fault::Other(Error::io("write", &into, error));
        let mut file = match File::create_new(&into) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(damaged(format!("it has the file {name} twice")));
            }
            other => other.map_err(failed)?,
        };
        let mut chunk = vec![0; CHUNK];
        let mut written = 0;
        loop {
            let read = content.read(&mut chunk).map_err(|_| damaged(format!("the content of {name} is damaged")))?;
            let bytes = chunk.get(..read).unwrap_or_default();
            written += bytes.len() as u64;
            if written > length || bytes.is_empty() && written < length {
                return Err(damaged(format!("the content of {name} does not have its size")));
            }
            if bytes.is_empty() {
                return Ok(());
            }
            seen(bytes);
            file.write_all(bytes).map_err(failed)?;
        }
    }

    fn too_large(&self) -> Fault {
        Fault::TooLarge(self.limits.max_decoded_bytes)
    }

    /// Returns the limit for a decoder, which knows powers of two only.
    fn window_log(&self) -> u32 {
        self.limits.max_window_bytes.checked_next_power_of_two().map_or(31, u64::ilog2).clamp(10, 31)
    }
}
