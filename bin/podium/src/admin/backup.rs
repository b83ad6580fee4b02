//! `podium admin backup`: one file with everything, taken while the server runs.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use ids::SystemRng;
use store::Store;
use store::file::{Error, Files, Stored};
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::Handle;

use super::archive::{AUTHORITY, DATABASE, FILES, FORMAT, KEYS, MANIFEST, Manifest, blocking, copy, sqlite};
use crate::config::Config;
use crate::serve::places;

/// How many files are looked up at once.
const LOT: u32 = 500;

/// Whether the keys that open sealed secrets are in the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// They are: the backup opens everything.
    Included,
    /// They are kept elsewhere.
    LeftOut,
}

/// Writes the backup. Returns what to tell.
pub(super) async fn run(config: &Config, to: &Utf8Path, keys: Keys) -> anyhow::Result<String> {
    sqlite(config)?;
    ensure!(!to.exists(), "`{to}` is there already; hint: name a new file");
    let store = super::open(config).await?;
    let files = Files::open(&places::files(config)?, Arc::new(SystemRng)).await.context("open the file storage")?;
    let folder = match to.parent() {
        Some(folder) if !folder.as_str().is_empty() => folder.to_owned(),
        _ => Utf8PathBuf::from("."),
    };
    let scratch = TempDir::new_in(&folder).with_context(|| format!("write into `{folder}`"))?;
    let taken_at = store.now();
    let database = Utf8Path::from_path(scratch.path()).context("the folder is UTF-8")?.join(DATABASE);
    store.snapshot(&database).await.context("copy the database")?;
    let extras = match keys {
        Keys::LeftOut => Vec::new(),
        Keys::Included => extras(config),
    };
    let writing = Writing { store: store.clone(), files, database, handle: Handle::current() };
    let (target, name) = (to.to_owned(), to.to_owned());
    let count = blocking(move || {
        let mut file = NamedTempFile::new_in(&folder).with_context(|| format!("write into `{folder}`"))?;
        let count = writing.write(file.as_file_mut(), taken_at, &extras)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&target).with_context(|| format!("name the backup `{target}`"))?;
        Ok(count)
    })
    .await?;
    store.close().await;
    let rest = match keys {
        Keys::Included => "it opens everything: keep it where nobody else comes",
        Keys::LeftOut => "keep the file of the keys too, at another place: without it secrets cannot be opened",
    };
    Ok(format!("wrote `{name}`: the database and {count} files; {rest}"))
}

/// The entries that hold keys, and where they are.
fn extras(config: &Config) -> Vec<(&'static str, Utf8PathBuf)> {
    let authority = AUTHORITY.map(|name| (name, config.data_dir.join(name)));
    let all = [(KEYS, config.key_file())].into_iter().chain(authority);
    all.filter(|(_, path)| path.exists()).collect()
}

struct Writing {
    store: Store,
    files: Files,
    database: Utf8PathBuf,
    handle: Handle,
}

impl Writing {
    fn write(
        &self,
        file: &mut File,
        taken_at: jiff::Timestamp,
        extras: &[(&'static str, Utf8PathBuf)],
    ) -> anyhow::Result<u64> {
        let mut compressed = zstd::Encoder::new(file, 3)?;
        compressed.include_checksum(true)?;
        let mut archive = tar::Builder::new(compressed);
        let files = self.append_files(&mut archive)?;
        let database = File::open(&self.database)?;
        let digest = copy(&database, std::io::sink()).context("read the copy of the database")?;
        append(&mut archive, DATABASE, &self.database)?;
        for (name, path) in extras {
            append(&mut archive, name, path)?;
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let database_sha256 = digest.to_string();
        let manifest = Manifest { format: FORMAT, version, taken_at, database_sha256, files };
        let text = serde_json::to_vec_pretty(&manifest)?;
        archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
        archive.into_inner()?.finish()?.flush()?;
        Ok(files)
    }

    /// Everything that is kept after the database was copied, so that nothing it knows is missing.
    fn append_files(&self, archive: &mut tar::Builder<impl std::io::Write>) -> anyhow::Result<u64> {
        let (mut count, mut after) = (0, None);
        let scratch = self.database.with_extension("file");
        loop {
            let lot: Vec<Stored> = self
                .handle
                .block_on(async { store::file::kept(&mut *self.store.read().await?, after.as_ref(), LOT).await })?;
            for stored in &lot {
                match self.handle.block_on(self.files.fetch(&stored.digest, &scratch)) {
                    Ok(_) => append(archive, &format!("{FILES}{}", stored.digest), &scratch)?,
                    Err(Error::Missing { .. }) if !self.is_kept(stored)? => continue,
                    Err(error) => {
                        return Err(error).context("copy the files; hint: what is damaged or missing has no backup");
                    }
                }
                count += 1;
            }
            match lot.last() {
                Some(last) => after = Some(last.digest),
                None => return Ok(count),
            }
        }
    }

    /// Not when its time came meanwhile.
    fn is_kept(&self, stored: &Stored) -> anyhow::Result<bool> {
        let kept =
            self.handle.block_on(async { store::file::is_kept(&mut *self.store.read().await?, &stored.digest).await });
        Ok(kept?)
    }
}

fn append(archive: &mut tar::Builder<impl std::io::Write>, name: &str, path: &Utf8Path) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("read `{path}`"))?;
    let bytes = file.metadata()?.len();
    archive.append_data(&mut header(bytes), name, file).with_context(|| format!("copy `{path}`"))
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}
