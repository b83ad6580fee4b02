//! Where the programs of this repository are built.

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

/// Returns the folder that holds the programs of the build that this code belongs to (`target/debug` for tests).
///
/// # Errors
/// When the running program is not inside a target folder.
pub fn target_dir() -> anyhow::Result<Utf8PathBuf> {
    let this = std::env::current_exe().context("find the running program")?;
    let this = Utf8PathBuf::try_from(this).context("the running program's path is not UTF-8")?;
    let dir = this.parent().context("the running program has no folder")?;
    // Test programs live one level deeper, in `deps`.
    Ok(if dir.file_name() == Some("deps") { dir.parent().unwrap_or(dir).to_owned() } else { dir.to_owned() })
}

/// Returns the path of a program of this repository.
///
/// # Errors
/// When it has not been built; the error says how to build it.
pub fn binary(name: &str) -> anyhow::Result<Utf8PathBuf> {
    let path = target_dir()?.join(name);
    if !Utf8Path::new(&path).exists() {
        bail!("`{path}` is not built\nhint: run `cargo build --workspace --bins --examples` first");
    }
    Ok(path)
}
