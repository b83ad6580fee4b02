//! Offers, leases, signs of life.

use domain::sync::State as SyncState;
use domain::task::{Kind, Outcome, State};
use proto::c1::connectorapi::baton::v1::BatonServiceGetTasksRequest;
use tonic::Code;

use crate::client::Client;
use crate::messages::{failure, success};
use crate::world::World;

async fn batch(client: &Client, page_size: u32, known: &[String]) -> Result<Vec<String>, tonic::Status> {
    let known_task_ids = known.to_vec();
    let host_id = "pod-1".to_owned();
    let ask = BatonServiceGetTasksRequest { host_id, page_size, known_task_ids, ..Default::default() };
    let answer = client.baton().get_tasks(client.request(ask)).await?.into_inner();
    Ok(answer.tasks.into_iter().map(|task| task.id).collect())
}

testkit::on_both_engines! {
    async fn item_12_an_idle_poll_writes_nothing_and_more_work_is_fetched_at_once(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let before = world.found(connector).await?;
        let idle = client.poll("pod-1").await?;
        assert_eq!((idle.task, idle.next_poll.unwrap().seconds), (None, 15));
        assert_eq!(world.found(connector).await?, before);
        world.desk.flush_contacts().await?;
        assert_eq!(world.found(connector).await?.last_contact_at, Some(world.now()));
        for _ in 0..2 {
            world.wait(connector, Kind::Grant).await?;
        }
        assert_eq!(client.poll("pod-1").await?.next_poll.unwrap().seconds, 0);
        assert_eq!(client.poll("pod-1").await?.next_poll.unwrap().seconds, 15);
    }

    async fn item_13_a_task_is_offered_once_while_its_lease_runs(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        world.wait(connector, Kind::Grant).await?;
        let polls = (0..8).map(|pod| {
            let client = client.clone();
            async move { client.poll(&format!("pod-{pod}")).await.unwrap().task }
        });
        let offered = futures_util::future::join_all(polls).await;
        assert_eq!(offered.iter().flatten().count(), 1);
        world.pass(14 * 60);
        world.desk.sweep().await?;
        assert_eq!(client.poll("pod-1").await?.task, None);
    }

    async fn item_14_batches_are_capped_and_known_tasks_are_not_answered_again(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        for _ in 0..103 {
            world.wait(connector, Kind::Grant).await?;
        }
        let first = batch(&client, 200, &[]).await?;
        assert_eq!(first.len(), 100);
        world.pass(10 * 60);
        // Known tasks keep their leases, also those that were lost meanwhile.
        assert_eq!(batch(&client, 200, &first).await?.len(), 3);
        world.desk.flush_leases().await?;
        world.pass(10 * 60);
        let mut client = client;
        client.sign_in(world.now()).await?;
        world.desk.sweep().await?;
        assert_eq!(world.task(&first[0]).await?.state, State::Leased);
        assert_eq!(batch(&client, 1, &[]).await?.len(), 0);
        assert_eq!(batch(&client, 0, &[]).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(batch(&client, 6, &["x".to_owned()]).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn item_15_heartbeats_alone_are_contact(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        for _ in 0..6 {
            world.pass(30);
            assert!(!client.heartbeat("pod-1", &task).await?);
            world.desk.flush_leases().await?;
            world.desk.sweep().await?;
        }
        world.desk.flush_contacts().await?;
        assert_eq!(world.found(connector).await?.last_contact_at, Some(world.now()));
        assert_eq!(world.sync(connector, &task).await?.state, SyncState::Running);
    }

    async fn item_17_a_lost_sync_is_offered_three_times_then_fails(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        for _ in 0..2 {
            world.pass(91);
            assert_eq!(world.desk.sweep().await?, 1);
            assert_eq!(world.sync(connector, &task).await?.state, SyncState::Queued);
            assert_eq!(client.take("pod-1").await?, task);
            assert_eq!(world.sync(connector, &task).await?.state, SyncState::Running);
        }
        world.pass(91);
        assert_eq!(world.desk.sweep().await?, 1);
        assert_eq!(world.task(&task).await?.outcome, Some(Outcome::LeaseLost));
        let sync = world.sync(connector, &task).await?;
        assert_eq!(sync.state, SyncState::Failed);
        assert!(sync.error.unwrap().contains("`pod-1` was not heard of"));
        world.governance.plan_next_syncs().await?;
        let found = world.found(connector).await?;
        assert_eq!(found.failures_in_a_row, 1);
        assert_eq!(found.next_sync_at, Some(world.now() + jiff::SignedDuration::from_mins(1)));
        assert_eq!(client.poll("pod-1").await?.task, None);
    }

    async fn item_17_a_lost_write_is_offered_again(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Revoke).await?.to_string();
        assert_eq!(client.take("pod-1").await?, id);
        world.pass(15 * 60);
        let mut client = client;
        client.sign_in(world.now()).await?;
        assert_eq!(world.desk.sweep().await?, 1);
        assert_eq!(client.take("pod-2").await?, id);
        assert!(world.lines(connector).await?[0].contains("attempt 1 of 5"));
    }

    async fn item_30_a_connector_that_worked_on_while_the_server_was_away_keeps_its_task(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        world.pass(200);
        world.desk.sweep().await?;
        assert_eq!(world.sync(connector, &task).await?.state, SyncState::Queued);
        assert!(!client.heartbeat("pod-1", &task).await?);
        assert_eq!(world.sync(connector, &task).await?.state, SyncState::Running);
        assert_eq!(client.poll("pod-1").await?.task, None, "it is not offered to a second one");
        // Another pod that comes too late is told to stop.
        assert!(client.heartbeat("pod-2", &task).await?);
    }

    async fn item_18_reports_that_come_late_or_twice_are_harmless(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Grant).await?.to_string();
        client.take("pod-1").await?;
        world.pass(15 * 60);
        let mut client = client;
        client.sign_in(world.now()).await?;
        world.desk.sweep().await?;
        assert_eq!(world.task(&id).await?.state, State::Queued);
        client.finish(success(&id)).await?;
        assert_eq!(world.task(&id).await?.outcome, Some(Outcome::Success));
        client.finish(failure(&id, 2, "too late", true)).await?;
        assert_eq!(world.task(&id).await?.outcome, Some(Outcome::Success));
        assert_eq!(client.finish(success(&"a".repeat(27))).await.unwrap_err().code(), Code::NotFound);
        let (_, stranger) = world.signed_in().await?;
        assert_eq!(stranger.finish(success(&id)).await.unwrap_err().code(), Code::NotFound);
        assert!(stranger.heartbeat("pod-1", &id).await?);
        assert_eq!(client.finish(success("no")).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn item_24_a_cancelled_sync_hears_it_at_its_next_heartbeat(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        for report in [true, false] {
            client.hello("pod-1").await?;
            let task = client.take("pod-1").await?;
            let mut tx = world.store.begin().await?;
            store::task::ask_cancel(&mut tx, &task.parse()?).await?;
            tx.commit().await?;
            assert!(client.heartbeat("pod-1", &task).await?);
            if report {
                client.finish(failure(&task, 2, "ratelimit: error reporting ratelimit", false)).await?;
            } else {
                world.pass(91);
                world.desk.sweep().await?;
            }
            assert_eq!(world.task(&task).await?.state, State::Cancelled);
            assert_eq!(world.sync(connector, &task).await?.state, SyncState::Cancelled);
        }
        assert_eq!(world.found(connector).await?.failures_in_a_row, 0);
    }

    async fn t_c8_a_paused_connector_gets_nothing(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        world.wait(connector, Kind::Grant).await?;
        world.set(connector, "paused_at", 1).await?;
        assert_eq!(client.poll("pod-1").await?.task, None);
        client.hello("pod-1").await?;
        assert_eq!(client.poll("pod-1").await?.task, None);
    }
}
