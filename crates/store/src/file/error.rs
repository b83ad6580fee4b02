//! What can go wrong with the object storage.
//!
//! The words of the storage library name objects, addresses and buckets, so they are not passed on.

use std::io;
use std::time::Duration;

use super::digest::Digest;
use crate::error::Retry;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The storage cannot be opened.
    #[error("open the object storage: {0}; hint: check the folder, or the bucket's settings")]
    Open(String),
    /// There is no such file.
    #[error("the file {digest} is not in the object storage")]
    Missing {
        /// The file.
        digest: Digest,
    },
    /// What is stored is not what was stored.
    #[error("the file {digest} is damaged in the object storage")]
    Damaged {
        /// The file.
        digest: Digest,
    },
    /// The content is not what its sender said.
    #[error("the content has the digest {found}, not {expected}")]
    Mismatch {
        /// What the sender said.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The file is larger than allowed.
    #[error("the file has more than {limit_bytes} bytes")]
    TooLarge {
        /// The most bytes allowed.
        limit_bytes: u64,
    },
    /// No space is left.
    #[error("no space is left for files; hint: free some, nothing was lost")]
    Full,
    /// The storage refuses: the credentials lack a right.
    #[error("the object storage refuses access; hint: check its credentials")]
    Refused,
    /// The storage does not answer, or not sensibly.
    #[error("the object storage is not available at the moment")]
    Unavailable,
    /// A file of this machine cannot be read or written.
    #[error("use a temporary file")]
    Local(#[source] io::Error),
    /// The server is shutting down.
    #[error("interrupted by the end of the server")]
    Interrupted,
}

/// The result of asking the object storage.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether trying again can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable | Self::Interrupted => Retry::After(Duration::from_secs(1)),
            Self::Full => Retry::After(Duration::from_secs(30)),
            _ => Retry::Never,
        }
    }

    pub(super) fn local(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Local(error) }
    }

    pub(super) fn of(error: &object_store::Error, digest: Option<&Digest>) -> Self {
        use object_store::Error as Cause;
        match (error, digest) {
            (Cause::NotFound { .. }, Some(digest)) => return Self::Missing { digest: *digest },
            (Cause::PermissionDenied { .. } | Cause::Unauthenticated { .. }, _) => return Self::Refused,
            (Cause::JoinError { .. }, _) => return Self::Interrupted,
            _ => {}
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.downcast_ref::<io::Error>().is_some_and(is_full) {
                return Self::Full;
            }
            cause = error.source();
        }
        Self::Unavailable
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
