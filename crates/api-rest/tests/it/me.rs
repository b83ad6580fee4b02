//! Who the caller is.

use domain::actor::Role;
use serde_json::json;
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn everybody_hears_who_they_are(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[]).await?;
        let machine = world.machine(&[Role::Auditor]).await?;
        world.post(&admin, "/apps", json!({"name": "Wiki", "owners": [ann.id]})).await.ok(201);

        let me = world.get(&ann, "/me").await.ok(200);
        assert_eq!(me["person"]["id"], ann.id);
        assert_eq!(me["person"]["primaryEmail"], "ann@example.com");
        assert_eq!(me["roles"], json!(["user"]));
        assert_eq!(me["counts"], json!({"ownedApps": 1, "openHolds": 0}));

        let me = world.get(&machine, "/me").await.ok(200);
        assert!(me.get("person").is_none(), "{me}");
        assert_eq!(me["apiClient"]["name"], "test");
        assert_eq!(me["roles"], json!(["auditor"]));
        assert!(!me.to_string().contains(&machine.token));
    }
}
