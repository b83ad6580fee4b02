//! Holds on suspicious syncs.

use domain::actor::Role;
use ids::SyncId;
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::file;
use crate::world::{Somebody, World};

/// A connector whose sync is held because this many of its users would go; the ids of app, connector and hold.
async fn held(world: &World, admin: &Somebody, users: usize, gone: usize) -> anyhow::Result<(String, String, String)> {
    let (app, connector) = world.connector(admin).await;
    world.bring(admin, &connector, &file::of_users(&world.folder(), 0..users)?).await?;
    world.clock.advance(jiff::SignedDuration::from_mins(1));
    let sync = world.bring(admin, &connector, &file::of_users(&world.folder(), gone..users)?).await?;
    assert_eq!(sync["state"], "held", "{sync}");
    Ok((app, connector, sync["holdId"].as_str().unwrap().to_owned()))
}

/// What the jobs of the server would do now.
async fn read(world: &World, admin: &Somebody, hold: &Value) -> anyhow::Result<Value> {
    let id: SyncId = hold["syncId"].as_str().unwrap().parse()?;
    ingest::run(&world.governance.ingest_context(), id).await?;
    Ok(world.get(admin, &format!("/syncs/{id}")).await.ok(200))
}

on_both_engines! {
    async fn t_h2_a_confirmed_hold_is_applied(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, connector, hold) = held(&world, &admin, 20, 15).await?;
        let path = format!("/holds/{hold}");
        let shown = world.get(&admin, &path).await.ok(200);
        assert_eq!((shown["state"].as_str(), shown["mustTypeRemovals"].as_bool()), (Some("open"), Some(false)));
        assert_eq!(shown["removals"], 30, "15 accounts and their grants");
        assert!(shown["reasons"].as_array().unwrap().iter().any(|reason| reason["rule"] == "accounts_lost"), "{shown}");
        assert_eq!(world.walk(&admin, &format!("/holds?state=open&connector={connector}"), 1).await, [shown]);
        assert_eq!(world.walk(&admin, &format!("/apps/{app}/accounts"), 200).await.len(), 20, "nothing visible changed");

        let confirm = async |body: Value| world.post(&admin, &format!("{path}/confirm"), body).await;
        assert_eq!(confirm(json!({"reason": " "})).await.problem(400, "invalid_argument")["field"], "reason");
        let confirmed = confirm(json!({"reason": "They left"})).await;
        let document = confirmed.ok(200);
        assert_eq!((document["state"].as_str(), document["decisionReason"].as_str()), (Some("confirmed"), Some("They left")));
        assert_eq!(document["decidedBy"], format!("person:{}", admin.id));
        assert!(confirmed.seq().is_some());
        assert_eq!(read(&world, &admin, &document).await?["state"], "applied");
        assert_eq!(world.walk(&admin, &format!("/apps/{app}/accounts"), 200).await.len(), 5);

        let again = confirm(json!({"reason": "Really"})).await;
        assert_eq!((again.ok(200)["decisionReason"].as_str().unwrap().to_owned(), again.seq()), ("They left".to_owned(), None));
        world.post(&admin, &format!("{path}/reject"), json!({"reason": "No"})).await.problem(409, "failed_precondition");
        let actions = world.audit().await?;
        assert_eq!(actions.iter().filter(|action| *action == "hold.confirmed").count(), 1);
    }

    async fn t_h2_many_removals_are_typed(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, _, hold) = held(&world, &admin, 80, 60).await?;
        let path = format!("/holds/{hold}/confirm");
        let before = world.rows().await?;
        for typed in [Value::Null, json!(119), json!(121)] {
            let problem = world.post(&admin, &path, json!({"reason": "x", "removals": typed})).await.problem(400, "invalid_argument");
            assert_eq!((problem["field"].as_str(), problem["hint"].is_string()), (Some("removals"), true), "{problem}");
        }
        assert_eq!(world.rows().await?, before);
        let stale = world.call(Some(&admin), &format!("POST {path}"), &[("if-match", "\"9\"")], Some(json!({"reason": "x", "removals": 120}))).await;
        stale.problem(412, "aborted");
        world.post(&admin, &path, json!({"reason": "x", "removals": 120})).await.ok(200);
    }

    async fn t_h3_a_rejected_hold_is_dropped_and_synced_again(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, connector, hold) = held(&world, &admin, 20, 15).await?;
        let path = format!("/holds/{hold}");
        let rejected = world.post(&admin, &format!("{path}/reject"), json!({"reason": "Wrong workspace"})).await;
        let document = rejected.ok(200);
        assert_eq!(document["state"], "rejected");
        let syncs = world.walk(&admin, &format!("/connectors/{connector}/syncs"), 9).await;
        let states: Vec<&str> = syncs.iter().filter_map(|sync| sync["state"].as_str()).collect();
        assert_eq!(states, ["queued", "discarded", "applied"]);
        assert_eq!(world.walk(&admin, &format!("/apps/{app}/accounts"), 200).await.len(), 20);
        let again = world.post(&admin, &format!("{path}/reject"), json!({"reason": "x"})).await;
        assert_eq!((again.ok(200)["state"].as_str().unwrap().to_owned(), again.seq()), ("rejected".to_owned(), None));
        world.post(&admin, &format!("{path}/confirm"), json!({"reason": "x"})).await.problem(409, "failed_precondition");
        let actions = world.audit().await?;
        assert!(["hold.rejected", "sync.discarded"].iter().all(|action| actions.iter().any(|one| one == action)), "{actions:?}");
    }

    async fn holds_are_decided_by_owners_and_hidden_from_others(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, _, hold) = held(&world, &admin, 20, 15).await?;
        let (ann, bob) = (world.person("ann", &[]).await?, world.person("bob", &[]).await?);
        let auditor = world.machine(&[Role::Auditor]).await?;
        world.put(&admin, &format!("/apps/{app}/owners"), json!({"people": [ann.id]})).await.ok(200);
        let path = format!("/holds/{hold}");
        let before = world.rows().await?;
        world.get(&bob, &path).await.problem(404, "not_found");
        world.post(&bob, &format!("{path}/confirm"), json!({"reason": "x"})).await.problem(404, "not_found");
        world.post(&auditor, &format!("{path}/confirm"), json!({"reason": "x"})).await.problem(403, "permission_denied");
        assert_eq!(world.walk(&bob, "/holds", 9).await.len(), 0);
        assert_eq!(world.walk(&auditor, "/holds", 9).await.len(), 1);
        assert_eq!(world.walk(&ann, "/holds", 9).await.len(), 1);
        assert_eq!(world.get(&ann, "/me").await.ok(200)["counts"]["openHolds"], 1);
        assert_eq!(world.rows().await?, before);
        world.post(&ann, &format!("{path}/reject"), json!({"reason": "Not true"})).await.ok(200);
        assert_eq!(world.walk(&ann, "/holds?state=open", 9).await.len(), 0);
        world.get(&ann, "/holds?state=odd").await.problem(400, "invalid_argument");
    }
}
