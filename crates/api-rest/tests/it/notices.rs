//! The inbox through REST.

use domain::actor::Role;
use serde_json::json;
use testkit::on_both_engines;

use crate::requests::requestable;
use crate::world::World;

on_both_engines! {
    async fn the_inbox_of_whoever_decides_and_of_whoever_asked(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, entitlement) = requestable(&world, &admin).await?;
        let ann = world.person("ann", &[Role::User]).await?;
        world.post(&admin, "/me/notices/read", json!({})).await.ok(200);
        let asked = json!({"entitlementId": entitlement, "duration": "PT4H", "reason": "workshop"});
        let request = world.post(&ann, "/requests", asked).await.ok(201);

        assert_eq!(world.get(&admin, "/me/notices/counts").await.ok(200)["unread"], 1);
        let told = world.walk(&admin, "/me/notices?unread=true", 9).await;
        assert_eq!((&told[0]["template"], &told[0]["objectId"]), (&json!("step.opened"), &request["id"]), "{told:?}");
        let path = format!("/me/notices/{}/read", told[0]["id"].as_str().unwrap());
        world.post(&ann, &path, json!({})).await.problem(404, "not_found");
        assert!(world.post(&admin, &path, json!({})).await.ok(200)["readAt"].is_string());
        assert!(world.walk(&admin, "/me/notices?unread=true", 9).await.is_empty());

        let denial = json!({"reason": "not now"});
        world.post(&admin, &format!("/requests/{}/deny", request["id"].as_str().unwrap()), denial).await.ok(200);
        let told = world.walk(&ann, "/me/notices", 9).await;
        assert_eq!((&told[0]["template"], &told[0]["details"]), (&json!("request.denied"), &json!(["Reason: not now"])));
        assert_eq!(told[0]["path"], format!("/requests/{}", request["id"].as_str().unwrap()));
        assert_eq!(world.post(&ann, "/me/notices/read", json!({})).await.ok(200)["read"], 1);
        assert_eq!(world.get(&ann, "/me/notices/counts").await.ok(200), json!({"unread": 0, "unsentMails": 1}));
    }
}
