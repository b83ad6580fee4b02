//! The file that holds the keys of a server that was given none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

use camino::{Utf8Path, Utf8PathBuf};
use ids::Rng;
use secrecy::{ExposeSecret as _, SecretString};

use super::{SealError, SealKey, Sealer, parse_keys};

/// What stands above the keys.
const REMARK: &str = "# Podium seals secrets in its database with these keys, the newest first.\n\
     # Back this file up apart from the database: without it the secrets in there are lost.\n";

/// The longest key file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Why the keys cannot be taken from the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("read the key file `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("write the key file `{path}`")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read it, or the group may write it.
    #[error("the key file `{path}` is open to others; hint: chmod 600 {path}")]
    Open {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It holds no keys.
    #[error("read the keys in `{path}`")]
    Keys {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: SealError,
    },
}

/// The sealer with the keys of this file, which is made, with a new key, when it is not there.
///
/// Two processes may do so at the same time: they end with the same key. Blocks; for the start of a program.
///
/// # Errors
/// See [`KeyFileError`].
pub fn open_or_create(path: &Utf8Path, rng: &dyn Rng) -> Result<Sealer, KeyFileError> {
    if !path.exists() {
        let first = text(&[SealKey::generate(rng)]);
        let fresh = write_beside(path, &first, rng)?;
        // Unlike a rename, a link fails when somebody else was faster.
        let linked = fs::hard_link(&fresh, path);
        let _ = fs::remove_file(&fresh);
        match linked {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(KeyFileError::Write { path: path.to_owned(), source });
            }
            _ => sync_folder(path)?,
        }
    }
    let keys = read(path)?;
    Sealer::new(&keys).map_err(|source| KeyFileError::Keys { path: path.to_owned(), source })
}

/// Puts a new key before the others. From their next start servers seal with it.
///
/// Blocks; for the command line.
///
/// # Errors
/// See [`KeyFileError`].
pub fn add_key(path: &Utf8Path, rng: &dyn Rng) -> Result<(), KeyFileError> {
    let mut keys = read(path)?;
    keys.insert(0, SealKey::generate(rng));
    let fresh = write_beside(path, &text(&keys), rng)?;
    fs::rename(&fresh, path).map_err(|source| KeyFileError::Write { path: path.to_owned(), source })?;
    sync_folder(path)
}

fn read(path: &Utf8Path) -> Result<Vec<SealKey>, KeyFileError> {
    let failed = |source| KeyFileError::Read { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?;
    // The owner's group may read: that is how Kubernetes hands out secrets.
    if about.permissions().mode() & 0o027 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned() });
    }
    if about.len() > MAX_BYTES {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "more than 64 KiB")));
    }
    let text = SecretString::from(fs::read_to_string(path).map_err(failed)?);
    parse_keys(&text).map_err(|source| KeyFileError::Keys { path: path.to_owned(), source })
}

fn text(keys: &[SealKey]) -> SecretString {
    let mut text = REMARK.to_owned();
    for key in keys {
        text.push_str(key.to_text().expose_secret());
        text.push('\n');
    }
    SecretString::from(text)
}

/// A new file with this text beside `path`, which only its owner may read, safe on the disk.
fn write_beside(path: &Utf8Path, text: &SecretString, rng: &dyn Rng) -> Result<Utf8PathBuf, KeyFileError> {
    let fresh = Utf8PathBuf::from(format!("{path}.{:016x}", rng.next_u64()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.expose_secret().as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| KeyFileError::Write { path: fresh.clone(), source })?;
    Ok(fresh)
}

fn sync_folder(path: &Utf8Path) -> Result<(), KeyFileError> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| KeyFileError::Write { path: folder.to_owned(), source })
}
