//! Whatever happens in the app, and wherever a reading stops, the next sync shows the app as it is.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::inventory::{Account, Batch, Key, Reading};

use crate::world::{App, World};

/// Something that happens in an app.
#[derive(Debug, Clone)]
enum Step {
    Rename(usize, String),
    Remove(usize),
    Grant(usize, bool),
    Revoke(usize),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        (0..25_usize, "[a-c]{1,3}").prop_map(|(user, name)| Step::Rename(user, name)),
        (0..25_usize).prop_map(Step::Remove),
        (0..25_usize, any::<bool>()).prop_map(|(user, editor)| Step::Grant(user, editor)),
        (0..25_usize).prop_map(Step::Revoke),
    ];
    prop::collection::vec(prop::collection::vec(step, 0..12), 1..5)
}

fn take(app: &mut App, step: &Step) {
    match step {
        Step::Rename(user, name) => app.user(*user).name.clone_from(name),
        Step::Remove(user) => app.remove(*user..user + 1),
        Step::Grant(user, editor) => {
            let role = if *editor { "editor" } else { "viewer" };
            let user = app.user(*user);
            if user.name.is_empty() {
                user.name = "Somebody".to_owned();
            }
            if !user.roles.iter().any(|held| held == role) {
                user.roles.push(role.to_owned());
                user.roles.sort();
            }
        }
        Step::Revoke(user) => {
            if let Some(user) = app.users.get_mut(&crate::world::id(*user)) {
                user.roles.clear();
            }
        }
    }
}

/// What a reading leaves behind that stopped in the middle.
async fn stop_in_the_middle(world: &World, sync: &store::sync::Sync, seed: u8) -> anyhow::Result<()> {
    let app = world.app().await?;
    let mut reading = Reading::begin(world.store(), world.connector, app, sync.id).await?;
    let account = Account {
        id: ids::AccountId::new(world.store().now(), world.store().rng().as_ref()),
        key: Key([seed; 16]),
        digest: Key::default(),
        resource_type: "user".to_owned(),
        external_id: "left behind".to_owned(),
        login: String::new(),
        display_name: String::new(),
        emails: "[]".to_owned(),
        search: String::new(),
        kind: "user",
        status: "enabled",
        status_detail: String::new(),
        profile: "{}".to_owned(),
        last_login: None,
        is_external: false,
    };
    let batch = Batch { accounts: vec![account], ..Batch::default() };
    reading.write(batch, world.store().now()).await?;
    Ok(())
}

testkit::on_both_engines! {
    async fn any_sequence_of_syncs_shows_the_app_as_it_is(database: Database) {
        let world = World::with_hold_rules(database, r#"{"enabled": false}"#).await?;
        let mut runner =
            TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
        let mut app = App::of(20);
        world.applied(&app).await?;
        for round in 0..4 {
            let sequence = steps().new_tree(&mut runner).map_err(|error| anyhow::anyhow!(error.to_string()))?.current();
            for changes in sequence {
                for step in &changes {
                    take(&mut app, step);
                }
                let sync = world.applied(&app).await?;
                anyhow::ensure!(world.visible().await? == app, "after {changes:?} of round {round}");
                stop_in_the_middle(&world, &sync, round).await?;
                anyhow::ensure!(world.visible().await? == app, "half a reading is seen");
            }
        }
        let open_twice = "SELECT count(*) FROM (SELECT account_id FROM grant_period WHERE ended_at IS NULL \
             GROUP BY account_id, entitlement_id HAVING count(*) > 1) AS twice";
        assert_eq!(world.number(open_twice).await?, 0);
        let verified = store::audit::verify(&mut *world.store().read().await?, world.store().tenant()).await?;
        assert_eq!(verified.faults, []);
    }

    async fn a_later_reading_stops_an_earlier_one(database: Database) {
        let world = World::new(database).await?;
        let app = App::of(3);
        let sync = world.upload(&world.file(&app, c1z::SyncType::Full)?).await?;
        let of = world.app().await?;
        let mut earlier = Reading::begin(world.store(), world.connector, of, sync).await?;
        assert_eq!(world.run(sync).await?.state, domain::sync::State::Applied);
        let refused = earlier.write(Batch::default(), world.store().now()).await;
        assert!(matches!(refused, Err(store::Error::Stale { .. })), "{refused:?}");
        assert_eq!(world.visible().await?, app);
    }

    async fn ten_thousand_differences_have_one_event_and_a_list(database: Database) {
        let world = World::with_hold_rules(database, r#"{"enabled": false}"#).await?;
        world.applied(&App::of(0)).await?;
        let app = App::of(5_000);
        let events = "SELECT count(*) FROM audit_event WHERE action <> 'sync.applied'";
        let before = world.number(events).await?;
        world.applied(&app).await?;
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, 10_000);
        assert_eq!(world.number(events).await?, before);
        assert_eq!(world.visible().await?, app);
    }
}
