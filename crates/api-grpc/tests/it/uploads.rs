//! Files on their way in: right, wrong, lying, cut.

use domain::sync::State;
use futures_util::StreamExt as _;
use proto::c1::connectorapi::baton::v1::BatonServiceUploadAssetRequest;
use proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::Msg;
use tonic::Code;

use crate::client::Client;
use crate::messages::{success, sync_file, upload_of, whole_upload};
use crate::world::{Setup, World};

async fn syncing(world: &World) -> anyhow::Result<(ids::ConnectorId, Client, String)> {
    let (connector, client) = world.signed_in().await?;
    client.hello("pod-1").await?;
    let task = client.take("pod-1").await?;
    Ok((connector, client, task))
}

fn changed(
    task: &str,
    change: impl Fn(&mut Vec<BatonServiceUploadAssetRequest>),
) -> Vec<BatonServiceUploadAssetRequest> {
    let mut messages = whole_upload(task, &sync_file(600_000));
    change(&mut messages);
    messages
}

fn edited(message: &mut BatonServiceUploadAssetRequest, edit: impl Fn(&mut Msg)) {
    edit(message.msg.as_mut().unwrap());
}

testkit::on_both_engines! {
    async fn item_25_every_wrong_order_is_refused_after_the_half_close_and_stores_nothing(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        // The messages: metadata, two pieces, eof. Behind a fault come enough of them to fill every window.
        let flood = |messages: &mut Vec<BatonServiceUploadAssetRequest>| {
            let piece = messages[1].clone();
            messages.splice(2..2, std::iter::repeat_n(piece, 12));
        };
        for (name, messages) in [
            ("metadata", changed(&task, |all| drop(all.remove(0)))),
            ("metadata", changed(&task, |all| { let first = all[0].clone(); all.insert(1, first); flood(all); })),
            ("eof", changed(&task, |all| drop(all.pop()))),
            ("eof", changed(&task, |all| all.truncate(1))),
            ("eof", changed(&task, |all| { let piece = all[1].clone(); all.push(piece); })),
            ("eof", changed(&task, |all| { let last = all[3].clone(); all.push(last); })),
            ("msg", changed(&task, |all| all[1].msg = None)),
            ("data", changed(&task, |all| edited(&mut all[1], |msg| {
                if let Msg::Data(piece) = msg { piece.data.clear(); }
            }))),
            ("data", changed(&task, |all| edited(&mut all[1], |msg| {
                if let Msg::Data(piece) = msg { piece.data = vec![0; (1 << 20) + 1]; }
            }))),
            ("sha256_checksum", changed(&task, |all| edited(&mut all[3], |msg| {
                if let Msg::Eof(eof) = msg { eof.sha256_checksum.pop(); }
            }))),
            ("task_id", changed(&task, |all| { edited(&mut all[0], |msg| {
                if let Msg::Metadata(metadata) = msg { "no".clone_into(&mut metadata.task_id); }
            }); flood(all); })),
            ("host_id", changed(&task, |all| edited(&mut all[0], |msg| {
                if let Msg::Metadata(metadata) = msg { metadata.host_id.clear(); }
            }))),
            ("msg", Vec::new()),
        ] {
            let status = client.upload(messages).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{name}: {status:?}");
            assert!(status.message().contains(name), "{name}: {}", status.message());
        }
        let stranger = world.signed_in().await?.1;
        let status = stranger.upload(whole_upload(&task, &sync_file(9))).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(world.files()?, 0);
        assert_eq!(world.sync(connector, &task).await?.state, State::Running);
    }

    async fn d5_a_wrong_digest_is_data_loss_and_stores_nothing(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        for content in [sync_file(600_000), b"{\"msg\":\"a log\"}".to_vec(), b"neither".to_vec(), Vec::new()] {
            let status = client.upload(upload_of(&task, &content, &[7; 32])).await.unwrap_err();
            assert_eq!(status.code(), Code::DataLoss, "{status:?}");
        }
        for content in [b"neither".to_vec(), Vec::new(), b"C1".to_vec()] {
            let status = client.upload(whole_upload(&task, &content)).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        }
        assert_eq!(world.files()?, 0);
        assert_eq!(world.sync(connector, &task).await?.state, State::Running);
    }

    async fn an_upload_beyond_the_limit_is_refused_and_stores_nothing(database: Database) {
        let setup = Setup { upload_limit_bytes: 700_000, ..Setup::new()? };
        let world = setup.start(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        let status = client.upload(whole_upload(&task, &sync_file(3_000_000))).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("700000 bytes"), "{}", status.message());
        assert_eq!(world.files()?, 0);
        client.upload(whole_upload(&task, &sync_file(600_000))).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Uploaded);
    }

    async fn item_25_a_cut_upload_stores_nothing_and_can_be_repeated(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        let mut messages = whole_upload(&task, &sync_file(2_000_000));
        messages.truncate(3);
        let (begun, begins) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        let stream = tokio_stream::iter(messages)
            .inspect(move |message| {
                if matches!(message.msg, Some(Msg::Data(_)))
                    && let Some(begun) = begun.take()
                {
                    let _ = begun.send(());
                }
            })
            .chain(futures_util::stream::pending());
        let cut = {
            let client = client.clone();
            tokio::spawn(async move { client.baton().upload_asset(client.request(stream)).await.map(drop) })
        };
        begins.await?;
        cut.abort();
        let _ = cut.await;
        until(|| Ok(world.files()? == 0)).await?;
        client.upload(whole_upload(&task, &sync_file(2_000_000))).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Uploaded);
        assert_eq!(world.files()?, 1);
    }

    async fn item_26_repeats_and_uploads_after_the_end_are_harmless(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        for _ in 0..3 {
            client.upload(whole_upload(&task, &sync_file(600_000))).await?;
        }
        let uploaded = world.sync(connector, &task).await?;
        client.finish(success(&task)).await?;
        client.upload(whole_upload(&task, &sync_file(600_000))).await?;
        client.upload(whole_upload(&task, &sync_file(1_000))).await?;
        assert_eq!(world.sync(connector, &task).await?, uploaded);
        assert_eq!(world.actions().await?.iter().filter(|action| *action == "sync.uploaded").count(), 1);
        let mut conn = world.store.read().await?;
        let jobs = sqlx::query("SELECT kind FROM job WHERE state = 'queued'").fetch_all(&mut *conn).await?;
        assert_eq!(jobs.len(), 1, "one job reads the file");
    }

    async fn item_27_a_log_never_takes_the_place_of_the_sync(database: Database) {
        let world = World::new(&database).await?;
        for log_first in [false, true] {
            let (connector, client, task) = syncing(&world).await?;
            let mut uploads = [whole_upload(&task, &sync_file(50)), whole_upload(&task, b"{\"msg\":\"stale\"}\n")];
            if log_first {
                uploads.reverse();
            }
            for upload in uploads {
                client.upload(upload).await?;
            }
            client.finish(success(&task)).await?;
            let sync = world.sync(connector, &task).await?;
            assert_eq!((sync.state, sync.engine.as_deref(), sync.file_bytes), (State::Uploaded, Some("v1"), Some(55)));
            assert!(sync.log.is_some());
        }
        assert_eq!(world.files()?, 2, "the same sync and the same log, each stored once");
    }

    async fn item_28_a_file_of_the_other_engine_is_taken(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        client.upload(whole_upload(&task, b"C1Z3\0 and more")).await?;
        let sync = world.sync(connector, &task).await?;
        assert_eq!((sync.state, sync.engine.as_deref()), (State::Uploaded, Some("v3")));
    }

    async fn a_storage_that_is_away_is_told_and_the_upload_can_be_repeated(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client, task) = syncing(&world).await?;
        let folder = world.folder.path().join("files");
        // Where the folder of incoming files would be, something else is.
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("incoming"), "in the way")?;
        let status = client.upload(whole_upload(&task, &sync_file(600_000))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        std::fs::remove_file(folder.join("incoming"))?;
        client.upload(whole_upload(&task, &sync_file(600_000))).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Uploaded);
    }
}

/// Waits until the condition holds.
pub(crate) async fn until(mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds()? {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "it does not come to hold");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Ok(())
}
