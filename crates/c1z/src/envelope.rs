//! The outer shape of a file: a magic, and one zstd frame around the database.

mod decode;
mod encode;
mod frame;
mod prefix;

use std::fs::File;
use std::io::{self, Read};

use camino::Utf8Path;

use crate::{Error, Result};

pub(crate) use decode::decode;
pub(crate) use encode::{encode, temporary};
pub(crate) use frame::{FrameHeader, MAX_HEADER};
pub(crate) use prefix::{Prefix, prefix};

const V1_MAGIC: [u8; 5] = *b"C1ZF\0";
const V3_MAGIC: [u8; 5] = *b"C1Z3\0";

/// The envelope of a file, which decides how its content is read. There is no v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `C1ZF`: a SQLite database; any number of syncs.
    V1,
    /// `C1Z3`: a Pebble database; one sync.
    V3,
}

impl Format {
    /// Returns the envelope of the file at `path`; none when it does not exist or is empty, which writers take for a new
    /// file.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when it starts with another magic, [`Error::Truncated`] when it is shorter than one, and
    /// [`Error::Io`] when it cannot be read.
    pub fn detect(path: &Utf8Path) -> Result<Option<Self>> {
        let mut magic = Vec::with_capacity(V1_MAGIC.len());
        let read = |file: File| file.take(V1_MAGIC.len() as u64).read_to_end(&mut magic);
        match File::open(path).and_then(read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path, error)),
            Ok(0) => return Ok(None),
            Ok(_) => {}
        }
        if magic == V1_MAGIC {
            Ok(Some(Self::V1))
        } else if magic == V3_MAGIC {
            Ok(Some(Self::V3))
        } else if magic.len() < V1_MAGIC.len() {
            Err(Error::Truncated { path: path.into() })
        } else {
            Err(Error::InvalidFile { path: path.into() })
        }
    }

    /// Returns the name of the engine, as `baton stats` shows it.
    #[must_use]
    pub fn engine(self) -> &'static str {
        match self {
            Self::V1 => "sqlite",
            Self::V3 => "pebble",
        }
    }
}
