//! Syncs whose time has come are queued once, and the next is planned once they have ended.

use domain::sync::{State, Trigger};
use ids::ConnectorId;
use jiff::{SignedDuration, Timestamp};
use store::connector;
use store::sync::Sync;

use crate::world::World;

async fn due(world: &World, id: ConnectorId) -> anyhow::Result<()> {
    let mut tx = world.store().begin().await?;
    let now = tx.now();
    connector::set_next_sync(tx.conn(), id, Some(now)).await?;
    tx.commit().await?;
    Ok(())
}

async fn next(world: &World, id: ConnectorId) -> anyhow::Result<Option<Timestamp>> {
    let store = world.store();
    let found = connector::find(&mut *store.read().await?, store.tenant(), id).await?;
    Ok(found.unwrap().next_sync_at)
}

async fn open_sync(world: &World, id: ConnectorId) -> anyhow::Result<Option<Sync>> {
    Ok(store::sync::open_of(&mut *world.store().read().await?, id).await?)
}

/// Ends the open sync.
async fn end(world: &World, id: ConnectorId, state: State, error: Option<&str>) -> anyhow::Result<()> {
    let mut tx = world.store().begin().await?;
    let mut sync = store::sync::open_of(tx.conn(), id).await?.unwrap();
    sync.state = state;
    store::sync::update(tx.conn(), &mut sync).await?;
    connector::set_sync_result(tx.conn(), id, sync.id, error).await?;
    tx.commit().await?;
    Ok(())
}

testkit::on_both_engines! {
    async fn t_s1_a_due_sync_is_queued_once_by_two_servers(database: Database) {
        let world = World::new(&database).await?;
        let other = world.another(&database).await?;
        let mut ids = Vec::new();
        for _ in 0..12 {
            let id = world.connector().await?;
            due(&world, id).await?;
            ids.push(id);
        }
        let (one, two) = tokio::join!(world.governance.queue_due_syncs(), other.governance.queue_due_syncs());
        assert_eq!(one? + two?, 12);
        for id in ids {
            let sync = open_sync(&world, id).await?.unwrap();
            assert_eq!((sync.state, sync.trigger), (State::Queued, Trigger::Schedule));
            let tasks = store::task::open_of(&mut *world.store().read().await?, id).await?;
            assert_eq!(tasks.len(), 1);
            assert_eq!(tasks[0].sync_id, Some(sync.id));
            // A wish for the form of file that the task asks for (D4).
            assert!(tasks[0].payload.windows(6).any(|part| part == b"sqlite"));
            assert_eq!(next(&world, id).await?, None, "it is planned when this one has ended");
        }
        assert_eq!(world.governance.queue_due_syncs().await?, 0);
    }

    async fn t_s1_a_sync_that_comes_due_is_folded_into_the_open_one(database: Database) {
        let world = World::new(&database).await?;
        let id = world.connector().await?;
        due(&world, id).await?;
        assert_eq!(world.governance.queue_due_syncs().await?, 1);
        let first = open_sync(&world, id).await?.unwrap();
        due(&world, id).await?;
        assert_eq!(world.governance.queue_due_syncs().await?, 0);
        assert_eq!(open_sync(&world, id).await?.unwrap().id, first.id);
        assert_eq!(next(&world, id).await?, None);
    }

    async fn t_c6_the_next_sync_is_planned_when_one_has_ended_in_whatever_way(database: Database) {
        let world = World::new(&database).await?;
        let id = world.connector().await?;
        assert_eq!(world.governance.plan_next_syncs().await?, 0, "a connector that never synced waits for its set-up");
        due(&world, id).await?;
        for (state, error, minutes) in [
            (State::Failed, Some("no"), 1..=1),
            (State::Failed, Some("no"), 5..=5),
            (State::Failed, Some("no"), 15..=15),
            (State::Applied, None, 54..=66),
            (State::Failed, Some("no"), 1..=1),
        ] {
            assert_eq!(world.governance.queue_due_syncs().await?, 1);
            assert_eq!(world.governance.plan_next_syncs().await?, 0, "one is under way");
            end(&world, id, state, error).await?;
            assert_eq!(world.governance.plan_next_syncs().await?, 1);
            let wait = next(&world, id).await?.unwrap().duration_since(world.store().now());
            assert!(minutes.contains(&wait.as_mins()), "{state}: {wait}");
            assert_eq!(world.governance.queue_due_syncs().await?, 0, "not yet");
            world.clock.advance(wait);
        }
    }

    async fn t_c8_nothing_is_queued_while_a_connector_is_paused(database: Database) {
        let world = World::new(&database).await?;
        let id = world.connector().await?;
        due(&world, id).await?;
        let mut tx = world.store().begin().await?;
        let mut known = connector::find_for_update(&mut tx, id).await?.unwrap();
        known.paused_at = Some(tx.now());
        let now = tx.now();
        connector::update(tx.conn(), &mut known, now).await?;
        tx.commit().await?;
        world.clock.advance(SignedDuration::from_hours(24));
        assert_eq!(world.governance.queue_due_syncs().await?, 0);
        assert_eq!(open_sync(&world, id).await?, None);
    }
}
