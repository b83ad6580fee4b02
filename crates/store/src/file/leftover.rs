//! What crashes leave behind in the storage.

use std::time::SystemTime;

use camino::Utf8Path;
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::error::{Error, Result};
use super::{Digest, Files, INCOMING, WHOLE};

impl Files {
    /// Removes what came in before this instant and was never finished. Returns how much there was.
    ///
    /// In a bucket, uploads that broke off in the middle are seen by its own rules only
    /// (`AbortIncompleteMultipartUpload`).
    ///
    /// # Errors
    /// [`Error::Unavailable`] and the like; what was removed stays so.
    pub async fn remove_unfinished(&self, before: Timestamp) -> Result<usize> {
        if let Some(folder) = &self.folder {
            // The storage library does not list what it has under way.
            let folder = folder.join(INCOMING);
            let removing = tokio::task::spawn_blocking(move || remove_old(&folder, before.into()));
            return removing.await.map_err(|_| Error::Interrupted)?.map_err(Error::local);
        }
        let mut old = self.objects.list(Some(&Path::from(INCOMING)));
        let mut removed = 0;
        while let Some(object) = old.try_next().await.map_err(|error| Error::of(&error, None))? {
            if is_before(&object, before) {
                self.objects.delete(&object.location).await.map_err(|error| Error::of(&error, None))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The digests of all files that were stored before this instant.
    #[must_use]
    pub fn stored_before(&self, before: Timestamp) -> BoxStream<'static, Result<Digest>> {
        let all = self.objects.list(Some(&Path::from(WHOLE)));
        all.map_err(|error| Error::of(&error, None))
            .try_filter_map(move |object| async move {
                let digest = object.location.filename().and_then(|name| name.parse().ok());
                Ok(digest.filter(|_| is_before(&object, before)))
            })
            .boxed()
    }
}

fn is_before(object: &object_store::ObjectMeta, before: Timestamp) -> bool {
    object.last_modified.timestamp_micros() < before.as_microsecond()
}

fn remove_old(folder: &Utf8Path, before: SystemTime) -> std::io::Result<usize> {
    let entries = match folder.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let found = entry.metadata();
        // What is not there any more has just been finished.
        if found.and_then(|found| found.modified()).is_ok_and(|modified| modified < before) {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}
