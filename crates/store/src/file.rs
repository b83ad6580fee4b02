//! Files in the object storage, under their SHA-256, and what the database knows about them.
//!
//! Start at [`Files`]. A file is streamed in under a temporary name; only when its digest is known does it get its
//! name, at once and whole. Putting the same file again changes nothing. The storage is a local folder or an
//! S3-compatible bucket. Names of objects, addresses and keys never reach an error or a log.

mod digest;
mod error;
mod leftover;
mod place;
mod row;
mod upload;

use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::stream::{BoxStream, StreamExt as _};
use ids::Rng;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;

pub use digest::{Digest, NotADigest};
pub use error::{Error, Result};
pub use place::{Place, S3};
pub use row::{File, Keeping, Kind, find, is_kept, kept, record, removable, remove};
pub use upload::{Stored, Upload};

use digest::Hasher;

/// The object storage. Clones share it.
#[derive(Clone)]
pub struct Files {
    objects: Arc<dyn ObjectStore>,
    /// Where the objects are, when that is a folder of this machine.
    folder: Option<Utf8PathBuf>,
    rng: Arc<dyn Rng>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

impl Files {
    /// Opens the storage; a local folder is made when it is not there, a bucket is first asked when it is used.
    ///
    /// `rng` gives the temporary names.
    ///
    /// # Errors
    /// [`Error::Open`] when the folder cannot be made or a setting makes no sense.
    pub async fn open(place: &Place, rng: Arc<dyn Rng>) -> Result<Self> {
        let folder = match place {
            Place::Folder(folder) => Some(folder.clone()),
            Place::S3(_) => None,
        };
        Ok(Self { objects: place.open().await?, folder, rng })
    }

    /// Begins a file of at most `limit_bytes`. Nothing of it is seen before [`Upload::finish`]; dropping it leaves
    /// nothing in a local folder.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and the like.
    pub async fn begin(&self, limit_bytes: u64) -> Result<Upload> {
        let name = format!("{INCOMING}/{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        Upload::begin(Arc::clone(&self.objects), Path::from(name), limit_bytes).await
    }

    /// The content of a file, in order, in pieces.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such file, now; of the stream, when reading fails later.
    pub async fn stream(&self, digest: &Digest) -> Result<BoxStream<'static, Result<bytes::Bytes>>> {
        let found = self.objects.get(&name(digest)).await.map_err(|error| Error::of(&error, Some(digest)))?;
        let digest = *digest;
        Ok(found.into_stream().map(move |piece| piece.map_err(|error| Error::of(&error, Some(&digest)))).boxed())
    }

    /// Copies a file to `to`, a path on this machine, and returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Damaged`] when what is stored is not what was stored; [`Error::Full`], [`Error::Local`].
    pub async fn fetch(&self, digest: &Digest, to: &Utf8Path) -> Result<u64> {
        let mut content = self.stream(digest).await?;
        let mut file = tokio::fs::File::create(to).await.map_err(Error::local)?;
        let (mut hasher, mut bytes) = (Hasher::default(), 0);
        while let Some(piece) = content.next().await {
            let piece = piece?;
            bytes += piece.len() as u64;
            file.write_all(&piece).await.map_err(Error::local)?;
            hasher.update(piece).await?;
        }
        file.flush().await.map_err(Error::local)?;
        if hasher.finish().await? != *digest {
            return Err(Error::Damaged { digest: *digest });
        }
        Ok(bytes)
    }

    /// Whether the file is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and the like.
    pub async fn contains(&self, digest: &Digest) -> Result<bool> {
        match self.objects.head(&name(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::of(&error, Some(digest))),
        }
    }

    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and the like.
    pub async fn delete(&self, digest: &Digest) -> Result<()> {
        match self.objects.delete(&name(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::of(&error, Some(digest))),
        }
    }
}

/// Where files are until their digest is known.
const INCOMING: &str = "incoming";
/// Where files are under their digest.
const WHOLE: &str = "sha256";

/// The name of an object: spread over folders, so that none of them holds too many.
fn name(digest: &Digest) -> Path {
    let hex = digest.to_string();
    let (folder, _) = hex.split_at(2);
    Path::from(format!("{WHOLE}/{folder}/{hex}"))
}
