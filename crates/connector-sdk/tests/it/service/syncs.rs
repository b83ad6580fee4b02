//! Syncs and their uploads (client items 8, 11, 12).

use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use proto::c1::connectorapi::baton::v1::task::{SyncFullTask, TaskType};

use super::lab::Lab;
use super::server::{id_of, task};
use crate::fake::{Fake, workspace};

pub(crate) fn sync(id: &str) -> proto::c1::connectorapi::baton::v1::Task {
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
        assert!(!seen.heartbeats.is_empty());
        assert_eq!((&seen.heartbeats[0].task_id, &seen.heartbeats[0].host_id), (&id_of("s"), &"host-1".to_owned()));
        assert_eq!(seen.uploads.len(), 1);
        assert_eq!(seen.uploads[0].task_id, id_of("s"));
        assert!(seen.uploads[0].data.starts_with(b"C1ZF\0"));
        let order: Vec<&str> = seen.calls.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
        let first = |rpc: &str| order.iter().position(|name| *name == rpc).unwrap();
        assert!(first("Heartbeat") < first("UploadAsset") && first("UploadAsset") < first("FinishTask"), "{order:?}");
    });
    lab.stop().await;
}
