//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

/// The mode of what is exported.
const MODE: u32 = 0o644;

/// A file in the making; [`OutFile::finish`] puts it in its place.
///
/// What is written to a device or a pipe goes there directly: there is nothing to replace.
#[derive(Debug)]
pub(crate) struct OutFile {
    path: Utf8PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Beside(BufWriter<NamedTempFile>),
    Direct(BufWriter<File>),
}

impl OutFile {
    /// Starts the file that is to be at `path`; one that is there is replaced at the end.
    pub(crate) fn create(path: &Utf8Path) -> anyhow::Result<Self> {
        let target = if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let file = File::options().write(true).open(path).with_context(|| format!("open `{path}`"))?;
            Target::Direct(BufWriter::new(file))
        } else {
            let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
            let file = NamedTempFile::new_in(folder)
                .with_context(|| format!("write `{path}`\nhint: check that the folder exists and can be written"))?;
            Target::Beside(BufWriter::new(file))
        };
        Ok(Self { path: path.to_owned(), target })
    }

    /// Forces the file to disk and puts it in its place.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let path = self.path;
        let place = || -> anyhow::Result<()> {
            match self.target {
                Target::Direct(mut file) => file.flush()?,
                Target::Beside(file) => {
                    let file = file.into_inner()?;
                    file.as_file().set_permissions(fs::Permissions::from_mode(MODE))?;
                    file.as_file().sync_all()?;
                    file.persist(&path)?;
                }
            }
            Ok(())
        };
        place().with_context(|| format!("write `{path}`"))
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Beside(file) => file.write(bytes),
            Target::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside(file) => file.flush(),
            Target::Direct(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("a.csv")).unwrap();
        fs::write(&path, "old").unwrap();

        let mut dropped = OutFile::create(&path).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");

        let mut file = OutFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_device_is_written_directly() {
        let mut file = OutFile::create(Utf8Path::new("/dev/null")).unwrap();
        file.write_all(b"gone").unwrap();
        file.finish().unwrap();
    }
}
