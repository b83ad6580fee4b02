//! `kill -9` at any moment: the next run ends as an undisturbed one, and no half file has the final name.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::scene::{Scene, stderr};

/// Waits for a condition; fails after a minute.
fn wait_for(what: &str, mut is_met: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_met() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn a_sync_killed_at_any_page_continues_and_ends_the_same() {
    let scene = Scene::new(1_000);
    let truth = scene.truth();
    for page in [0_u64, 1, 2, 5, 9, 10] {
        let file = format!("killed-{page}.c1z");
        // Every page but this one is answered; the connector waits for it when it is killed.
        scene.spoil(&json!({"contains": "/Users", "skip": page, "fault": {"kind": "delay", "millis": 60_000}}));
        if page > 0 {
            let slow = json!({"kind": "delay", "millis": 150});
            scene.spoil(&json!({"contains": "/Users", "count": page, "fault": slow}));
        }
        let process = scene.start_sync(&file);
        wait_for("the connector to ask for the page", || scene.is_every_fault_met());
        kill(process);
        scene.heal();
        assert!(!scene.file(&file).exists(), "page {page}: a killed sync has left a file under the final name");

        let before = scene.requests();
        let output = scene.run(&["--file", &file]);
        assert!(output.status.success(), "page {page}: {}", stderr(&output));
        assert_eq!(scene.rows(&file), truth, "page {page}");
        // Twelve in all. What was stored more than half a second before the kill is not asked for again, but for the
        // last stored page, which shows that nothing has moved.
        let most = if page >= 9 { 12 - 3 } else { 13 };
        let requests = scene.requests() - before;
        assert!(requests <= most, "page {page}: {requests} requests, so too much was fetched again");
        let (finished, unfinished) = scene.syncs(&file);
        assert_eq!((finished.len(), unfinished.len()), (1, 0), "page {page}");
        assert_eq!(
            stderr(&output).contains("resumed previous sync"),
            page >= 1,
            "page {page}: work was stored, so it is taken up again\n{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_sync_killed_at_any_time_leaves_a_whole_file_or_none() {
    let scene = Scene::new(1_000);
    let truth = scene.truth();
    let before = {
        let start = Instant::now();
        scene.run(&["--file", "timed.c1z"]);
        start.elapsed()
    };
    // Moments spread over the whole run, the save at its end included.
    for moment in 0..24_u32 {
        let process = scene.start_sync("sync.c1z");
        std::thread::sleep(before * moment / 20);
        kill(process);
        if scene.file("sync.c1z").exists() {
            assert_eq!(scene.rows("sync.c1z"), truth, "moment {moment}");
        }
    }
    let output = scene.run(&["--file", "sync.c1z"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(scene.rows("sync.c1z"), truth);
    let leftovers: Vec<String> = scene
        .folder()
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .filter(|name| name.starts_with("sync.c1z") && name != "sync.c1z")
        .collect();
    assert_eq!(leftovers, Vec::<String>::new());
}

#[test]
fn two_syncs_into_one_file_do_not_mix() {
    let scene = Scene::new(300);
    scene.spoil(&json!({"contains": "/Users", "skip": 1, "fault": {"kind": "delay", "millis": 60_000}}));
    let first = scene.start_sync("sync.c1z");
    wait_for("the first sync to be at work", || scene.is_every_fault_met());
    let second = scene.run(&["--file", "sync.c1z"]);
    assert_eq!(second.status.code(), Some(2), "{}", stderr(&second));
    kill(first);
}
