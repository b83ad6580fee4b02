//! T-S8 and §3.12: how long files and differences are kept.

use domain::sync::State;
use jiff::{SignedDuration, Timestamp};
use store::file::{Digest, Keeping};
use store::inventory::list::forget_discarded;

use crate::world::{App, World};

fn days_ago(world: &World, days: i64) -> anyhow::Result<Timestamp> {
    Ok(world.store().now().checked_sub(SignedDuration::from_hours(24 * days))?)
}

fn keeping(world: &World) -> anyhow::Result<Keeping> {
    Ok(Keeping { discarded_before: days_ago(world, 30)?, ended_before: days_ago(world, 90)? })
}

async fn removable(world: &World) -> anyhow::Result<Vec<Digest>> {
    Ok(store::file::removable(&mut *world.store().read().await?, keeping(world)?, 10).await?)
}

testkit::on_both_engines! {
    async fn t_s8_discarded_files_are_kept_for_30_days_others_for_90_and_what_is_needed_for_ever(database: Database) {
        let world = World::new(database).await?;
        let mut few = App::of(40);
        few.remove(10..40);
        let file = |sync: &store::sync::Sync| sync.file.ok_or_else(|| anyhow::anyhow!("the sync has a file"));
        let first = world.applied(&App::of(40)).await?;
        let discarded = world.sync(&few).await?;
        let visible = world.applied(&App::of(41)).await?;
        let (first, discarded) = (file(&first)?, world.found(discarded.id).await?);
        assert_eq!(discarded.state, State::Discarded);
        few.remove(9..10);
        let held = world.sync(&few).await?;
        assert_eq!(held.state, State::Held);
        let differences = world.number("SELECT count(*) FROM sync_difference").await?;

        world.clock.advance(SignedDuration::from_hours(24 * 29));
        assert_eq!(removable(&world).await?, []);
        let mut tx = world.store().begin().await?;
        assert_eq!(forget_discarded(&mut tx, days_ago(&world, 30)?, 1_000).await?, 0);
        tx.commit().await?;

        world.clock.advance(SignedDuration::from_hours(24 * 2));
        assert_eq!(removable(&world).await?, [file(&discarded)?]);
        let mut tx = world.store().begin().await?;
        let before = days_ago(&world, 30)?;
        let lots = [forget_discarded(&mut tx, before, 50).await?, forget_discarded(&mut tx, before, 50).await?];
        assert_eq!((lots, forget_discarded(&mut tx, before, 50).await?), ([50, 10], 0));
        assert!(store::file::remove(&mut tx, &file(&discarded)?, keeping(&world)?).await?);
        assert!(!store::file::remove(&mut tx, &file(&discarded)?, keeping(&world)?).await?, "it is removed once");
        assert!(!store::file::remove(&mut tx, &first, keeping(&world)?).await?, "it is not its time yet");
        tx.commit().await?;
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, differences - 60);
        assert_eq!(removable(&world).await?, []);
        assert!(!store::file::is_kept(&mut *world.store().read().await?, &file(&discarded)?).await?);

        world.clock.advance(SignedDuration::from_hours(24 * 1_000));
        assert_eq!(removable(&world).await?, [first], "not the visible one, nor the one that waits for a person");
        assert!(store::file::is_kept(&mut *world.store().read().await?, &file(&visible)?).await?);
        // What comes again is kept again.
        let mut tx = world.store().begin().await?;
        let again = store::file::Stored { digest: file(&discarded)?, bytes: 1 };
        let now = tx.now();
        store::file::record(tx.conn(), &again, store::file::Kind::C1z, now).await?;
        tx.commit().await?;
        assert!(store::file::is_kept(&mut *world.store().read().await?, &again.digest).await?);
    }
}
