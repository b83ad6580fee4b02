//! What goes wrong, and what comes of it (client items 5, 7, 9, 11; a server that restarts).

use std::time::Duration;

use connector_sdk::error::Code;
use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use tonic::Status;

use super::lab::Lab;
use super::server::{Seen, id_of, task};
use super::stuck::Stuck;
use super::syncs::sync;
use crate::fake::{Fake, workspace};

fn polls(least: usize) -> impl FnMut(&Seen) -> Option<()> {
    move |seen| (seen.polls >= least).then_some(())
}

#[tokio::test]
async fn hello_is_retried_or_final_by_its_code() {
    for code in Code::ALL.into_iter().filter(|code| *code != Code::Ok) {
        let mut lab = Lab::new().await;
        // A token that is refused once is replaced.
        let times = if code == Code::Unauthenticated { 2 } else { 1 };
        let answer = || Status::new(i32::from(code.number()).into(), "no");
        lab.server.script(|script| script.hello.extend((0..times).map(|_| answer())));
        lab.start(Fake::new(workspace(1)).connector());
        let is_final = [
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::InvalidArgument,
            Code::Unimplemented,
            Code::FailedPrecondition,
            Code::NotFound,
        ]
        .contains(&code);
        if is_final {
            assert_eq!(lab.end().await.unwrap_err().code(), code);
            assert_eq!(lab.server.seen(|seen| seen.polls), 0);
        } else {
            lab.server.until("a poll", polls(1)).await;
            assert_eq!(lab.server.seen(|seen| seen.hellos.len()), 2, "{code}");
            lab.stop().await;
        }
    }
}

#[tokio::test]
async fn waits_for_hello_double() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.hello.extend((0..11).map(|_| Status::unavailable("not yet"))));
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("a poll", polls(1)).await;
    let waits = lab.waits.noted();
    for (wait, most) in waits.iter().zip([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
        let most = Duration::from_secs(most);
        assert!((most / 2..=most).contains(wait), "{waits:?}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_server_that_comes_late_is_waited_for() {
    let mut lab = Lab::new().await;
    lab.server.stop().await;
    lab.start(Fake::new(workspace(1)).connector());
    let waits = std::sync::Arc::clone(&lab.waits);
    let many = async {
        // The time for connecting runs out more than once.
        while waits.noted().len() < 20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), many).await.unwrap();
    lab.server.again().await;
    lab.server.until("a poll", polls(1)).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_restart_is_bridged_with_the_same_token() {
    let mut lab = Lab::new().await;
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("polls", polls(3)).await;
    for connections in 2..4 {
        lab.server.stop().await;
        lab.server.again().await;
        let so_far = lab.server.seen(|seen| seen.polls);
        lab.server.until("polls", polls(so_far + 3)).await;
        assert_eq!(lab.server.seen(|seen| (seen.connections, seen.tokens.len())), (connections, 1));
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_sync_survives_a_restart_of_the_server() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(stuck.connector());
    stuck.started(1).await;
    lab.server.stop().await;
    lab.server.again().await;
    stuck.go();
    assert!(lab.server.finished(&id_of("s")).await.status.is_none());
    assert_eq!(lab.server.seen(|seen| (seen.uploads.len(), seen.tokens.len())), (1, 1));
    lab.stop().await;
}

#[tokio::test]
async fn after_errors_the_next_question_waits() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.polls.extend((0..9).map(|_| Status::resource_exhausted("slow down"))));
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("polls", polls(10)).await;
    let waits = lab.waits.noted();
    for (wait, most) in waits.iter().zip([1, 4, 9, 16, 25, 36, 49, 60, 60]) {
        let most = Duration::from_secs(most);
        assert!((most / 2..=most).contains(wait), "{waits:?}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_report_is_repeated_unless_it_is_refused() {
    for (errors, reports, attempts) in [
        (vec![Status::unavailable("x"), Status::internal("x"), Status::unknown("x")], 1, 4),
        (vec![Status::not_found("x")], 0, 1),
        (vec![Status::invalid_argument("x")], 0, 1),
        // After 1 + 2 + 4 + 8 s, and 16 s that there are not any more.
        ((0..9).map(|_| Status::unavailable("x")).collect(), 0, 5),
    ] {
        let mut lab = Lab::new().await;
        lab.server.script(|script| {
            script.finish.extend(errors);
            script.tasks.push_back(Task { id: id_of("t"), ..Task::default() });
        });
        lab.start(Fake::new(workspace(1)).connector());
        lab.server.until("attempts", |seen| (seen.count("FinishTask") >= attempts).then_some(())).await;
        let so_far = lab.server.seen(|seen| seen.polls);
        lab.server.until("polls", polls(so_far + 3)).await;
        lab.stop().await;
        assert_eq!(lab.server.seen(|seen| (seen.finished.len(), seen.count("FinishTask"))), (reports, attempts));
        let timeouts = lab.server.seen(|seen| {
            let all = seen.calls.iter().filter(|(_, headers)| headers.contains_key("grpc-timeout"));
            all.map(|(path, _)| path.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
        });
        assert_eq!(timeouts, vec!["FinishTask"; attempts]);
    }
}

#[tokio::test]
async fn unknown_tasks_are_answered() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.push_back(Task { id: id_of("t"), ..Task::default() }));
    lab.start(Fake::new(workspace(1)).connector());
    let report = lab.server.finished(&id_of("t")).await;
    let status = report.status.unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "unsupported task type"));
    assert!(matches!(report.final_state, Some(FinalState::Error(error)) if !error.non_retryable));
    lab.stop().await;
}

#[tokio::test]
async fn an_upload_has_three_attempts_and_reports_the_error_of_the_server() {
    let digest = || Status::data_loss("digest mismatch");
    for (after, within, code, uploads) in [
        (vec![digest()], vec![], None, 2),
        (vec![digest(), digest()], vec![], None, 3),
        (vec![digest(), digest(), digest()], vec![], Some((15, "digest mismatch")), 3),
        (vec![], vec![Status::unavailable("restarting")], None, 1),
        (vec![], (0..3).map(|_| Status::resource_exhausted("too large")).collect(), Some((8, "too large")), 0),
    ] {
        let mut lab = Lab::new().await;
        lab.server.script(|script| {
            script.uploads.extend(after);
            script.cut.extend(within);
            script.tasks.push_back(sync("s"));
        });
        lab.start(Fake::new(workspace(3)).connector());
        let status = lab.server.finished(&id_of("s")).await.status;
        let got = status.as_ref().map(|status| (status.code, status.message.as_str()));
        assert_eq!(got, code);
        lab.server.seen(|seen| {
            assert_eq!(seen.uploads.len(), uploads);
            assert!(seen.uploads.windows(2).all(|pair| pair[0].data == pair[1].data));
        });
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_panic_in_the_connector_is_an_internal_error() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    stuck.panic(true);
    stuck.go();
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(stuck.connector());
    let status = lab.server.finished(&id_of("s")).await.status.unwrap();
    assert_eq!((status.code, status.message.as_str()), (13, "Internal Server Error"));
    // The runner lives on.
    stuck.panic(false);
    lab.server.script(|script| script.tasks.push_back(sync("again")));
    assert!(lab.server.finished(&id_of("again")).await.status.is_none());
    lab.stop().await;
}

#[tokio::test]
async fn a_task_without_sense_does_no_harm() {
    use proto::c1::connectorapi::baton::v1::task::{NoneTask, TaskType};
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.extend([task("n", TaskType::None(NoneTask::default())), Task::default()]));
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("polls", polls(5)).await;
    lab.stop().await;
    assert_eq!(lab.server.seen(|seen| seen.finished.iter().map(|one| one.task_id.clone()).collect::<Vec<_>>()), [""]);
}
