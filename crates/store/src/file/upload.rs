//! A file on its way in.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};

use super::digest::{Digest, Hasher};
use super::error::{Error, Result};
use super::name;

/// How many parts are on their way to the storage at the same time; each is 5 MiB.
const PARTS_UNDER_WAY: usize = 2;

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The SHA-256 of the content.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// A file that is being written. Dropping it forgets what came; [`Upload::abort`] does so also in a bucket.
pub struct Upload {
    objects: Arc<dyn ObjectStore>,
    temporary: Path,
    writer: WriteMultipart,
    hasher: Hasher,
    bytes: u64,
    limit_bytes: u64,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Upload {
    pub(super) async fn begin(objects: Arc<dyn ObjectStore>, temporary: Path, limit_bytes: u64) -> Result<Self> {
        let part = objects.put_multipart(&temporary).await.map_err(|error| Error::of(&error, None))?;
        let writer = WriteMultipart::new(part);
        Ok(Self { objects, temporary, writer, hasher: Hasher::default(), bytes: 0, limit_bytes })
    }

    /// How many bytes have come.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a piece at the end. Waits while the storage is slower than the sender.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Full`], [`Error::Unavailable`]; drop or abort the upload then.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.limit_bytes {
            return Err(Error::TooLarge { limit_bytes: self.limit_bytes });
        }
        self.hasher.update(piece.clone()).await?;
        self.writer.wait_for_capacity(PARTS_UNDER_WAY).await.map_err(|error| Error::of(&error, None))?;
        self.writer.put(piece);
        Ok(())
    }

    /// Gives the file its name, which is its digest. A file of that name stays or is replaced by its equal.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when it is not the `expected` one; nothing is stored then, nor with the other errors.
    pub async fn finish(self, expected: Option<Digest>) -> Result<Stored> {
        let digest = self.hasher.finish().await?;
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            // What failed here is garbage under a temporary name; the mismatch is what matters.
            let _ = self.writer.abort().await;
            return Err(Error::Mismatch { expected, found: digest });
        }
        self.writer.finish().await.map_err(|error| Error::of(&error, None))?;
        self.objects.rename(&self.temporary, &name(&digest)).await.map_err(|error| Error::of(&error, None))?;
        Ok(Stored { digest, bytes: self.bytes })
    }

    /// As [`Upload::finish`], but only compares: the file is forgotten.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when it is not the `expected` one.
    pub async fn check(self, expected: Digest) -> Result<()> {
        let found = self.hasher.finish().await?;
        // What fails here is garbage under a temporary name.
        let _ = self.writer.abort().await;
        if found == expected { Ok(()) } else { Err(Error::Mismatch { expected, found }) }
    }

    /// Forgets the file, also in a bucket.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the storage could not be told; it keeps nothing that is seen.
    pub async fn abort(self) -> Result<()> {
        self.writer.abort().await.map_err(|error| Error::of(&error, None))
    }
}
