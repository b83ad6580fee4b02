//! The data folder: made for its owner only, and used by one server at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;

use anyhow::{Context as _, bail};
use camino::Utf8Path;

/// Keeps other servers out of the folder until it is dropped, or the process dies.
pub(crate) struct Lock {
    // Held for its lock.
    _file: File,
}

/// Lets temporary files lie in the data folder, where there is space for them, and removes those that a crash left there.
/// The folder must be locked.
pub(super) fn temporary(folder: &Utf8Path) -> anyhow::Result<()> {
    let path = folder.join("tmp");
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("empty the folder `{path}`"));
        }
        _ => {}
    }
    std::fs::create_dir(&path).with_context(|| format!("make the folder `{path}`"))?;
    // A second server of this process, as in tests, shares the folder of the first.
    let _ = tempfile::env::override_temp_dir(path.as_std_path());
    Ok(())
}

/// Makes the folder when it is not there, and locks it.
pub(crate) fn lock(folder: &Utf8Path) -> anyhow::Result<Lock> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make the folder `{folder}`"))?;
    let path = folder.join("podium.lock");
    let file = File::create(&path).with_context(|| format!("write `{path}`"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => {
            bail!("another podium uses the data folder `{folder}`; hint: stop it, or give another --data-dir")
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock `{path}`")),
    }
}
