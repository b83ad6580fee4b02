//! Token, Hello, GetTask, Heartbeat, UploadAsset, FinishTask: the life of a sync.

use domain::sync::State;
use proto::c1::connector::v2::ConnectorMetadata;
use proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceGetTaskRequest, BatonServiceHeartbeatRequest, BatonServiceHelloRequest,
    BatonServiceUploadAssetRequest, baton_service_finish_task_request as finish, baton_service_hello_request as hello,
    baton_service_upload_asset_request as upload, task,
};
use sha2::{Digest as _, Sha256};

use crate::world::World;

pub(crate) fn hello_from(host: &str) -> BatonServiceHelloRequest {
    BatonServiceHelloRequest {
        host_id: host.to_owned(),
        build_info: Some(hello::BuildInfo {
            lang_version: "go1.25.2".to_owned(),
            package: "example.com/baton-demo".to_owned(),
            package_version: "v1.2.3".to_owned(),
        }),
        os_info: Some(hello::OsInfo {
            hostname: host.to_owned(),
            os: "linux".to_owned(),
            platform: "debian".to_owned(),
            platform_version: "12".to_owned(),
            kernel_arch: "x86_64".to_owned(),
            ..Default::default()
        }),
        connector_metadata: Some(ConnectorMetadata { display_name: "Demo".to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

/// The messages of an upload in chunks of 512 KiB, with this digest.
pub(crate) fn upload_of(task: &str, content: &[u8], digest: &[u8]) -> Vec<BatonServiceUploadAssetRequest> {
    use upload::{Msg, UploadData, UploadEof, UploadMetadata};
    let metadata = UploadMetadata { host_id: "pod-1".to_owned(), task_id: task.to_owned(), annotations: Vec::new() };
    let pieces = content.chunks(524_288).map(|piece| Msg::Data(UploadData { data: piece.to_vec() }));
    let eof = UploadEof { sha256_checksum: digest.to_vec(), annotations: Vec::new() };
    std::iter::once(Msg::Metadata(metadata))
        .chain(pieces)
        .chain([Msg::Eof(eof)])
        .map(|msg| BatonServiceUploadAssetRequest { msg: Some(msg) })
        .collect()
}

/// A file that begins as a sync does.
pub(crate) fn sync_file(bytes: usize) -> Vec<u8> {
    let noise = (0..bytes).map(|at| u8::try_from(at * 7 % 251).unwrap_or(0));
    b"C1ZF\0".iter().copied().chain(noise).collect()
}

pub(crate) fn success(task: &str) -> BatonServiceFinishTaskRequest {
    BatonServiceFinishTaskRequest {
        host_id: "pod-1".to_owned(),
        task_id: task.to_owned(),
        final_state: Some(finish::FinalState::Success(finish::Success::default())),
        ..Default::default()
    }
}

testkit::on_both_engines! {
    async fn item_1_a_connector_reaches_its_first_task_and_syncs(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let mut baton = client.baton();
        baton.hello(client.request(hello_from("pod-1"))).await?;

        let poll = || BatonServiceGetTaskRequest { host_id: "pod-1".to_owned() };
        let offered = baton.get_task(client.request(poll())).await?.into_inner();
        let task = offered.task.unwrap();
        assert_eq!(task.id.len(), 27);
        assert!(matches!(&task.task_type, Some(task::TaskType::SyncFull(full)) if full.storage_engine == "sqlite"));
        let idle = baton.get_task(client.request(poll())).await?.into_inner();
        assert_eq!((idle.task, idle.next_poll.unwrap().seconds), (None, 15));

        let pulse = BatonServiceHeartbeatRequest {
            host_id: "pod-1".to_owned(),
            task_id: task.id.clone(),
            ..Default::default()
        };
        let pulse = baton.heartbeat(client.request(pulse)).await?.into_inner();
        assert_eq!((pulse.cancelled, pulse.next_heartbeat.unwrap().seconds), (false, 30));

        let content = sync_file(1_300_000);
        let messages = upload_of(&task.id, &content, &Sha256::digest(&content));
        baton.upload_asset(client.request(tokio_stream::iter(messages))).await?;
        baton.finish_task(client.request(success(&task.id))).await?;

        let sync = store::sync::of_task(&mut *world.store.read().await?, connector, &task.id).await?.unwrap();
        assert_eq!((sync.state, sync.file_bytes), (State::Uploaded, Some(1_300_005)));
        assert!(world.governance.files().contains(&sync.file.unwrap()).await?);
        let found = store::connector::find(&mut *world.store.read().await?, world.store.tenant(), connector).await?;
        assert_eq!(found.unwrap().display_name, "Demo");
        assert_eq!(
            world.actions().await?,
            ["credential.rotated", "connector.contacted", "connector.named", "sync.uploaded"]
        );
    }
}
