//! Full and partial syncs, and the log around them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::program::Program;

#[test]
fn a_sync_writes_the_file_and_nothing_on_stdout() {
    let fake = Program::fake();
    let outcome = fake.run(&["--whimsical-token", "t", "--file", "out.c1z"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
    assert_eq!(fake.names(), ["out.c1z"]);
    assert_eq!(crate::file::finished(&fake.path("out.c1z")).kind.to_string(), "full");
    let complete = &outcome.logged("Sync complete.")[0];
    assert!(complete["sync_id"].is_string());
    assert_eq!(complete["sync_type"], "full");
    let counts = |message| -> Vec<serde_json::Value> {
        outcome.logged(message).iter().map(|line| line["count"].clone()).collect()
    };
    assert_eq!(counts("Synced resource types"), [2]);
    assert_eq!(counts("Synced resources").len(), 2);
    // Not a terminal: every line is JSON, its keys in order.
    for line in outcome.stderr.lines() {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let keys: Vec<&str> = line.keys().map(String::as_str).take(4).collect();
        assert_eq!(keys, ["level", "ts", "caller", "msg"]);
        assert!(line["ts"].is_f64());
        assert!(line["caller"].as_str().unwrap().contains(".rs:"));
    }
}

#[test]
fn failures_of_the_upstream_end_with_its_code() {
    for (fault, status, word, file) in [
        ("connect:13", 13, "Internal", false),
        ("validate:16", 16, "Unauthenticated", false),
        ("validate:7", 7, "PermissionDenied", false),
        ("page:16", 16, "Unauthenticated", true),
        ("page:7", 7, "PermissionDenied", true),
    ] {
        let fake = Program::fake();
        let outcome = fake.run(&["--fake-fault", fault]);
        assert_eq!(outcome.status, status, "{fault}: {}", outcome.stderr);
        assert_eq!(fake.path("sync.c1z").exists(), file, "{fault}: {}", outcome.stderr);
        assert!(outcome.last_line().starts_with("runner: error processing task: rpc error: code = "), "{fault}");
        assert!(outcome.last_line().contains(word), "{fault}: {}", outcome.stderr);
        assert_eq!(outcome.logged("runner: error processing on-demand task")[0]["task_type"], "sync_full");
        if file {
            let again = fake.run(&[]);
            assert_eq!(again.status, 0, "{}", again.stderr);
            assert_eq!(again.logged("resumed previous sync").len(), 1, "{}", again.stderr);
        }
    }
    let outcome = Program::fake().run(&["--fake-fault=validate:16"]);
    let expect = "runner: error processing task: rpc error: code = Unauthenticated desc = validate failed: \
                  rpc error: code = Unauthenticated desc = validate failed";
    assert_eq!(outcome.last_line(), expect);
}

#[test]
fn what_cannot_be_written_is_found_before_the_sync() {
    let fake = Program::fake();
    for (file, text) in [("missing/sync.c1z", "write into `missing`"), (".", "it is a folder")] {
        let outcome = fake.run(&["--file", file]);
        assert_eq!(outcome.status, 2, "{file}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(text), "{file}: {}", outcome.stderr);
        assert!(outcome.logged("Syncing resources...").is_empty(), "{file}");
    }
    let fake = fake.file("sync.c1z", "this is no c1z");
    let outcome = fake.run(&[]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("c1z: invalid file"), "{}", outcome.stderr);
    assert_eq!(fs::read(fake.path("sync.c1z")).unwrap(), b"this is no c1z");
}

#[test]
fn a_read_only_folder_is_refused_where_permissions_hold() {
    let fake = Program::fake();
    let folder = fake.path("locked");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not bind the superuser: then the sync succeeds.
    let binding = fs::write(folder.join("probe"), "").is_err();
    let outcome = fake.run(&["--file=locked/sync.c1z"]);
    assert_eq!(outcome.status, if binding { 2 } else { 0 }, "{}", outcome.stderr);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn syncs_can_be_narrowed() {
    let fake = Program::fake();
    for (args, kind) in [
        (&["--sync-resource-types=role", "--file=1"][..], "full"),
        (&["--skip-entitlements-and-grants", "--file=2"], "resources_only"),
        (&["--sync-resources=bid:r:user/ada", "--skip-grants", "--file=3"], "partial"),
        (&["--workers=-1", "--file=4"], "full"),
        (&["--parallel-sync", "--file=5"], "full"),
        (&["--c1z-temp-dir=.", "--storage-engine=sqlite", "--file=6"], "full"),
    ] {
        let outcome = fake.run(args);
        assert_eq!(outcome.status, 0, "{args:?}: {}", outcome.stderr);
        assert_eq!(outcome.logged("Sync complete.")[0]["sync_type"], kind, "{args:?}");
    }
    let outcome = fake.run(&["--sync-resource-types=king"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.last_line().ends_with("invalid resource type 'king' in filter"), "{}", outcome.stderr);
    let outcome = fake.run(&["--storage-engine=pebble"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.last_line().contains("pebble is not offered"), "{}", outcome.stderr);
    let outcome = fake.run(&["--external-resource-c1z=none.c1z"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.starts_with("external-resource-c1z cannot be opened: "), "{}", outcome.stderr);
    assert_eq!(fake.run(&["--external-resource-c1z=1", "--file=7"]).status, 0);
}

#[test]
fn the_log_goes_where_and_looks_as_asked() {
    let fake = Program::fake().file("a.log", "before\n");
    let outcome = fake.run(&["--log-path=a.log,b.log", "--log-format=console"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let log = fs::read_to_string(fake.path("a.log")).unwrap();
    let lines = log.strip_prefix("before\n").unwrap();
    assert_eq!(lines, fs::read_to_string(fake.path("b.log")).unwrap());
    let last = lines.lines().last().unwrap();
    let columns: Vec<&str> = last.split('\t').collect();
    assert_eq!(columns.len(), 5, "{last}");
    assert!(columns[0].ends_with('Z') && columns[0].len() == 24, "{last}");
    assert_eq!((columns[1], columns[3]), ("INFO", "Sync complete."));
    assert!(serde_json::from_str::<serde_json::Value>(columns[4]).unwrap()["sync_id"].is_string());

    let outcome = fake.run(&["--log-path=stdout", "--log-level=warn", "--list-resource-actions=x"]);
    assert_eq!((outcome.stdout.lines().count(), outcome.stderr.as_str()), (1, ""));
    let outcome = fake.run(&["--log-level=error", "--fake-fault=validate:5"]);
    assert_eq!(outcome.stderr.lines().count(), 3, "{}", outcome.stderr);
    let outcome = fake.run(&["--log-path=missing/a.log"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.starts_with("open `missing/a.log` of --log-path"), "{}", outcome.stderr);
    let past = ["--log-level=debug", "--log-level-debug-expires-at=2020-01-01T00:00:00Z"];
    assert!(fake.run(&past).logged("connecting").is_empty());
    let future = ["--log-level=debug", "--log-level-debug-expires-at=9000-01-01T00:00:00Z"];
    assert_eq!(fake.run(&future).logged("connecting").len(), 1);
}
