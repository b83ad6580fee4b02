//! Files that are not what they should be, and command lines that make no sense.

use camino::Utf8Path;

use crate::support::{Folder, baton, fixture, on};

/// The commands, all of which open a file.
const COMMANDS: [&[&str]; 10] = [
    &["resource-types"],
    &["resources"],
    &["entitlements"],
    &["grants"],
    &["principals"],
    &["access", "-t", "user", "-r", "u"],
    &["stats"],
    &["syncs"],
    &["diff"],
    &["export", "c1z", "--out", "never.c1z"],
];

fn check(file: &Utf8Path, code: u8, text: &str) {
    for command in COMMANDS {
        let outcome = on(file, command);
        assert_eq!(outcome.code, code, "{file} {command:?}: {}", outcome.err);
        assert_eq!(outcome.out, "", "{file} {command:?}");
        let first = outcome.err.lines().next().unwrap();
        assert!(first.starts_with("Error: ") && first.contains(text), "{file} {command:?}: {first}");
        assert!(outcome.err.contains("\nhint: "), "{file} {command:?}: {}", outcome.err);
    }
}

#[test]
fn damaged_files_are_named_as_such() {
    let folder = Folder::new();
    let good = std::fs::read(fixture("users25-sqlite.c1z")).unwrap();
    let zstd = good[5..9].to_vec();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 8].fill(0xAA);
    for (name, bytes, text) in [
        ("empty", vec![], "does not exist or is empty"),
        ("short", b"C1Z".to_vec(), "unexpected EOF"),
        ("magic", b"PK\x03\x04....".to_vec(), "c1z: invalid file"),
        ("bare", b"C1ZF\0".to_vec(), "unexpected EOF"),
        ("cut", good[..good.len() / 2].to_vec(), "unexpected EOF"),
        ("cut-at-the-end", good[..good.len() - 1].to_vec(), "unexpected EOF"),
        ("no-zstd", [b"C1ZF\0", &b"SQLite format 3\0"[..]].concat(), "magic number mismatch"),
        ("two", [&good[..], &zstd].concat(), "more bytes follow"),
        ("flipped", flipped, "damaged"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        check(&file, 2, text);
    }
    let missing = folder.join("missing");
    check(&missing, 2, &format!("pebble: read-only open: {missing} does not exist or is empty"));
}

#[test]
fn damaged_files_of_the_pebble_engine_are_named_as_such() {
    let folder = Folder::new();
    let good = std::fs::read(fixture("users25-pebble.c1z")).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() - 100] ^= 1;
    for (name, bytes, text) in [
        ("bare", b"C1Z3\0".to_vec(), "unexpected EOF"),
        ("cut", good[..good.len() / 2].to_vec(), "unexpected EOF"),
        ("no-manifest", b"C1Z3\0\0\0\0\0".to_vec(), "its engine is ``"),
        ("flipped", flipped, "does not have its checksum"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        check(&file, 2, text);
    }
}

#[test]
fn an_unknown_sync_has_an_exit_code_of_its_own() {
    let file = fixture("users25-sqlite.c1z");
    let commands: [&[&str]; 6] = [
        &["resource-types"],
        &["resources"],
        &["entitlements"],
        &["grants"],
        &["principals"],
        &["export", "c1z", "--out", "never.c1z"],
    ];
    for command in commands {
        let outcome = on(&file, &[command, &["--sync-id", "nope"]].concat());
        assert_eq!((outcome.code, outcome.out.as_str()), (5, ""), "{command:?}");
        assert!(outcome.err.starts_with("Error: sql: no rows in result set"), "{command:?}: {}", outcome.err);
        if command.first() != Some(&"export") {
            assert_eq!(on(&file, &[command, &["--sync-id", ""]].concat()).code, 0, "an empty id is none");
        }
    }
}

#[test]
fn a_diff_needs_two_full_syncs() {
    let outcome = on(&fixture("users25-sqlite.c1z"), &["diff"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    assert!(outcome.err.starts_with("Error: cannot diff single sync run\n"), "{}", outcome.err);
}

#[test]
fn command_lines_that_make_no_sense_are_refused() {
    let cases: [(&[&str], &str); 12] = [
        (&["access"], "--resource-type and --resource are required"),
        (&["access", "-t", "user"], "--resource-type and --resource are required"),
        (&["grants", "-r", "editor"], "--resource-type and --resource are required"),
        (&["grants", "-r", "", "-t", "role"], "--resource-type and --resource are required"),
        (&["grants", "-e", ""], "--entitlement must not be empty"),
        (&["grants", "-t", ""], "--resource-type must not be empty"),
        (&["grants", "-r", "a", "-e", "b"], "cannot be used with"),
        (&["principals", "-t", "role"], "--resource-type and --resource are required"),
        (&["principals", "-r", "role"], "--resource-type and --resource are required"),
        (&["resources", "--bogus"], "--bogus"),
        (&["bogus"], "bogus"),
        (&["explorer"], "explorer"),
    ];
    let file = fixture("users25-sqlite.c1z");
    for (arguments, text) in cases {
        let outcome = on(&file, arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.err.starts_with("Error: ") && outcome.err.contains(text), "{arguments:?}: {}", outcome.err);
    }
}

#[test]
fn asking_for_help_is_no_error() {
    let cases: [(&[&str], &str); 6] = [
        (&["-v"], "baton version "),
        (&[], "Usage: baton"),
        (&["-f", "x"], "Usage: baton"),
        (&["--help"], "Usage: baton"),
        (&["export"], "Usage: baton export"),
        (&["--version"], concat!("baton version ", env!("CARGO_PKG_VERSION"), "\n")),
    ];
    for (arguments, text) in cases {
        let outcome = baton(arguments);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{arguments:?}");
        assert!(outcome.out.contains(text), "{arguments:?}: {}", outcome.out);
    }
}
