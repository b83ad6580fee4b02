//! What can be wrong with a v3 file, before the file is named.

use camino::Utf8Path;

use crate::Error;

/// Why the content cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The bytes are not what was written.
    Damaged(String),
    /// The bytes may be right, and mean something that is not read here.
    Unsupported(String),
    /// The bytes end before the content does.
    Truncated,
    /// There is more than the limit, in bytes, allows.
    TooLarge(u64),
    /// Decoding needs more memory, in bytes, than the limit allows.
    WindowTooLarge { window: u64, cap: u64 },
    /// Something else, named already.
    Other(Error),
}

pub(super) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Returns the fault of something that is damaged.
pub(super) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}

/// Returns the fault of something that is not read here.
pub(super) fn unsupported(what: impl Into<String>) -> Fault {
    Fault::Unsupported(what.into())
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Other(Error::Database(error))
    }
}

impl Fault {
    /// Returns the error that names the file.
    pub(super) fn of(self, path: &Utf8Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Damaged(what) => Error::DamagedPebble { path, what },
            Self::Unsupported(reason) => Error::UnsupportedPebble { path, reason },
            Self::Truncated => Error::Truncated { path },
            Self::TooLarge(cap) => Error::TooLarge { path, cap },
            Self::WindowTooLarge { window, cap } => Error::WindowTooLarge { path, window, cap },
            Self::Other(error) => error,
        }
    }
}
