//! `podium admin restore`: an install out of one file. Nothing is there before, and all of it or nothing afterwards.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use ids::SystemRng;
use store::audit::verify;
use store::file::{Digest, Files};
use store::{Location, Store, Surroundings};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::archive::{AUTHORITY, DATABASE, FILES, FORMAT, KEYS, MANIFEST, Manifest, blocking, copy, sqlite};
use crate::config::Config;
use crate::serve::{folder, places};

/// How large a manifest, a file of keys or a certificate can be, in bytes.
const SMALL: u64 = 1 << 20;
/// How much of a file is passed on at once.
const PIECE_BYTES: usize = 256 << 10;

/// Restores the backup. Returns what to tell.
pub(super) async fn run(config: &Config, from: &Utf8Path) -> anyhow::Result<String> {
    let database = sqlite(config)?;
    let _alone = folder::lock(&config.data_dir)?;
    ensure!(!database.exists(), "there is a database `{database}`; hint: give an empty --data-dir");
    let file = File::open(from).with_context(|| format!("read `{from}`"))?;
    let files = Files::open(&places::files(config)?, Arc::new(SystemRng)).await.context("open the file storage")?;
    let scratch = TempDir::new_in(&config.data_dir).context("write into the data folder")?;
    let folder = Utf8PathBuf::try_from(scratch.path().to_owned())?;
    let reading = Reading { files, folder: folder.clone(), handle: Handle::current(), found: Found::default() };
    let found = blocking(move || reading.read(file)).await.with_context(|| format!("`{from}` cannot be restored"))?;
    let manifest = found.checked()?;

    let copied = folder.join(DATABASE);
    let store = Store::open(&Location::Sqlite(copied.clone()), Surroundings::default()).await?;
    let verified = verify(&mut *store.read().await?, store.tenant()).await?;
    store.close().await;
    ensure!(verified.faults.is_empty(), "the audit log in the backup was tampered with; nothing was restored");

    let (data_dir, key_file) = (config.data_dir.clone(), config.key_file());
    let named = database.clone();
    let has_keys = blocking(move || {
        for (name, path) in places_of(&data_dir, &key_file) {
            let copy = folder.join(name);
            if copy.exists() {
                put(&copy, &path)?;
            }
        }
        put(&copied, &named)?;
        Ok(key_file.exists())
    })
    .await?;
    let rest = if has_keys { "start the server" } else { "put the file of the keys there, then start the server" };
    let Manifest { taken_at, files, .. } = manifest;
    Ok(format!(
        "restored `{database}` of {taken_at:.0} with {} audit rows, and {files} files; hint: {rest}",
        verified.rows
    ))
}

/// Where the keys belong.
fn places_of(data_dir: &Utf8Path, key_file: &Utf8Path) -> impl Iterator<Item = (&'static str, Utf8PathBuf)> {
    let authority = AUTHORITY.map(|name| (name, data_dir.join(name)));
    [(KEYS, key_file.to_owned())].into_iter().chain(authority)
}

/// Gives a file its place, which must be empty or hold the same.
fn put(from: &Utf8Path, to: &Utf8Path) -> anyhow::Result<()> {
    if to.exists() {
        let is_same = std::fs::read(from)? == std::fs::read(to)?;
        ensure!(is_same, "`{to}` is there, and is not the one in the backup; hint: move it away");
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("make the folder `{folder}`"))?;
    }
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            std::fs::copy(from, to).map(drop).with_context(|| format!("write `{to}`"))
        }
        renamed => renamed.with_context(|| format!("write `{to}`")),
    }
}

/// What was in the archive.
#[derive(Debug, Default)]
struct Found {
    manifest: Option<Manifest>,
    database_sha256: Option<String>,
    files: u64,
}

impl Found {
    fn checked(self) -> anyhow::Result<Manifest> {
        let manifest =
            self.manifest.context("the backup is cut off: its last part is missing; nothing was restored")?;
        ensure!(
            self.database_sha256.as_ref() == Some(&manifest.database_sha256) && self.files == manifest.files,
            "the backup is damaged: its parts are not those that were put into it; nothing was restored"
        );
        Ok(manifest)
    }
}

struct Reading {
    files: Files,
    folder: Utf8PathBuf,
    handle: Handle,
    found: Found,
}

impl Reading {
    fn read(mut self, file: File) -> anyhow::Result<Found> {
        let mut archive = tar::Archive::new(zstd::Decoder::new(file)?);
        for entry in archive.entries()? {
            let mut entry = entry?;
            ensure!(self.found.manifest.is_none(), "something follows its end");
            let name = entry.path()?.to_str().context("an entry has no name")?.to_owned();
            match name.as_str() {
                DATABASE => {
                    let copy_to = self.create(DATABASE)?;
                    self.found.database_sha256 = Some(copy(&mut entry, copy_to)?.to_string());
                }
                MANIFEST => self.found.manifest = Some(manifest(&mut entry)?),
                name if name == KEYS || AUTHORITY.contains(&name) => {
                    ensure!(entry.size() <= SMALL, "`{name}` is too large");
                    let copy_to = self.create(name)?;
                    copy(&mut entry, copy_to)?;
                }
                name => {
                    let digest = name.strip_prefix(FILES).and_then(|digest| digest.parse::<Digest>().ok());
                    let digest = digest.with_context(|| format!("it holds `{name}`, which belongs in no backup"))?;
                    self.keep(&mut entry, digest)?;
                    self.found.files += 1;
                }
            }
        }
        Ok(self.found)
    }

    /// A file of the object storage; it is what its name says, or nothing is kept.
    fn keep(&self, content: &mut impl Read, digest: Digest) -> anyhow::Result<()> {
        let mut upload = self.handle.block_on(self.files.begin(u64::MAX))?;
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            content.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            self.handle.block_on(upload.write(piece.into()))?;
        }
        self.handle.block_on(upload.finish(Some(digest)))?;
        Ok(())
    }

    fn create(&self, name: &str) -> anyhow::Result<File> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.with_context(|| format!("write `{path}`"))
    }
}

fn manifest(entry: &mut impl Read) -> anyhow::Result<Manifest> {
    let manifest: Manifest = serde_json::from_reader(entry.take(SMALL)).context("its manifest cannot be read")?;
    if manifest.format != FORMAT {
        bail!(
            "it has form {}, and this version reads form {FORMAT}; hint: use the version that wrote it",
            manifest.format
        );
    }
    Ok(manifest)
}
