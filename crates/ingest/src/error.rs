//! What can go wrong while a file is read.

use ids::SyncId;
use store::Retry;

/// What went wrong. Files that cannot be read are no error here: their sync fails, and says why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such sync.
    #[error("there is no sync `{0}`")]
    NoSuchSync(SyncId),
    /// The store failed.
    #[error("keep what a sync found")]
    Store(#[from] store::Error),
    /// The object storage failed.
    #[error("fetch the file of a sync")]
    Files(#[from] store::file::Error),
    /// The file could not be read for a reason that is not its own.
    #[error("read the file of a sync")]
    File(#[from] c1z::Error),
    /// A temporary folder cannot be made.
    #[error("make a temporary folder; hint: check the space and the rights of the temporary folder")]
    Temporary(#[source] std::io::Error),
    /// The server is shutting down.
    #[error("interrupted by the end of the server")]
    Interrupted,
}

/// The result of reading a file.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether trying again can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        let soon = Retry::After(std::time::Duration::from_secs(1));
        match self {
            Self::NoSuchSync(_) => Retry::Never,
            // Somebody else changed the sync, or reads it too: looking again decides.
            Self::Store(store::Error::Stale { .. } | store::Error::Conflict { .. }) | Self::Interrupted => soon,
            Self::Store(error) => error.retry(),
            Self::Files(error) => error.retry(),
            Self::File(_) | Self::Temporary(_) => Retry::After(std::time::Duration::from_secs(30)),
        }
    }
}
