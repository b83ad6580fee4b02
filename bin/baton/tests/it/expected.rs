//! The answers on files of another implementation are those of the upstream explorer.

use camino::Utf8Path;
use serde_json::Value;

use crate::support::{fixture, on};

/// The answer files, and the commands that they are of.
const COMMANDS: [(&str, &[&str]); 9] = [
    ("access-usr_00000003.json", &["access", "-t", "user", "-r", "usr_00000003"]),
    ("diff.json", &["diff"]),
    ("entitlements.json", &["entitlements"]),
    ("grants.json", &["grants"]),
    ("principals.json", &["principals"]),
    ("resource-types.json", &["resource-types"]),
    ("resources.json", &["resources"]),
    ("stats.json", &["stats"]),
    ("syncs.json", &["syncs"]),
];

fn check(name: &str) {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.expect"));
    let mut answers = 0;
    for entry in folder.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let (_, command) = COMMANDS.iter().find(|(file, _)| *file == entry.file_name()).unwrap();
        let expected: Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
        let answer = on(&fixture(&format!("{name}.c1z")), &[&["-o", "json"], *command].concat()).json();
        assert_eq!(sorted(answer), sorted(expected), "{name} {command:?}");
        answers += 1;
    }
    assert!(answers > 6, "{answers}");
}

/// Sorts the lists of a `diff`, which come in random order from upstream.
fn sorted(mut value: Value) -> Value {
    for list in ["created", "deleted", "modified"] {
        for kind in ["resources", "entitlements", "grants"] {
            if let Some(list) = value.pointer_mut(&format!("/{kind}/{list}")).and_then(Value::as_array_mut) {
                list.sort_by_key(ToString::to_string);
            }
        }
    }
    value
}

#[test]
fn one_sync() {
    check("users25-sqlite");
}

#[test]
fn one_sync_of_the_pebble_engine() {
    check("users25-pebble");
}

#[test]
fn two_syncs() {
    check("users25-28-sqlite");
}

#[test]
fn a_diff_is_json_whatever_the_format() {
    let file = fixture("users25-28-sqlite.c1z");
    let diff = on(&file, &["-o", "console", "diff"]).json();
    assert_eq!(diff["resources"]["created"].as_array().unwrap().len(), 3);
    assert_eq!(diff["entitlements"], serde_json::json!({}), "empty lists are left out");
}
