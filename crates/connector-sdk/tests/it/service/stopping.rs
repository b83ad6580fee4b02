//! The end of a connector in service mode (client item 13).

use std::time::Duration;

use connector_sdk::service::Polling;

use super::lab::Lab;
use super::server::id_of;
use super::stuck::Stuck;
use super::syncs::sync;
use crate::fake::{Fake, workspace};

#[tokio::test]
async fn an_idle_connector_stops_at_once() {
    let mut lab = Lab::new().await;
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("a poll", |seen| (seen.polls > 0).then_some(())).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_connector_that_waits_for_its_server_stops_at_once() {
    let mut lab = Lab::new().await;
    lab.server.stop().await;
    lab.start(Fake::new(workspace(1)).connector());
    lab.stop().await;
}

#[tokio::test]
async fn a_task_that_ends_in_time_is_reported_as_done() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    // A test's second is a millisecond.
    lab.options.grace = Duration::from_hours(1000);
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(stuck.connector());
    stuck.started(1).await;
    lab.runtime.cancel.cancel();
    let polls = lab.server.seen(|seen| seen.polls);
    stuck.go();
    assert!(lab.server.finished(&id_of("s")).await.status.is_none());
    lab.stop().await;
    // One question may have been under way.
    let (asked, uploads) = lab.server.seen(|seen| (seen.polls, seen.uploads.len()));
    assert!(asked <= polls + 1 && uploads == 1, "{polls} {asked} {uploads}");
}

#[tokio::test]
async fn a_task_that_takes_too_long_is_cancelled_and_reported() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(stuck.connector());
    stuck.started(1).await;
    lab.stop().await;
    lab.server.seen(|seen| {
        let status = seen.finished[0].status.as_ref().unwrap();
        assert_eq!((seen.finished.len(), status.code, seen.uploads.len()), (1, 1, 0));
    });
    assert!(lab.waits.noted().contains(&Duration::from_secs(25)), "{:?}", lab.waits.noted());
}

#[tokio::test]
async fn tasks_that_were_not_begun_go_back() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.options.polling = Polling::Batched;
    lab.options.task_concurrency = 1;
    lab.server.script(|script| script.tasks.extend(["a", "b"].map(sync)));
    lab.start(stuck.connector());
    stuck.started(1).await;
    lab.stop().await;
    lab.server.seen(|seen| {
        let mut codes: Vec<_> =
            seen.finished.iter().map(|one| (&one.task_id[..1], one.status.as_ref().unwrap().code)).collect();
        codes.sort_unstable();
        assert_eq!(codes, [("a", 1), ("b", 1)]);
    });
    assert_eq!(stuck.begun(), 1);
}
