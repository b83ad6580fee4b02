//! Every command of the user documents, run as it is written.

use camino::Utf8Path;
use testkit::{TOKEN, Workspace, document, target_dir};

/// Replays a document in an empty folder with a workspace of twenty-five members.
fn replay(name: &str) {
    let workspace = Workspace::start(25, &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let programs = target_dir().unwrap();
    let steps = document::replay(
        &root.join("docs").join(name),
        Utf8Path::from_path(folder.path()).unwrap(),
        &[&programs],
        &[
            ("URL", &workspace.url()),
            ("TOKEN", TOKEN),
            ("BATON_BASE_URL", &workspace.scim_url()),
            ("BATON_WHIMSICAL_TOKEN", TOKEN),
            ("BATON_LOG_FORMAT", "json"),
        ],
    );
    steps.unwrap();
}

#[test]
fn the_page_of_the_connector_is_true() {
    replay("baton-whimsical.md");
}

#[test]
fn the_page_of_the_workspace_is_true() {
    replay("whimsical-workspace.md");
}

#[test]
fn the_page_of_the_server_is_true() {
    replay("podium.md");
}
