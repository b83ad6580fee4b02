//! What can go wrong with a file, by name.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{SyncId, SyncType};

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file could not be read or written. The file on disk is as it was before.
///
/// The texts that other programs look for (`c1z: invalid file`, `unexpected EOF`, …) are those of the upstream reader.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file starts with the magic of no known envelope.
    #[error("c1z: invalid file: `{path}` is not a .c1z\nhint: check that the path names the output of a sync")]
    InvalidFile {
        /// The file.
        path: Utf8PathBuf,
    },
    /// There is no such file, or it is empty; readers need one.
    #[error("open `{path}`: it does not exist or is empty\nhint: run a sync that writes it first")]
    Missing {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The file has the v3 envelope, and was to be written.
    #[error(
        "`{path}` is a v3 (Pebble) .c1z, which is read but never written\n\
         hint: name another file for the output; the sync starts anew there"
    )]
    UnsupportedV3 {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The file has the v3 envelope, and is damaged.
    #[error("read `{path}`: {what}\nhint: the file is damaged; copy it again or sync again")]
    DamagedPebble {
        /// The file.
        path: Utf8PathBuf,
        /// What is damaged in it.
        what: String,
    },
    /// The file has the v3 envelope, and something in it that is not read here.
    #[error(
        "`{path}` is a v3 (Pebble) .c1z that this version cannot read: {reason}\n\
         hint: sync again with `--storage-engine sqlite`"
    )]
    UnsupportedPebble {
        /// The file.
        path: Utf8PathBuf,
        /// What is not read.
        reason: String,
    },
    /// The file ends before its content does.
    #[error("read `{path}`: unexpected EOF\nhint: the file was cut short; copy it again or sync again")]
    Truncated {
        /// The file.
        path: Utf8PathBuf,
    },
    /// What follows the magic is no zstd frame.
    #[error(
        "decode `{path}`: invalid input: magic number mismatch\nhint: the file is damaged; copy it again or sync again"
    )]
    NotZstd {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The zstd frame is damaged.
    #[error("decode `{path}`: the zstd frame is damaged\nhint: copy the file again or sync again")]
    DamagedFrame {
        /// The file.
        path: Utf8PathBuf,
        /// What the decoder said.
        #[source]
        source: io::Error,
    },
    /// Bytes follow the zstd frame.
    #[error(
        "decode `{path}`: more bytes follow the end of its content\nhint: the file is damaged; copy it again or sync again"
    )]
    TrailingBytes {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The frame declares more content than allowed.
    #[error(
        "`{path}`: c1z: declared decoded size {declared} exceeds cap {cap}: c1z: max decoded size exceeded, increase \
         DecoderMaxDecodedSize using BATON_DECODER_MAX_DECODED_SIZE_MB environment variable"
    )]
    DeclaredTooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// Bytes that the frame declares.
        declared: u64,
        /// Bytes allowed.
        cap: u64,
    },
    /// The frame decodes to more than allowed.
    #[error(
        "`{path}`: c1z: max decoded size exceeded, increase DecoderMaxDecodedSize using \
         BATON_DECODER_MAX_DECODED_SIZE_MB environment variable (now {cap} bytes)"
    )]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// Bytes allowed.
        cap: u64,
    },
    /// The frame needs a larger window than allowed.
    #[error(
        "`{path}`: c1z: window size exceeded: {window} bytes needed, {cap} allowed, increase DecoderMaxMemory using \
         BATON_DECODER_MAX_MEMORY_MB environment variable"
    )]
    WindowTooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// Bytes that the frame asks for.
        window: u64,
        /// Bytes allowed.
        cap: u64,
    },
    /// A limit in the environment is no number.
    #[error("{name} is `{value}`, which is not a number of MiB\nhint: set it to a whole number above 0, or unset it")]
    InvalidLimit {
        /// The name of the variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The content is no SQLite database, or a damaged one.
    #[error("`{path}` holds no readable SQLite database\nhint: the file is damaged; copy it again or sync again")]
    DamagedDatabase {
        /// The file.
        path: Utf8PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The content is a SQLite database of something else.
    #[error(
        "`{path}` holds a SQLite database that is not that of a .c1z: {reason}\nhint: check that the path names the output of a sync"
    )]
    ForeignDatabase {
        /// The file.
        path: Utf8PathBuf,
        /// What is missing from it.
        reason: String,
    },
    /// SQLite failed.
    #[error("the database of the .c1z")]
    Database(#[from] rusqlite::Error),
    /// The disk is full.
    #[error("write `{path}`: the disk is full\nhint: free some space; the old file is untouched")]
    DiskFull {
        /// What was being written.
        path: Utf8PathBuf,
    },
    /// Reading or writing failed.
    #[error("{action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: Utf8PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another run works on the same output.
    #[error("`{path}` is being written by another run\nhint: wait for it to end, or choose another file")]
    Locked {
        /// The output.
        path: Utf8PathBuf,
    },
    /// The output of an export is there already.
    #[error("`{path}` already exists\nhint: remove it, or choose another path")]
    Exists {
        /// The output.
        path: Utf8PathBuf,
    },
    /// A stored message does not decode.
    #[error("the {what} `{id}` in the .c1z does not decode\nhint: the file is damaged; sync again")]
    Message {
        /// The kind of message.
        what: &'static str,
        /// Its id.
        id: String,
        /// What the decoder said.
        #[source]
        source: prost::DecodeError,
    },
    /// A stored time does not parse.
    #[error("the sync `{sync}` in the .c1z has the time `{text}`, which does not parse\nhint: sync again")]
    Time {
        /// The sync.
        sync: SyncId,
        /// The stored text.
        text: String,
    },
    /// The file has no such sync.
    #[error("sql: no rows in result set: no sync `{sync}` in the .c1z\nhint: `baton syncs` lists them")]
    NoSuchSync {
        /// The sync.
        sync: SyncId,
    },
    /// The sync has not ended, and the operation needs one that has.
    #[error("the sync `{sync}` is not finished\nhint: run the sync again, it goes on where it stopped")]
    Unfinished {
        /// The sync.
        sync: SyncId,
    },
    /// The sync has ended, and cannot be written any more.
    #[error("the sync `{sync}` is finished and cannot be changed")]
    Finished {
        /// The sync.
        sync: SyncId,
    },
    /// A sync of this type must not have a parent.
    #[error("a sync of type `{kind}` has no parent")]
    UnexpectedParent {
        /// The type asked for.
        kind: SyncType,
    },
    /// A write came without an open sync.
    #[error("no sync is open; start or resume one first")]
    NoSync,
    /// An earlier write failed, so that rows are missing which the caller believes stored.
    #[error("an earlier write to the .c1z failed; nothing more is written after the last checkpoint")]
    Failed,
}

impl Error {
    /// Returns the error of an I/O operation, naming a full disk as such.
    pub(crate) fn io(action: &'static str, path: &Utf8Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path: path.into() }
            }
            _ => Self::Io { action, path: path.into(), source },
        }
    }

    /// Returns the error of a SQLite operation on `path`, naming damage and a full disk as such.
    pub(crate) fn database(path: &Utf8Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::DamagedDatabase { path: path.into(), source },
            Some(DiskFull) => Self::DiskFull { path: path.into() },
            _ => Self::Database(source),
        }
    }
}
