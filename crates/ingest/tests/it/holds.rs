//! T-S6…T-S8, T-H, R-H: what looks wrong waits for a person; what is old or damaged changes nothing.

use c1z::SyncType;
use domain::hold::{self, Rule};
use domain::sync::State;
use jiff::SignedDuration;
use store::hold::Hold;
use store::sync::Sync;

use crate::world::{App, World};

async fn hold_of(world: &World, sync: &Sync) -> anyhow::Result<Hold> {
    let id = sync.hold_id.ok_or_else(|| anyhow::anyhow!("the sync has a hold"))?;
    let mut conn = world.store().read().await?;
    let found = store::hold::find(&mut conn, world.store().tenant(), id).await?;
    found.ok_or_else(|| anyhow::anyhow!("the hold is there"))
}

fn rules(hold: &Hold) -> Vec<Rule> {
    hold.reasons.iter().map(|reason| reason.rule).collect()
}

async fn confirm(world: &World, mut hold: Hold) -> anyhow::Result<()> {
    hold.state = hold.state.after(hold::Step::Confirm)?;
    let mut tx = world.store().begin().await?;
    store::hold::update(tx.conn(), &mut hold).await?;
    tx.commit().await?;
    Ok(())
}

testkit::on_both_engines! {
    async fn t_h1_t_h2_a_suspicious_sync_changes_nothing_until_it_is_confirmed(database: Database) {
        let world = World::new(database).await?;
        let full = App::of(40);
        world.applied(&full).await?;
        let mut few = full.clone();
        few.remove(10..40);
        let held = world.sync(&few).await?;
        assert_eq!(held.state, State::Held);
        let hold = hold_of(&world, &held).await?;
        assert_eq!(rules(&hold), [Rule::ResourcesLost, Rule::AccountsLost, Rule::GrantsLost]);
        assert_eq!((hold.reasons[1].before, hold.reasons[1].after, hold.reasons[1].share), (40, 10, 75));
        assert_eq!(world.visible().await?, full);
        // What would vanish is listed; nobody has to wait for the decision.
        assert_eq!(world.number("SELECT count(*) FROM sync_difference WHERE change = 'disappeared'").await?, 60);
        assert_eq!(world.run(held.id).await?.state, State::Held, "running it again decides nothing");

        confirm(&world, hold).await?;
        assert_eq!(world.run(held.id).await?.state, State::Applied);
        assert_eq!(world.visible().await?, few);
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, 60);
        // R-H-2: the next one is compared with the confirmed one.
        assert_eq!(world.sync(&few).await?.state, State::Applied);
    }

    async fn t_h4_a_later_sync_that_passes_takes_the_place_of_a_held_one(database: Database) {
        let world = World::new(database).await?;
        let full = App::of(40);
        world.applied(&full).await?;
        let mut few = full.clone();
        few.remove(10..40);
        let held = world.sync(&few).await?;
        let mut next = full.clone();
        next.remove(0..1);
        world.applied(&next).await?;
        assert_eq!(world.visible().await?, next);
        assert_eq!(hold_of(&world, &held).await?.state, hold::State::Superseded);
        assert_eq!(world.found(held.id).await?.state, State::Discarded);
        assert_eq!(world.run(held.id).await?.state, State::Discarded);
    }

    async fn t_h5_a_later_sync_that_fires_again_renews_the_hold(database: Database) {
        let world = World::new(database).await?;
        let full = App::of(40);
        world.applied(&full).await?;
        let mut few = full.clone();
        few.remove(10..40);
        let first = world.sync(&few).await?;
        let opened_at = hold_of(&world, &first).await?.opened_at;
        few.remove(9..10);
        let second = world.sync(&few).await?;
        assert_eq!((second.state, second.hold_id), (State::Held, first.hold_id));
        let hold = hold_of(&world, &second).await?;
        assert_eq!((hold.sync_id, hold.opened_at, hold.state), (second.id, opened_at, hold::State::Open));
        assert!(hold.renewed_at > opened_at);
        assert_eq!(world.found(first.id).await?.state, State::Discarded);
    }

    async fn an_empty_full_sync_is_held_first_or_later(database: Database) {
        let world = World::with_hold_rules(database, r#"{"enabled": false}"#).await?;
        let first = world.sync(&App::default()).await?;
        assert_eq!((first.state, rules(&hold_of(&world, &first).await?)), (State::Held, vec![Rule::Empty]));
        let app = App::of(3);
        world.applied(&app).await?;
        let later = world.sync(&App::default()).await?;
        assert_eq!((later.state, rules(&hold_of(&world, &later).await?)), (State::Held, vec![Rule::Empty]));
        assert_eq!(world.visible().await?, app);
    }

    async fn r_h_1_a_type_without_anything_left_is_held(database: Database) {
        let world = World::new(database).await?;
        let mut app = App::of(3);
        world.applied(&app).await?;
        app.remove(0..3);
        let held = world.sync(&app).await?;
        assert_eq!((held.state, rules(&hold_of(&world, &held).await?)), (State::Held, vec![Rule::TypeEmptied]));
    }

    async fn r_h_1_accounts_of_which_none_was_there_before_are_held(database: Database) {
        let world = World::new(database).await?;
        world.applied(&App::of(3)).await?;
        let mut other = App::of(6);
        other.remove(0..3);
        let held = world.sync(&other).await?;
        assert_eq!((held.state, rules(&hold_of(&world, &held).await?)), (State::Held, vec![Rule::NoneInCommon]));
    }

    async fn the_switch_lets_pass_what_would_be_held_and_says_so(database: Database) {
        let world = World::new(database).await?;
        let mut app = App::of(40);
        world.applied(&app).await?;
        let mut tx = world.store().begin().await?;
        let off = store::switch::Touched {
            switch: domain::switch::Switch::SyncHolds,
            is_on: false,
            changed_at: tx.now(),
            changed_by: "test".to_owned(),
            reason: "the company was split".to_owned(),
        };
        store::switch::set(tx.conn(), world.store().tenant(), &off).await?;
        tx.commit().await?;
        app.remove(10..40);
        let passed = world.applied(&app).await?;
        assert_eq!(world.visible().await?, app);
        assert!(passed.warnings.iter().any(|warning| warning.contains("sync_holds")), "{:?}", passed.warnings);
        let told = "SELECT CAST(count(*) AS BIGINT) FROM audit_event WHERE action = 'sync.not_held' AND event LIKE '%accounts_lost%'";
        assert_eq!(world.number(told).await?, 1);
        assert_eq!(world.sync(&App::default()).await?.state, State::Held, "an empty one is held all the same");
    }

    async fn r_h_1_moving_many_between_exclusive_roles_is_held(database: Database) {
        let world = World::new(database).await?;
        let mut app = App::of(40);
        world.applied(&app).await?;
        for n in 0..12 {
            app.user(n).roles = vec!["editor".to_owned()];
        }
        let held = world.sync(&app).await?;
        assert_eq!((held.state, rules(&hold_of(&world, &held).await?)), (State::Held, vec![Rule::RolesMoved]));
    }

    async fn r_h_1_a_part_is_held_when_everything_was_asked_for(database: Database) {
        let world = World::new(database).await?;
        let app = App::of(6);
        world.applied(&app).await?;
        let held = world.sync_as(&app, SyncType::Partial).await?;
        let hold = hold_of(&world, &held).await?;
        assert_eq!(rules(&hold), [Rule::Partial]);
        confirm(&world, hold).await?;
        assert_eq!(world.run(held.id).await?.state, State::Applied);
        assert_eq!(world.visible().await?, app);
    }

    async fn kinds_of_files_remove_only_what_they_looked_at(database: Database) {
        let world = World::with_hold_rules(database, r#"{"enabled": false}"#).await?;
        let full = App::of(6);
        world.applied(&full).await?;
        // A partial file knows some users only, and one that is new.
        let mut some = App { users: std::collections::BTreeMap::default(), roles: full.roles.clone() };
        some.user(2).name = "Renamed".to_owned();
        some.user(9).name = "New".to_owned();
        assert_eq!(world.sync_as(&some, SyncType::Partial).await?.state, State::Applied);
        let mut expected = full.clone();
        expected.user(2).name = "Renamed".to_owned();
        expected.user(9).name = "New".to_owned();
        assert_eq!(world.visible().await?, expected);
        // Resources only: users go, and with them what they held; nobody else loses a grant.
        expected.remove(0..1);
        assert_eq!(world.sync_as(&expected, SyncType::ResourcesOnly).await?.state, State::Applied);
        assert_eq!(world.visible().await?, expected);
        assert_eq!(world.number("SELECT count(*) FROM grant_period WHERE end_reason = 'account_gone'").await?, 1);
    }

    async fn an_older_sync_is_discarded(database: Database) {
        let world = World::new(database).await?;
        let old_start = world.store().now();
        world.clock.advance(SignedDuration::from_mins(10));
        let app = App::of(5);
        world.applied(&app).await?;
        let late = world.upload_of(&world.file(&App::of(6), SyncType::Full)?, old_start).await?;
        assert_eq!(world.run(late).await?.state, State::Discarded);
        assert_eq!(world.visible().await?, app);
    }

    async fn a_damaged_file_fails_and_changes_nothing(database: Database) {
        let world = World::new(database).await?;
        let app = App::of(5);
        world.applied(&app).await?;
        let good = world.file(&App::of(6), SyncType::Full)?;
        let mut damaged = good.clone();
        damaged.truncate(good.len() / 2);
        for bytes in [damaged, b"not a file at all".to_vec(), Vec::new()] {
            let id = world.upload(&bytes).await?;
            assert_eq!(world.run(id).await?.state, State::Failed);
            let error = world.found(id).await?.error.unwrap_or_default();
            assert!(error.contains("the uploaded file") && !error.contains('/'), "{error}");
        }
        assert_eq!(world.visible().await?, app);
        assert_eq!(world.number("SELECT failures_in_a_row FROM connector").await?, 3);
        world.applied(&App::of(6)).await?;
        assert_eq!(world.number("SELECT failures_in_a_row FROM connector").await?, 0);
    }
}
