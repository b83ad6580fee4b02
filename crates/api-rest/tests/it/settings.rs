//! The settings of the install.

use domain::actor::Role;
use serde_json::json;
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn settings_are_changed_by_those_who_may(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let auditor = world.machine(&[Role::Auditor]).await?;
        let settings = world.get(&auditor, "/settings").await;
        assert_eq!(settings.ok(200), json!({"name": "Podium", "trustedDomains": [], "timeZone": "UTC"}));
        let tag = settings.header("etag").unwrap().to_owned();
        let wish = json!({"name": "ACME", "trustedDomains": ["Example.org", "example.com", "example.org"]});
        let changed = world.call(Some(&admin), "PATCH /settings", &[("if-match", &tag)], Some(wish.clone())).await;
        assert_eq!(changed.ok(200), json!({"name": "ACME", "trustedDomains": ["example.com", "example.org"], "timeZone": "UTC"}));
        assert!(changed.seq().is_some());
        world.call(Some(&admin), "PATCH /settings", &[("if-match", &tag)], Some(json!({"name": "x"}))).await.problem(412, "aborted");
        let again = world.patch(&admin, "/settings", wish).await;
        assert_eq!((again.ok(200)["name"].as_str().unwrap().to_owned(), again.seq()), ("ACME".to_owned(), None));
        assert_eq!(world.audit().await?.last().unwrap(), "settings.changed");
        let before = world.rows().await?;
        world.patch(&auditor, "/settings", json!({"name": "x"})).await.problem(403, "permission_denied");
        for domains in [json!(["localhost"]), json!(["a..b"]), json!(["a b.c"]), json!(vec!["a.b"; 101])] {
            let problem = world.patch(&admin, "/settings", json!({"trustedDomains": domains})).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], "trustedDomains");
        }
        let nowhere = world.patch(&admin, "/settings", json!({"timeZone": "Mars/Olympus"})).await;
        assert_eq!(nowhere.problem(400, "invalid_argument")["field"], "timeZone");
        world.patch(&admin, "/settings", json!({"name": ""})).await.problem(400, "invalid_argument");
        assert_eq!(world.rows().await?, before);
    }
}
