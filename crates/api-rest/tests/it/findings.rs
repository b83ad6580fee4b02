//! Findings over REST.

use serde_json::json;
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn t_f_a_finding_is_listed_decided_about_and_remedied(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let leaver = world.post(&admin, "/people", json!({"primaryEmail": "x@y.z", "displayName": "X"})).await.ok(201);
        let app = world.post(&admin, "/apps", json!({"name": "A", "owners": [leaver["id"]]})).await.ok(201);
        let leave = format!("/people/{}/leave", leaver["id"].as_str().unwrap());
        world.post(&admin, &leave, json!({"reason": "x"})).await.ok(200);
        world.governance.watch_findings().await?;

        let all = world.walk(&admin, "/findings?state=open", 1).await;
        assert_eq!(all.len(), 2, "{all:?}");
        let found = world.walk(&admin, "/findings?type=app_without_owner", 9).await;
        let (finding, path) = (&found[0], format!("/findings/{}", found[0]["id"].as_str().unwrap()));
        assert_eq!((finding["appId"].clone(), finding["remedy"].as_str()), (app["id"].clone(), Some("set_owner")));
        assert_eq!(&world.get(&admin, &path).await.ok(200), finding);
        let accept = async |body| world.post(&admin, &format!("{path}/accept"), body).await;
        assert_eq!(accept(json!({"reason": ""})).await.problem(400, "invalid_argument")["field"], "reason");
        assert_eq!(accept(json!({"reason": "It ends soon"})).await.ok(200)["state"], "accepted");
        accept(json!({"reason": "Another one"})).await.problem(409, "failed_precondition");
        assert_eq!(world.post(&admin, &format!("{path}/reopen"), json!({})).await.ok(200)["state"], "open");
        let remedy = json!({"reason": "a new one", "personId": admin.id});
        assert_eq!(world.post(&admin, &format!("{path}/remedy"), remedy).await.ok(200)["state"], "remedied");
        world.governance.watch_findings().await?;
        assert_eq!(world.get(&admin, &path).await.ok(200)["state"], "resolved");

        let types = world.get(&admin, "/finding-types").await.ok(200);
        assert!(types["list"].as_array().unwrap().iter().any(|one| one["type"] == "granted_outside" && one["isOn"] == true));
        let off = world.put(&admin, "/finding-types/granted_outside", json!({"isOn": false})).await;
        assert_eq!(off.ok(200)["isOn"], false);
        world.put(&admin, "/finding-types/nonsense", json!({"isOn": false})).await.problem(404, "not_found");
    }
}
