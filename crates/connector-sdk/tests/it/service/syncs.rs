//! Syncs and their uploads (client items 8, 11, 12).

use connector_sdk::service::FullSync;
use connector_sdk::sync::StorageEngine;
use ids::{Rng, SeededRng};
use proto::c1::connector::v2::Resource;
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use proto::c1::connectorapi::baton::v1::task::{SyncFullTask, TaskType};
use proto::c1::connectorapi::baton::v1::{BatonServiceHeartbeatResponse, Task};
use tonic::Status;

use super::lab::Lab;
use super::server::{id_of, task};
use super::stuck::Stuck;
use crate::fake::{Fake, id, user, workspace};
use crate::file::{Folder, content, finished};

/// A task to sync everything.
pub(crate) fn sync(id: &str) -> Task {
    task(id, TaskType::SyncFull(SyncFullTask::default()))
}

#[tokio::test]
async fn a_sync_is_made_uploaded_and_reported() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(Fake::new(workspace(30)).connector());
    let report = lab.server.finished(&id_of("s")).await;
    assert_eq!(report.host_id, "host-1");
    assert!(report.status.is_none(), "{report:?}");
    let Some(FinalState::Success(success)) = report.final_state else { panic!("{report:?}") };
    assert!(success.response.is_none());
    lab.server.seen(|seen| {
        assert_eq!((&seen.heartbeats[0].task_id, &seen.heartbeats[0].host_id), (&id_of("s"), &"host-1".to_owned()));
        assert_eq!(seen.uploads.len(), 1);
        assert_eq!(seen.uploads[0].task_id, id_of("s"));
        let order: Vec<&str> = seen.calls.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
        let first = |rpc: &str| order.iter().position(|name| *name == rpc).unwrap();
        assert!(first("Heartbeat") < first("UploadAsset") && first("UploadAsset") < first("FinishTask"), "{order:?}");
    });
    lab.stop().await;
}

#[tokio::test]
async fn a_server_in_the_same_process_needs_no_socket() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    let link = lab.server.in_process();
    lab.start_over(Fake::new(workspace(30)).connector(), link);
    assert!(lab.server.finished(&id_of("s")).await.status.is_none());
    assert_eq!(lab.server.seen(|seen| (seen.connections, seen.uploads.len())), (0, 1));
    lab.stop().await;
}

#[tokio::test]
async fn files_go_up_in_pieces_of_512_kib() {
    const PIECE: usize = 524_288;
    let rng = SeededRng::new(1);
    let mut world = workspace(2);
    world.resources.extend((0..40).map(|number| {
        let mut noise = vec![0; 30_000];
        rng.fill(&mut noise);
        let noise = noise.iter().map(|byte| char::from(b'0' + byte % 64)).collect();
        Resource { description: noise, ..user(&format!("n{number}")) }
    }));
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.push_back(sync("s")));
    lab.start(Fake::new(world).connector());
    lab.server.finished(&id_of("s")).await;
    lab.server.seen(|seen| {
        let pieces = &seen.uploads[0].pieces;
        let (last, all_others) = pieces.split_last().unwrap();
        assert!(!all_others.is_empty() && all_others.iter().all(|size| *size == PIECE), "{pieces:?}");
        assert!((1..=PIECE).contains(last), "{pieces:?}");
    });
    lab.stop().await;
}

/// The type of the sync that such a task makes, how many rows it has, or its error.
async fn synced(task: SyncFullTask, change: impl FnOnce(&mut Lab)) -> Result<(String, usize), (i32, String)> {
    let mut lab = Lab::new().await;
    change(&mut lab);
    lab.server.script(|script| script.tasks.push_back(super::server::task("s", TaskType::SyncFull(task))));
    lab.start(Fake::new(workspace(3)).connector());
    let status = lab.server.finished(&id_of("s")).await.status;
    lab.stop().await;
    if let Some(status) = status {
        return Err((status.code, status.message));
    }
    let folder = Folder::new();
    let data = lab.server.seen(|seen| seen.uploads[0].data.clone());
    assert!(data.starts_with(b"C1ZF\0"));
    std::fs::write(folder.file(), data).unwrap();
    Ok((finished(&folder.file()).kind.to_string(), content(&folder.file()).len()))
}

#[tokio::test]
async fn the_task_says_what_is_synced() {
    let everything = SyncFullTask::default;
    let (kind, all) = synced(everything(), |_| {}).await.unwrap();
    assert_eq!(kind, "full");
    let check = async |task: SyncFullTask, kind: &str, rows: usize| {
        assert_eq!(synced(task.clone(), |_| {}).await, Ok((kind.to_owned(), rows)), "{task:?}");
    };
    check(SyncFullTask { skip_expand_grants: true, ..everything() }, "full", all).await;
    for engine in ["sqlite", "pebble"] {
        check(SyncFullTask { storage_engine: engine.to_owned(), ..everything() }, "full", all).await;
    }
    // Two types, two roles and three users; two entitlements and three grants are left out.
    check(SyncFullTask { skip_entitlements_and_grants: true, ..everything() }, "resources_only", 7).await;
    check(SyncFullTask { skip_grants: true, ..everything() }, "full", 9).await;
    let user = Resource { id: Some(id("user", "u001")), ..Resource::default() };
    let (kind, rows) =
        synced(SyncFullTask { targeted_sync_resources: vec![user], ..everything() }, |_| {}).await.unwrap();
    assert!(kind == "partial" && rows < all, "{kind} {rows}");
    let (kind, rows) =
        synced(SyncFullTask { sync_resource_type_ids: vec!["user".to_owned()], ..everything() }, |_| {}).await.unwrap();
    assert!(kind == "full" && rows < all, "{kind} {rows}");
}

#[tokio::test]
async fn what_the_task_cannot_mean_is_an_error() {
    let everything = SyncFullTask::default;
    let text = |result: Result<_, (i32, String)>| result.unwrap_err();
    let (_, unknown) =
        text(synced(SyncFullTask { sync_resource_type_ids: vec!["x".to_owned()], ..everything() }, |_| {}).await);
    assert!(unknown.contains("invalid resource type 'x' in filter"), "{unknown}");
    let (code, _) = text(synced(SyncFullTask { storage_engine: "x".to_owned(), ..everything() }, |_| {}).await);
    assert_eq!(code, 3);
    let target = SyncFullTask { targeted_sync_resources: vec![Resource::default()], ..everything() };
    assert_eq!(text(synced(target, |_| {}).await).0, 3);
}

#[tokio::test]
async fn the_settings_of_the_program_count_too() {
    let everything = SyncFullTask::default;
    // The program's engine goes before the task's, and this one is not offered.
    let pebble = |lab: &mut Lab| lab.options.sync.storage_engine = StorageEngine::Pebble;
    let task = SyncFullTask { storage_engine: "sqlite".to_owned(), ..everything() };
    assert!(synced(task, pebble).await.is_err());
    let skipped = |lab: &mut Lab| lab.options.full_sync = FullSync::Skipped;
    assert_eq!(synced(everything(), skipped).await, Ok(("full".to_owned(), 0)));
}

fn going_on() -> BatonServiceHeartbeatResponse {
    BatonServiceHeartbeatResponse::default()
}

fn cancelled() -> BatonServiceHeartbeatResponse {
    BatonServiceHeartbeatResponse { cancelled: true, ..Default::default() }
}

#[tokio::test]
async fn a_cancelled_sync_ends_and_says_so() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    lab.server.script(|script| {
        script.heartbeats.extend([Ok(going_on()), Ok(going_on()), Ok(cancelled())]);
        script.tasks.push_back(sync("s"));
    });
    lab.start(stuck.connector());
    let report = lab.server.finished(&id_of("s")).await;
    assert_eq!(report.status.unwrap().code, 1);
    assert!(matches!(report.final_state, Some(FinalState::Error(error)) if !error.non_retryable));
    assert_eq!(stuck.begun(), 1);
    assert_eq!(lab.server.seen(|seen| seen.uploads.len()), 0);
    lab.stop().await;
}

#[tokio::test]
async fn a_sync_that_is_cancelled_before_it_begins_does_nothing() {
    for (answer, code) in [(Ok(cancelled()), 1), (Err(Status::not_found("gone")), 5)] {
        let mut lab = Lab::new().await;
        let stuck = Stuck::new();
        lab.server.script(|script| {
            script.heartbeats.push_back(answer);
            script.tasks.push_back(sync("s"));
        });
        lab.start(stuck.connector());
        assert_eq!(lab.server.finished(&id_of("s")).await.status.unwrap().code, code);
        assert_eq!((stuck.begun(), lab.server.seen(|seen| seen.heartbeats.len())), (0, 1));
        lab.stop().await;
    }
}

#[tokio::test]
async fn nine_lost_heartbeats_in_a_row_end_a_sync() {
    let mut lab = Lab::new().await;
    let stuck = Stuck::new();
    let lost = |count: usize| (0..count).map(|_| Err(Status::unavailable("gone")));
    lab.server.script(|script| {
        script.heartbeats.push_back(Ok(going_on()));
        // One success and the count begins anew.
        script.heartbeats.extend(lost(8));
        script.heartbeats.push_back(Ok(going_on()));
        script.heartbeats.extend(lost(9));
        script.tasks.push_back(sync("s"));
    });
    lab.start(stuck.connector());
    assert_eq!(lab.server.finished(&id_of("s")).await.status.unwrap().code, 1);
    // The tenth turn does not call.
    assert_eq!(lab.server.seen(|seen| seen.heartbeats.len()), 1 + 8 + 1 + 9);
    lab.stop().await;
}

#[tokio::test]
async fn a_debug_log_belongs_to_its_own_task() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| {
        script.tasks.push_back(Task { debug: true, ..sync("a") });
        script.tasks.push_back(Task { debug: true, ..Task { id: id_of("b"), ..Task::default() } });
        script.tasks.push_back(sync("c"));
    });
    lab.options.task_concurrency = 1;
    lab.start(Fake::new(workspace(3)).connector());
    lab.server.finished(&id_of("c")).await;
    lab.stop().await;
    lab.server.seen(|seen| {
        let uploads: Vec<(&str, &[u8])> = seen.uploads.iter().map(|one| (&one.task_id[..1], &one.data[..5])).collect();
        assert_eq!(uploads[0], ("a", &b"C1ZF\0"[..]));
        assert_eq!((uploads[1].0, uploads[1].1[0]), ("a", b'{'));
        assert_eq!(uploads[2..], [("c", &b"C1ZF\0"[..])]);
        let log = String::from_utf8(seen.uploads[1].data.clone()).unwrap();
        let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().any(|line| line["msg"] == "Sync complete."), "{log}");
        for secret in ["token-1", "Bearer", "secret-token"] {
            assert!(!log.contains(secret), "{log}");
        }
    });
}
