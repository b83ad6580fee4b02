//! What goes wrong in the field: restarts, clocks, credentials, lost databases.

use auth::credential::{Overlap, Rotation};
use domain::sync::State;
use domain::task::Kind;
use jiff::SignedDuration;
use tonic::Code;

use crate::messages::{success, sync_file, whole_upload};
use crate::world::{Setup, World};

testkit::on_both_engines! {
    async fn item_3_a_clock_that_is_wrong_by_ten_minutes_is_told(database: Database) {
        let world = World::new(&database).await?;
        let (_, client) = world.signed_in().await?;
        for (skew, good) in [(0, true), (110, true), (-110, true), (600, false), (-600, false)] {
            let form = client.form(world.now() + SignedDuration::from_secs(skew));
            let (status, body, _) = client.ask_token(form, None).await?;
            assert_eq!(status == 200, good, "{skew}: {body}");
            if !good {
                let text = body["error_description"].as_str().unwrap();
                assert!(text.contains("clock"), "{text}");
                assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")));
            }
        }
    }

    async fn wrong_replayed_rotated_and_revoked_credentials_are_refused(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        let first = world.rotate(connector, &Rotation::default()).await?;
        let mut client = world.client_of(&first)?;
        client.sign_in(world.now()).await?;
        // Replayed.
        let form = client.form(world.now());
        assert_eq!(client.ask_token(form.clone(), None).await?.0, 200);
        assert_eq!(client.ask_token(form, None).await?.0, 401);
        // Wrong: the key of another.
        let other = world.signed_in().await?.1;
        let mut thief = client.clone();
        thief.key = other.key.clone();
        let (status, body, _) = thief.ask_token(thief.form(world.now()), None).await?;
        assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")));
        // Rotated: both work, then the old one ends, at the endpoint and at calls.
        let second = world.rotate(connector, &Rotation { overlap: Overlap::Hour, ..Rotation::default() }).await?;
        let mut renewed = world.client_of(&second)?;
        renewed.sign_in(world.now()).await?;
        world.pass(3590);
        for client in [&mut client, &mut renewed] {
            client.sign_in(world.now()).await?;
            client.poll("pod-1").await?;
        }
        world.pass(11);
        assert_eq!(client.ask_token(client.form(world.now()), None).await?.0, 401);
        assert_eq!(client.poll("pod-1").await.unwrap_err().code(), Code::Unauthenticated);
        renewed.poll("pod-1").await?;
        // Revoked: at the next call.
        let mut tx = world.store.begin().await?;
        let actor = domain::actor::Actor::System(domain::actor::Part::System);
        let by = auth::By { actor: &actor, via: domain::audit::Via::Cli, ip: None };
        auth::credential::revoke(&mut tx, second.credential.id, None, by).await?;
        tx.commit().await?;
        assert_eq!(renewed.poll("pod-1").await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(renewed.ask_token(renewed.form(world.now()), None).await?.0, 401);
    }

    async fn item_30_a_restart_in_the_middle_of_a_sync_loses_nothing(database: Database) {
        let setup = Setup::new()?;
        let world = setup.clone().start(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        let port = world.dial.address.port();
        // In the middle of an upload, and of the token's life.
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let uploading = {
            let client = client.clone();
            let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
            tokio::spawn(async move { client.baton().upload_asset(client.request(stream)).await.map(drop) })
        };
        let mut messages = whole_upload(&task, &sync_file(600_000)).into_iter();
        sender.send(messages.next().unwrap()).await?;
        sender.send(messages.next().unwrap()).await?;
        crate::uploads::until(|| Ok(world.files()? > 0)).await?;
        world.server.abort();
        world.cancel.cancel();
        drop(world);
        drop(sender);
        let _ = uploading.await?;

        let world = Setup { port, ..setup }.start(&database).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Running);
        assert!(!client.heartbeat("pod-1", &task).await?, "the token of before is valid, the task goes on");
        client.upload(whole_upload(&task, &sync_file(600_000))).await?;
        client.finish(success(&task)).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Uploaded);
    }

    async fn item_6_a_database_that_was_away_costs_an_unavailable_at_most(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        for _ in 0..3 {
            database.disconnect_all()?;
            // Connections of the pool that were cut are found out by their use.
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
            while let Err(status) = client.heartbeat("pod-1", &task).await {
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                assert!(tokio::time::Instant::now() < deadline);
            }
            world.desk.flush_contacts().await.ok();
        }
        client.upload(whole_upload(&task, &sync_file(10))).await?;
        client.finish(success(&task)).await?;
        assert_eq!(world.sync(connector, &task).await?.state, State::Uploaded);
    }

    async fn two_servers_on_one_database_share_the_work(database: Database) {
        let setup = Setup::new()?;
        let one = setup.clone().start(&database).await?;
        let two = setup.start(&database).await?;
        let (connector, client) = one.signed_in().await?;
        let mut elsewhere = client.clone();
        elsewhere.dial.address = two.dial.address;
        for _ in 0..20 {
            one.wait(connector, Kind::Grant).await?;
        }
        let takes = (0..40).map(|turn| {
            let client = if turn % 2 == 0 { client.clone() } else { elsewhere.clone() };
            async move { client.poll("pod-1").await.unwrap().task.map(|task| task.id) }
        });
        let mut taken: Vec<String> = futures_util::future::join_all(takes).await.into_iter().flatten().collect();
        let before = taken.len();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!((before, taken.len()), (20, 20), "each is offered once");
        for (turn, task) in taken.iter().enumerate() {
            let client = if turn % 2 == 0 { &elsewhere } else { &client };
            client.finish(success(task)).await?;
        }
        one.actions().await?;
    }
}
