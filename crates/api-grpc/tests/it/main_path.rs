//! From the token to the end of a sync.

use domain::sync::State;
use proto::c1::connectorapi::baton::v1::{BatonServiceGetTaskRequest, BatonServiceHeartbeatRequest, task};

use crate::messages::{hello_from, success, sync_file, whole_upload};
use crate::world::World;

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
        let messages = whole_upload(&task.id, &content);
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
