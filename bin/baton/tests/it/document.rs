//! The commands of `docs/baton.md` do what it says.

use camino::Utf8Path;

use crate::support::{Folder, fixture};

#[test]
fn the_sessions_of_the_document_are_true() {
    let folder = Folder::new();
    std::fs::copy(fixture("users25-28-sqlite.c1z"), folder.join("sync.c1z")).unwrap();
    std::fs::copy(fixture("users25-pebble.c1z"), folder.join("pebble.c1z")).unwrap();
    let document = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/baton.md");
    let programs = Utf8Path::new(env!("CARGO_BIN_EXE_baton")).parent().unwrap();
    let replayed = testkit::document::replay(&document, &folder.join(""), &[programs], &[]);
    let steps = replayed.unwrap_or_else(|error| panic!("{error}"));
    assert!(steps > 10, "{steps}");
}
