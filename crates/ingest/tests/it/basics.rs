//! T-S5: what appeared, changed and disappeared becomes visible, and nothing else is written.

use domain::sync::State;

use crate::world::{App, World};

testkit::on_both_engines! {
    async fn a_first_sync_shows_everything(database: Database) {
        let world = World::new(database).await?;
        let app = App::of(30);
        let sync = world.applied(&app).await?;
        assert_eq!(world.visible().await?, app);
        assert_eq!(sync.counts["resources"]["user"], serde_json::json!({"seen": 30, "added": 30, "changed": 0, "removed": 0}));
        assert_eq!(sync.counts["grants"]["added"], 30);
        assert_eq!(world.number("SELECT count(*) FROM grant_period WHERE origin = 'initial'").await?, 30);
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, 0);
    }

    async fn later_syncs_write_what_differs(database: Database) {
        let world = World::new(database).await?;
        let mut app = App::of(30);
        world.applied(&app).await?;
        app.user(3).name = "Somebody".to_owned();
        app.user(4).roles = vec!["editor".to_owned()];
        app.remove(7..9);
        app.user(40).name = "New".to_owned();
        app.user(40).roles = vec!["editor".to_owned(), "viewer".to_owned()];
        let sync = world.applied(&app).await?;
        assert_eq!(world.visible().await?, app);
        assert_eq!(sync.counts["resources"]["user"], serde_json::json!({"seen": 29, "added": 1, "changed": 1, "removed": 2}));
        assert_eq!(sync.counts["grants"], serde_json::json!({"seen": 30, "added": 3, "changed": 0, "removed": 3}));
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, 10);
        assert_eq!(world.number("SELECT count(*) FROM grant_period WHERE origin = 'outside'").await?, 3);
        assert_eq!(world.number("SELECT count(*) FROM grant_period WHERE end_reason = 'account_gone'").await?, 2);
        assert_eq!(world.number("SELECT count(*) FROM grant_period WHERE end_reason = 'outside'").await?, 1);

        // One of them comes back: the same account, a new period.
        app.user(7).name = "User 7".to_owned();
        app.user(7).roles = vec!["viewer".to_owned()];
        world.applied(&app).await?;
        assert_eq!(world.visible().await?, app);
        assert_eq!(world.number("SELECT count(*) FROM account").await?, 31);
        assert_eq!(world.number("SELECT count(*) FROM grant_period").await?, 34);
    }

    async fn the_same_content_again_writes_nothing(database: Database) {
        let world = World::new(database).await?;
        let app = App::of(20);
        let file = world.file(&app, c1z::SyncType::Full)?;
        let first = world.upload(&file).await?;
        world.run(first).await?;
        let versions = "SELECT CAST(sum(version) AS BIGINT) FROM (SELECT version FROM account UNION ALL SELECT version \
             FROM grant_period UNION ALL SELECT version FROM entitlement UNION ALL SELECT version FROM resource) AS every";
        let written = world.number(versions).await?;
        let before = world.number("SELECT CAST(count(*) AS BIGINT) FROM audit_event").await?;
        // Another file with the same rows, then the very same file.
        world.applied(&app).await?;
        let again = world.upload(&world.file(&app, c1z::SyncType::Full)?).await?;
        assert_eq!(world.run(again).await?.state, State::Applied);
        let same = world.found(again).await?;
        assert_eq!(same.counts["resources"]["user"], serde_json::json!({"seen": 20, "added": 0, "changed": 0, "removed": 0}));
        assert_eq!(world.number("SELECT count(*) FROM sync_difference").await?, 0);
        assert_eq!(world.number("SELECT CAST(count(*) AS BIGINT) FROM audit_event").await?, before + 2);
        assert_eq!(world.number(versions).await?, written);
    }

    async fn files_of_both_engines_say_the_same(database: Database) {
        // Written by a Go connector of one population, with the one engine and with the other.
        let file = |name: &str| {
            let folder = camino::Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../c1z/tests/fixtures");
            std::fs::read(folder.join(name))
        };
        let world = World::new(database).await?;
        let first = world.upload(&file("users25-pebble.c1z")?).await?;
        assert_eq!(world.run(first).await?.state, State::Applied);
        let visible = world.visible().await?;
        assert_eq!((visible.users.len(), visible.roles.len()), (25, 2));
        assert!(visible.users.values().all(|user| user.roles.len() == 1));
        let found = world.found(first).await?;
        assert_eq!(found.counts["grants"]["added"], 25);
        assert_eq!(found.engine.as_deref(), Some("v3"));
        let second = world.upload(&file("users25-sqlite.c1z")?).await?;
        assert_eq!(world.run(second).await?.state, State::Applied);
        assert_eq!(world.visible().await?, visible);
        let none = serde_json::json!({"seen": 25, "added": 0, "changed": 0, "removed": 0});
        let found = world.found(second).await?;
        assert_eq!((&found.counts["resources"]["user"], &found.counts["grants"]), (&none, &none));

        let mut damaged = file("users25-pebble.c1z")?;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let third = world.upload(&damaged).await?;
        assert_eq!(world.run(third).await?.state, State::Failed);
        assert_eq!(world.visible().await?, visible);
    }
}
