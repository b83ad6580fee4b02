//! How tasks are asked for and carried out (client items 7, 9, 10).

use std::time::Duration;

use connector_sdk::service::Polling;
use connector_sdk::service::task::Provisioning;
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use proto::c1::connectorapi::baton::v1::task::{GrantTask, TaskType};

use super::lab::Lab;
use super::server::{Seen, id_of, task};
use super::stuck::Stuck;
use super::syncs::sync;
use crate::fake::{Fake, user, workspace};

fn grant(id: &str) -> proto::c1::connectorapi::baton::v1::Task {
    let entitlement = workspace(1).entitlements[0].clone();
    let grant = GrantTask { entitlement: Some(entitlement), principal: Some(user("u001")), ..GrantTask::default() };
    task(id, TaskType::Grant(grant))
}

#[tokio::test]
async fn a_grant_is_carried_out_with_leave_only() {
    for provisioning in [Provisioning::Disabled, Provisioning::Enabled] {
        let mut lab = Lab::new().await;
        lab.options.provisioning = provisioning;
        lab.server.script(|script| script.tasks.push_back(grant("g")));
        let fake = Fake::new(workspace(1));
        lab.start(fake.connector());
        let report = lab.server.finished(&id_of("g")).await;
        lab.stop().await;
        assert_eq!(lab.server.seen(|seen| seen.heartbeats.len()), 0);
        match provisioning {
            Provisioning::Disabled => {
                let status = report.status.unwrap();
                assert_eq!(status.code, 9);
                assert!(status.message.contains("provisioning is not enabled"), "{status:?}");
                assert_eq!(fake.calls(), Vec::<String>::new());
            }
            Provisioning::Enabled => {
                let Some(FinalState::Success(success)) = report.final_state else { panic!("{report:?}") };
                let expect = "type.googleapis.com/c1.connector.v2.GrantManagerServiceGrantResponse";
                assert_eq!(success.response.unwrap().type_url, expect);
                assert_eq!(fake.calls().len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn with_all_slots_busy_nobody_asks() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.options.task_concurrency = 2;
    lab.server.script(|script| script.tasks.extend(["a", "b", "c"].map(sync)));
    lab.start(stuck.connector());
    stuck.started(2).await;
    let polls = lab.server.seen(|seen| seen.polls);
    assert_eq!(polls, 2);
    let beats = |seen: &Seen| (seen.heartbeats.len() >= 8).then_some(());
    lab.server.until("heartbeats", beats).await;
    assert_eq!((lab.server.seen(|seen| seen.polls), stuck.begun()), (2, 2));
    stuck.go();
    for id in ["a", "b", "c"] {
        assert!(lab.server.finished(&id_of(id)).await.status.is_none());
    }
    lab.stop().await;
}

#[tokio::test]
async fn the_next_question_comes_when_the_server_wants_it() {
    for (seconds, expect) in [(None, 100), (Some(0), 100), (Some(-3), 100), (Some(15), 15_000), (Some(400), 300_000)] {
        let mut lab = Lab::new().await;
        lab.server.script(|script| script.next_poll = seconds.map(|seconds| proto::Duration { seconds, nanos: 0 }));
        lab.start(Fake::new(workspace(1)).connector());
        lab.server.until("polls", |seen| (seen.polls >= 2).then_some(())).await;
        assert_eq!(lab.waits.noted()[0], Duration::from_millis(expect), "{seconds:?}");
        lab.stop().await;
    }
}

#[tokio::test]
async fn after_a_task_the_next_question_waits_too() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| {
        script.tasks.extend([grant("a"), grant("b")]);
        script.next_poll = Some(proto::Duration { seconds: 40, nanos: 0 });
    });
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("polls", |seen| (seen.polls >= 3).then_some(())).await;
    // After the first task the server wants no wait at all.
    assert_eq!(lab.waits.noted()[0], Duration::from_secs(40));
    lab.stop().await;
}

#[tokio::test]
async fn a_task_that_is_at_work_is_not_begun_again() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.server.script(|script| script.tasks.extend([sync("a"), sync("a"), sync("b")]));
    lab.start(stuck.connector());
    stuck.started(2).await;
    lab.server.until("polls", |seen| (seen.polls >= 5).then_some(())).await;
    assert_eq!(stuck.begun(), 2);
    stuck.go();
    for id in ["a", "b"] {
        lab.server.finished(&id_of(id)).await;
    }
    lab.stop().await;
    assert_eq!(lab.server.seen(|seen| seen.finished.len()), 2);
}

#[tokio::test]
async fn several_tasks_are_asked_for_at_once_if_wanted() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.options.polling = Polling::Batched;
    lab.server.script(|script| script.tasks.extend(["a", "b", "c", "d", "e"].map(sync)));
    lab.start(stuck.connector());
    stuck.started(3).await;
    lab.server.until("heartbeats", |seen| (seen.heartbeats.len() >= 12).then_some(())).await;
    lab.server.seen(|seen| {
        // Five at hand are enough for three slots.
        assert_eq!((seen.batches.len(), seen.polls), (1, 0));
        assert_eq!((seen.batches[0].page_size, seen.batches[0].known_task_ids.len()), (6, 0));
        assert_eq!(seen.batches[0].host_id, "host-1");
    });
    assert_eq!(stuck.begun(), 3);
    stuck.go();
    for id in ["a", "b", "c", "d", "e"] {
        lab.server.finished(&id_of(id)).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn what_is_at_hand_is_named_when_more_is_asked_for() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.options.polling = Polling::Batched;
    lab.server.script(|script| script.tasks.extend([sync("a"), sync("a")]));
    lab.start(stuck.connector());
    stuck.started(1).await;
    let asked = |seen: &Seen| seen.batches.get(1).cloned();
    let batch = lab.server.until("a second question", asked).await;
    assert_eq!((batch.page_size, batch.known_task_ids), (5, vec![id_of("a")]));
    stuck.go();
    lab.server.finished(&id_of("a")).await;
    lab.stop().await;
    assert_eq!(stuck.begun(), 1);
}

#[tokio::test]
async fn no_more_than_a_hundred_tasks_are_asked_for() {
    let mut lab = Lab::new().await;
    lab.options.polling = Polling::Batched;
    lab.options.task_concurrency = 100;
    lab.start(Fake::new(workspace(1)).connector());
    let batch = lab.server.until("a question", |seen| seen.batches.first().cloned()).await;
    assert_eq!(batch.page_size, 100);
    lab.stop().await;
}
