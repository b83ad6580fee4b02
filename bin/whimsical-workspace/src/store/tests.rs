//! The data file: what comes back, and what is refused.

use std::fs;

use super::{Journal, StoreError, load, lock, save};
use crate::model::provisioning::NewUser;
use crate::model::token::Token;
use crate::model::{Act, Actor, Change, Switches, Workspace, seed};

fn fresh() -> Workspace {
    seed::workspace(30, Token::new("whscim_secret"), [3; 32], Switches::default())
}

fn empty() -> Workspace {
    Workspace::empty(jiff::Timestamp::UNIX_EPOCH, Switches::default())
}

fn contents(workspace: &Workspace) -> Vec<Change> {
    workspace.snapshot().collect()
}

fn post(workspace: &mut Workspace, number: u32) -> Vec<Change> {
    let rng = ids::SeededRng::new(number.into());
    let now = "2026-11-02T09:00:00Z".parse().unwrap();
    let new = NewUser { user_name: format!("new{number}@example.com"), ..NewUser::default() };
    workspace.provision(new, &Act { now, actor: Actor::Scim, rng: &rng }).unwrap();
    workspace.take_unsaved()
}

#[tokio::test]
async fn what_was_written_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace.jsonl");
    let mut workspace = fresh();
    save(&path, &workspace).unwrap();
    let journal = Journal::open(&path).unwrap();
    for number in 0..20 {
        let changes = post(&mut workspace, number);
        let ticket = journal.push(&changes).unwrap();
        journal.written(ticket).await.unwrap();
        let mut seen = empty();
        assert!(load(&path, &mut seen).unwrap());
        assert_eq!(contents(&seen), contents(&workspace), "on the disk as soon as it is acknowledged");
    }
}

#[test]
fn a_torn_last_line_is_dropped_and_a_damaged_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace.jsonl");
    let workspace = fresh();
    save(&path, &workspace).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), br#"[{"user_gone":"6b1f"#].concat()).unwrap();
    let mut seen = empty();
    assert!(load(&path, &mut seen).unwrap());
    assert_eq!(contents(&seen), contents(&workspace));

    fs::write(&path, [whole.as_slice(), b"[{\"user_gone\":\n"].concat()).unwrap();
    assert!(matches!(load(&path, &mut empty()), Err(StoreError::Damaged { line, .. }) if line > 30));
    fs::write(&path, "SQLite format 3\0\n").unwrap();
    assert!(matches!(load(&path, &mut empty()), Err(StoreError::Foreign { .. })));
    fs::write(&path, "").unwrap();
    assert!(matches!(load(&path, &mut empty()), Err(StoreError::Foreign { .. })));
    assert!(!load(&folder.path().join("none"), &mut empty()).unwrap());
}

#[test]
fn the_file_is_private_and_replaced_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace.jsonl");
    save(&path, &fresh()).unwrap();
    save(&path, &fresh()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["workspace.jsonl"]);
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace.jsonl");
    let held = lock(&path).unwrap();
    assert!(matches!(lock(&path), Err(StoreError::InUse { .. })));
    drop(held);
    lock(&path).unwrap();
}
