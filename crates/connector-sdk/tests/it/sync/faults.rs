//! What a run does when the upstream or the connector fails.

use c1z::Grants;
use connector_sdk::error::{Code, Error};
use connector_sdk::sync::{StorageEngine, is_preservable};
use tokio_util::sync::CancellationToken;

use super::{options, run};
use crate::fake::{Fake, World, group, group_type, limited, runtime, unavailable, workspace};
use crate::file::{Folder, finished, ids, syncs};

#[tokio::test]
async fn a_refused_token_leaves_no_file() {
    let fake = Fake::new(workspace(5));
    fake.fail("validate", vec![Error::new(Code::Unauthenticated, "401 Unauthorized")]);
    let folder = Folder::new();
    let error = run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "rpc error: code = Unauthenticated desc = validate failed: \
         rpc error: code = Unauthenticated desc = 401 Unauthorized"
    );
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[tokio::test]
async fn the_credential_check_is_retried_five_times() {
    let fake = Fake::new(workspace(5));
    fake.fail("validate", (0..9).map(|_| unavailable()).collect());
    let folder = Folder::new();
    let (runtime, waits) = runtime();
    let error = run(&fake, options(&folder), &runtime).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(fake.calls().len(), 6);
    assert_eq!(waits.seconds(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn listings_are_retried_until_they_succeed() {
    let fake = Fake::new(workspace(25));
    let mut errors: Vec<Error> = (0..7).map(|_| unavailable()).collect();
    errors.push(limited(30));
    errors.push(Error::new(Code::DeadlineExceeded, "408"));
    fake.fail("resources user@10", errors);
    let folder = Folder::new();
    let (runtime, waits) = runtime();
    run(&fake, options(&folder), &runtime).await.unwrap();
    let waits = waits.seconds();
    assert_eq!(waits[..7], [1, 2, 3, 4, 5, 6, 7]);
    assert!((29..=30).contains(&waits[7]), "{waits:?}");
    assert_eq!(waits[8], 9);
    assert_eq!(ids(&folder.file(), Grants::All).len(), 25);
}

#[tokio::test]
async fn a_failure_on_the_way_saves_what_is_there_and_the_next_run_goes_on() {
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@10", vec![Error::new(Code::PermissionDenied, "403 Forbidden")]);
    let folder = Folder::new();
    let error = run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert_eq!(folder.names(), ["sync.c1z"]);
    assert!(syncs(&folder.file())[0].ended_at.is_none());

    let before = fake.calls().len();
    run(&fake, options(&folder), &runtime().0).await.unwrap();
    let calls = fake.calls().split_off(before);
    assert_eq!(calls[..3], ["validate", "resources user@10", "resources user@20"]);
    assert_eq!(syncs(&folder.file()).len(), 1);
    assert_eq!(ids(&folder.file(), Grants::All).len(), 25);
}

#[tokio::test]
async fn a_failure_before_the_first_page_leaves_no_file() {
    let fake = Fake::new(World { types: vec![], ..workspace(0) });
    fake.fail("cleanup", vec![Error::unknown("only logged")]);
    let folder = Folder::new();
    let (runtime, _) = runtime();
    runtime.cancel.cancel();
    let error = run(&fake, options(&folder), &runtime).await.unwrap_err();
    assert_eq!(error.code(), Code::Canceled);
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[tokio::test]
async fn what_vanishes_while_it_is_listed_is_skipped_with_a_warning() {
    let fake = Fake::new(workspace(25));
    fake.fail("grants role role:editor", vec![Error::not_found("404")]);
    let folder = Folder::new();
    let report = run(&fake, options(&folder), &runtime().0).await.unwrap();
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(ids(&folder.file(), Grants::All).len(), 16);
}

#[tokio::test]
async fn a_missing_listing_of_a_whole_type_fails_the_sync() {
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@10", vec![Error::not_found("404")]);
    let folder = Folder::new();
    let error = run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn too_many_warnings_end_the_sync() {
    let groups: Vec<_> = (0..150).map(|number| group(&format!("g{number}"))).collect();
    for (missing, fails) in [(10, false), (11, false), (120, true)] {
        let fake = Fake::new(World { types: vec![group_type()], resources: groups.clone(), ..World::default() });
        for number in 0..missing {
            let call = format!("entitlements group group:g{number}");
            fake.fail(&call, vec![Error::not_found("404")]);
        }
        let folder = Folder::new();
        let result = run(&fake, options(&folder), &runtime().0).await;
        match result {
            Ok(report) => assert!(!fails && report.warnings.len() == missing, "{missing}"),
            Err(error) => {
                assert!(fails, "{missing}");
                assert_eq!(error.to_string(), "too many warnings, exiting sync");
                assert!(is_preservable(&error));
                assert_eq!(folder.names(), ["sync.c1z"]);
            }
        }
    }
}

#[tokio::test]
async fn the_first_error_of_parallel_listings_ends_the_sync() {
    let fake = Fake::new(workspace(60));
    fake.fail("resources user@20", vec![Error::new(Code::Internal, "broken")]);
    let folder = Folder::new();
    let mut options = options(&folder);
    options.workers = connector_sdk::sync::Workers::Fixed(4);
    let error = run(&fake, options.clone(), &runtime().0).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    run(&fake, options, &runtime().0).await.unwrap();
    assert_eq!(ids(&folder.file(), Grants::All).len(), 60);
}

#[tokio::test]
async fn cancelling_ends_a_wait_and_keeps_what_is_there() {
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@20", (0..99).map(|_| unavailable()).collect());
    let folder = Folder::new();
    let (mut runtime, _) = runtime();
    runtime.cancel = CancellationToken::new();
    let cancel = runtime.cancel.clone();
    let mut seen = 0;
    fake.on_call(move |call| {
        seen += usize::from(call == "resources user@20");
        if seen == 3 {
            cancel.cancel();
        }
    });
    let error = run(&fake, options(&folder), &runtime).await.unwrap_err();
    assert_eq!(error.code(), Code::Canceled);
    assert_eq!(folder.names(), ["sync.c1z"]);
    assert!(syncs(&folder.file())[0].token.contains(r#""page_token":"20""#));
}

#[tokio::test]
async fn pebble_and_files_of_others_are_refused_before_anything_is_asked() {
    let folder = Folder::new();
    let fake = Fake::new(workspace(1));
    let mut pebble = options(&folder);
    pebble.storage_engine = StorageEngine::Pebble;
    let error = run(&fake, pebble, &runtime().0).await.unwrap_err();
    assert!(error.to_string().contains("pebble"), "{error}");
    std::fs::write(folder.file(), "a text").unwrap();
    let error = run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(error.code(), Code::Unknown);
    assert!(error.to_string().contains("c1z: invalid file"), "{error}");
    assert_eq!(fake.calls(), Vec::<String>::new());
    assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), "a text");
}

#[tokio::test]
async fn a_sync_that_ended_is_not_touched_by_a_later_failure() {
    let folder = Folder::new();
    run(&Fake::new(workspace(5)), options(&folder), &runtime().0).await.unwrap();
    let first = finished(&folder.file());
    let fake = Fake::new(workspace(25));
    fake.fail("resources user@10", vec![Error::new(Code::Unauthenticated, "401")]);
    run(&fake, options(&folder), &runtime().0).await.unwrap_err();
    assert_eq!(finished(&folder.file()), first);
    assert_eq!(syncs(&folder.file()).len(), 2);
}
