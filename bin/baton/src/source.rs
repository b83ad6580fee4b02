//! The file that is read, and which of its syncs.

use c1z::{Limits, Reader, Selection, SyncId, SyncRun, View};
use camino::Utf8Path;

/// An opened file.
#[derive(Debug)]
pub(crate) struct Source {
    reader: Reader,
}

impl Source {
    /// Opens the file at `path`; it is never written.
    pub(crate) fn open(path: &Utf8Path) -> anyhow::Result<Self> {
        Ok(Self { reader: Reader::open(path, &limits()?)? })
    }

    /// Returns the reader.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns the rows of the sync `id`; without one, those of the latest finished sync of any type, else of the latest
    /// unfinished one.
    ///
    /// # Errors
    /// [`c1z::Error::NoSuchSync`] when the file has none of that id.
    pub(crate) fn view(&self, id: Option<&str>) -> anyhow::Result<View<'_>> {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            let run = self.reader.sync(&SyncId::from(id.to_owned()))?;
            return Ok(self.reader.view(&run.id));
        }
        let runs = self.reader.syncs()?;
        let latest =
            Selection::new(&runs).latest_finished(None).or_else(|| runs.iter().max_by_key(|run| run.started_at));
        // No sync has the empty id: the view of a file without syncs is empty.
        let id = latest.map_or_else(|| SyncId::from(String::new()), |run| run.id.clone());
        Ok(self.reader.view(&id))
    }
}

/// Returns every sync of the file at `path`, which costs little however large the file is.
pub(crate) fn syncs(path: &Utf8Path) -> anyhow::Result<Vec<SyncRun>> {
    Ok(c1z::read_syncs(path, &limits()?)?)
}

fn limits() -> c1z::Result<Limits> {
    Limits::from_env(|name| std::env::var(name).ok())
}
