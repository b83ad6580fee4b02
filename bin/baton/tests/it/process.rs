//! What only a process shows.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Folder, fixture, roles, user, users, write_sync};

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    write_sync(&file, |store| {
        store.put(&[roles(), users()]).unwrap();
        let people: Vec<_> = (0..5000).map(|number| user(&format!("u{number}"), "A name")).collect();
        store.put(&people).unwrap();
    });
    let mut process = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["-f", file.as_str(), "resources"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("Display Name"), "{first}");
    let output = process.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn the_file_is_read_only_and_nothing_is_left_beside_it() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    std::fs::copy(fixture("users25-sqlite.c1z"), &file).unwrap();
    let before = std::fs::read(&file).unwrap();
    let temporary = folder.join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    for command in ["resources", "stats", "syncs"] {
        let output = Command::new(env!("CARGO_BIN_EXE_baton"))
            .args(["-f", file.as_str(), command])
            .env("TMPDIR", &temporary)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(temporary.parent().unwrap()).unwrap().count(), 2);
}

#[test]
fn what_is_missing_is_logged_on_standard_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["-f", fixture("users25-sqlite.c1z").as_str(), "access", "-t", "user", "-r", "nobody"])
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("ERROR unable to find the resource `user:nobody`"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}
