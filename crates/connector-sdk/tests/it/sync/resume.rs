//! Runs that were stopped, and what the next run makes of them.

use std::time::{Duration, Instant};

use connector_sdk::error::{Code, Error};
use connector_sdk::sync::{SyncOptions, is_preservable};

use super::{options, run, synced};
use crate::fake::{Fake, World, runtime, user, workspace};
use crate::file::{Folder, content, rows, syncs};

#[tokio::test]
async fn a_run_cancelled_at_any_call_ends_with_the_same_rows() {
    let whole = synced(workspace(25)).await;
    let expect = rows(&whole.file());
    let fake = Fake::new(workspace(25));
    run(&fake, options(&Folder::new()), &runtime().0).await.unwrap();
    let calls = fake.calls().len();
    for stop_at in 1..=calls {
        let folder = Folder::new();
        let fake = Fake::new(workspace(25));
        let (first, _) = runtime();
        let cancel = first.cancel.clone();
        let mut seen = 0;
        fake.on_call(move |_| {
            seen += 1;
            if seen == stop_at {
                cancel.cancel();
            }
        });
        let stopped = run(&fake, options(&folder), &first).await;
        if let Err(error) = &stopped {
            assert_eq!(error.code(), Code::Canceled, "call {stop_at}");
            run(&fake, options(&folder), &runtime().0).await.unwrap();
        }
        assert_eq!(rows(&folder.file()), expect, "stopped at call {stop_at}");
        assert_eq!(syncs(&folder.file()).len(), 1, "stopped at call {stop_at}");
        assert_eq!(folder.names(), ["sync.c1z"], "stopped at call {stop_at}");
    }
}

/// Returns once the thread of a dropped run has let go of the file.
async fn released(folder: &Folder) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(c1z::Error::Locked { .. }) = c1z::Store::open(&folder.file(), c1z::Options::default()) {
        assert!(Instant::now() < deadline, "the file stays locked");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_run_that_dies_at_any_call_ends_with_the_same_rows() {
    let expect = rows(&synced(workspace(25)).await.file());
    let fake = Fake::new(workspace(25));
    run(&fake, options(&Folder::new()), &runtime().0).await.unwrap();
    // The last call comes after the end of the sync: see the next test.
    let calls = fake.calls().len() - 1;
    for die_at in 1..=calls {
        let folder = Folder::new();
        let fake = Fake::new(workspace(25));
        let mut seen = 0;
        let (died, death) = tokio::sync::oneshot::channel();
        let mut died = Some(died);
        fake.on_call(move |_| {
            seen += 1;
            if seen == die_at
                && let Some(died) = died.take()
            {
                let _ = died.send(());
            }
        });
        // Dropping a run is what a kill looks like from inside: nothing is saved, the working folder stays.
        let options = options(&folder);
        let (first, _) = runtime();
        tokio::select! {
            biased;
            _ = death => {}
            result = run(&fake, options.clone(), &first) => { result.unwrap(); }
        }
        released(&folder).await;
        run(&fake, options, &runtime().0).await.unwrap();
        assert_eq!(rows(&folder.file()), expect, "died at call {die_at}");
        assert_eq!(folder.names(), ["sync.c1z"], "died at call {die_at}");
    }
}

#[tokio::test]
async fn a_run_that_died_before_it_saved_is_only_saved() {
    let folder = Folder::new();
    let mut store = c1z::Store::open(&folder.file(), c1z::Options::default()).unwrap();
    let id = store.start_sync(c1z::SyncType::Full, None).unwrap();
    store.put(&[user("u1")]).unwrap();
    store.end_sync().unwrap();
    drop(store);

    let fake = Fake::new(workspace(25));
    let report = run(&fake, options(&folder), &runtime().0).await.unwrap();
    assert_eq!(fake.calls(), ["validate"]);
    assert_eq!(report.sync_id, id.as_str());
    assert_eq!(syncs(&folder.file()).len(), 1);
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[tokio::test]
async fn checkpoints_far_apart_cost_pages_but_no_rows() {
    let folder = Folder::new();
    let rare = SyncOptions { checkpoint_interval: Duration::from_hours(1), ..options(&folder) };
    let fake = Fake::new(World { grants_with_resources: true, ..workspace(45) });
    let (first, _) = runtime();
    let cancel = first.cancel.clone();
    fake.on_call(move |call| {
        if call == "resources user@30" {
            cancel.cancel();
        }
    });
    run(&fake, rare.clone(), &first).await.unwrap_err();
    run(&fake, rare, &runtime().0).await.unwrap();
    assert_eq!(content(&folder.file()), content(&synced(workspace(45)).await.file()));
}

#[tokio::test]
async fn a_run_without_time_leaves_the_rest_to_the_next() {
    let folder = Folder::new();
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@10", vec![Error::new(Code::PermissionDenied, "403")]);
    run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    let no_time = SyncOptions { max_duration: Some(Duration::ZERO), ..options(&folder) };
    let error = run(&fake, no_time, &runtime().0).await.unwrap_err();
    assert_eq!(error.to_string(), "sync exited without finishing");
    assert!(is_preservable(&error));
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    assert_eq!(rows(&folder.file()), rows(&synced(workspace(25)).await.file()));
    assert_eq!(syncs(&folder.file()).len(), 1);
}

#[tokio::test]
async fn a_listing_that_moved_is_started_anew_once() {
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@20", vec![Error::new(Code::PermissionDenied, "403"), Error::restart("it moved")]);
    let folder = Folder::new();
    run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    let unfinished = syncs(&folder.file())[0].id.clone();

    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let runs = syncs(&folder.file());
    assert_eq!(runs.len(), 1);
    assert_ne!(runs[0].id, unfinished);
    assert_eq!(rows(&folder.file()), rows(&synced(workspace(25)).await.file()));
}

#[tokio::test]
async fn a_listing_that_moves_in_a_fresh_sync_fails_it() {
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@20", vec![Error::restart("it moved")]);
    let folder = Folder::new();
    let error = run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
}
