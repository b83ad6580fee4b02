//! When connectors sync: intervals and cron expressions (§1.4).

use serde_json::json;
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn a_connector_syncs_by_an_interval_or_by_a_cron_expression(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        let path = format!("/connectors/{connector}/schedule");
        for good in [
            json!({"intervalMinutes": 15}),
            json!({"cron": "0 6 * * MON-FRI", "timeZone": "Europe/Zurich"}),
        ] {
            assert_eq!(world.put(&admin, &path, good.clone()).await.ok(200)["schedule"], good);
        }
        // The time zone of the install is the one that nobody names.
        world.patch(&admin, "/settings", json!({"timeZone": "Asia/Tokyo"})).await.ok(200);
        let tokyo = json!({"schedule": {"cron": "0 6 1 * *"}});
        let edited = world.patch(&admin, &format!("/connectors/{connector}"), tokyo).await.ok(200);
        assert_eq!(edited["schedule"], json!({"cron": "0 6 1 * *", "timeZone": "Asia/Tokyo"}));

        let before = world.rows().await?;
        for (wrong, field, words) in [
            (json!({}), "schedule", "must be"),
            (json!({"intervalMinutes": 60, "cron": "0 6 * * *"}), "schedule", "must be"),
            (json!({"intervalMinutes": 14}), "schedule", "14 minutes"),
            (json!({"cron": "0 25 * * *"}), "schedule.cron", "`25` at column 3 cannot be the hour"),
            (json!({"cron": "*/5 * * * *"}), "schedule.cron", "15 minutes"),
            (json!({"cron": "0 6 * * *", "timeZone": "Mars/Olympus"}), "schedule.timeZone", "`Mars/Olympus`"),
        ] {
            let problem = world.put(&admin, &path, wrong.clone()).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field, "{wrong}");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
        }
        assert_eq!(world.rows().await?, before);
    }
}
