//! What is in a `.c1z` file, as text.

use c1z::{Entitlements, Filter, Grants, Limits, Reader, ResourceTypes, Resources, Selection, SyncRun, View};
use camino::{Utf8Path, Utf8PathBuf};
use proto::Message;
use proto::c1::connector::v2::Grant;
use tempfile::TempDir;

/// A folder for one test and the file in it.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    pub(crate) fn file(&self) -> Utf8PathBuf {
        self.path("sync.c1z")
    }

    /// The names of everything in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The syncs of the file.
pub(crate) fn syncs(file: &Utf8Path) -> Vec<SyncRun> {
    Reader::open(file, &Limits::default()).unwrap().syncs().unwrap()
}

/// The sync that ended last.
pub(crate) fn finished(file: &Utf8Path) -> SyncRun {
    Selection::new(&syncs(file)).latest_finished(None).expect("a finished sync").clone()
}

/// Every row of the sync that ended last: table, row number, id and content.
pub(crate) fn rows(file: &Utf8Path) -> Vec<String> {
    let run = finished(file);
    let reader = Reader::open(file, &Limits::default()).unwrap();
    let view = reader.view(&run.id);
    let mut rows = Vec::new();
    collect(&view, ResourceTypes::All, &mut rows);
    collect(&view, Resources::All, &mut rows);
    collect(&view, Entitlements::All, &mut rows);
    collect(&view, Grants::All, &mut rows);
    rows
}

/// The same without row numbers, sorted: what the file says, whatever the order of writing.
pub(crate) fn content(file: &Utf8Path) -> Vec<String> {
    let mut content: Vec<String> = rows(file)
        .into_iter()
        .map(|row| row.split_once('#').unwrap().1.split_once(' ').unwrap().1.to_owned())
        .collect();
    content.sort();
    content
}

fn collect<F: Filter>(view: &View<'_>, filter: F, rows: &mut Vec<String>) {
    view.each(filter, |row| {
        let message = row.decode()?;
        rows.push(format!(
            "{}#{} {} {:?} {:?}",
            std::any::type_name::<F::Record>().rsplit("::").next().unwrap(),
            row.id()?,
            row.external_id()?,
            row.columns()?,
            message.encode_to_vec()
        ));
        Ok::<_, c1z::Error>(())
    })
    .unwrap();
}

/// The ids of the rows that `filter` chooses in the sync that ended last, in the order of writing.
pub(crate) fn ids<F: Filter>(file: &Utf8Path, filter: F) -> Vec<String> {
    let run = finished(file);
    let reader = Reader::open(file, &Limits::default()).unwrap();
    let mut ids = Vec::new();
    reader
        .view(&run.id)
        .each(filter, |row| {
            ids.push(row.external_id()?.to_owned());
            Ok::<_, c1z::Error>(())
        })
        .unwrap();
    ids
}

/// The message with this id in the sync that ended last.
pub(crate) fn get<R: c1z::Record>(file: &Utf8Path, id: &str) -> Option<R> {
    let run = finished(file);
    let reader = Reader::open(file, &Limits::default()).unwrap();
    reader.view(&run.id).get(id).unwrap()
}

/// Each grant as `id <- source(direct)... annotations`, sorted.
pub(crate) fn grants(file: &Utf8Path) -> Vec<String> {
    let mut texts: Vec<String> = ids(file, Grants::All)
        .into_iter()
        .map(|id| {
            let grant: Grant = get(file, &id).unwrap();
            let sources = grant.sources.iter().flat_map(|sources| &sources.sources);
            let sources =
                sources.map(|(source, how)| format!(" <- {source}{}", if how.is_direct { " (direct)" } else { "" }));
            let names = grant.annotations.iter().map(|one| one.type_url.rsplit('.').next().unwrap());
            let annotations = names.map(|name| format!(" [{name}]"));
            std::iter::once(id).chain(sources).chain(annotations).collect()
        })
        .collect();
    texts.sort();
    texts
}
