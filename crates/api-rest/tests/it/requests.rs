//! Access on request, through REST: asked, decided, given by hand, ended.

use domain::actor::Role;
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::file;
use crate::world::{Somebody, World};

/// An app of the administrator whose entitlements may be asked for, and one of them.
pub(crate) async fn requestable(world: &World, admin: &Somebody) -> anyhow::Result<(String, String)> {
    let (app, connector) = world.connector(admin).await;
    world.bring(admin, &connector, &file::of_users(&world.folder(), 0..3)?).await?;
    // What is agreed to is for people to do.
    world.patch(admin, &format!("/connectors/{connector}"), json!({"provisioningEnabled": false})).await.ok(200);
    let defaults = json!({"requestable": true, "maxDuration": "PT8H"});
    world.put(admin, &format!("/apps/{app}/request-defaults"), defaults).await.ok(200);
    let entitlements = world.walk(admin, &format!("/apps/{app}/entitlements"), 9).await;
    let id = entitlements[0]["id"].as_str().unwrap().to_owned();
    Ok((app, id))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value}"))
}

on_both_engines! {
    async fn a_request_is_made_decided_and_carried_out(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, entitlement) = requestable(&world, &admin).await?;
        let ann = world.person("ann", &[Role::User]).await?;
        let asked = json!({"entitlementId": entitlement, "duration": "PT4H", "reason": "workshop"});
        let reply = world.post(&ann, "/requests", asked.clone()).await;
        let request = reply.ok(201);
        let path = format!("/requests/{}", text(&request, "id"));
        assert_eq!(reply.header("location"), Some(format!("/api/v1{path}").as_str()));
        assert_eq!((text(&request, "state"), text(&request, "duration")), ("open", "PT4H"));
        assert_eq!(request["steps"][0]["assignees"][0]["personId"], json!(admin.id));
        // The same again is the same.
        assert_eq!(world.post(&ann, "/requests", asked).await.ok(200)["id"], request["id"]);

        assert_eq!(world.walk(&ann, "/me/tasks", 9).await.len(), 0);
        assert_eq!(world.walk(&admin, "/me/tasks", 9).await.len(), 1);
        world.post(&ann, &format!("{path}/approve"), json!({})).await.problem(403, "permission_denied");
        let too_long = json!({"duration": "PT9H"});
        let problem = world.post(&admin, &format!("{path}/approve"), too_long).await.problem(400, "invalid_argument");
        assert_eq!(problem["field"], "duration");
        world.post(&ann, &format!("{path}/comment"), json!({"text": "please"})).await.ok(200);
        let approved = world.post(&admin, &format!("{path}/approve"), json!({"duration": "PT3H"})).await.ok(200);
        assert_eq!((text(&approved, "state"), text(&approved, "askedDuration")), ("approved", "PT4H"));
        assert_eq!(approved["comments"][0]["text"], "please");
        assert_eq!(world.walk(&admin, "/me/tasks", 9).await.len(), 0);
        world.post(&admin, &format!("{path}/deny"), json!({})).await.problem(412, "aborted");

        let jobs = world.walk(&admin, &format!("/jobs?request={}", text(&request, "id")), 9).await;
        assert_eq!(jobs.len(), 2, "{jobs:?}");
        assert!(jobs.iter().all(|job| job["kind"] == "manual" && job["error"].is_string()), "{jobs:?}");
        let grant = jobs.iter().find(|job| job["effect"] == "grant").unwrap();
        let declined = json!({"reason": "the app is being shut down"});
        world.post(&ann, &format!("/jobs/{}/decline", text(grant, "id")), declined.clone()).await.problem(404, "not_found");
        world.post(&admin, &format!("/jobs/{}/decline", text(grant, "id")), declined).await.ok(200);
        let failed = world.get(&ann, &path).await.ok(200);
        assert_eq!((text(&failed, "state"), text(&failed, "outcome")), ("failed", "the app is being shut down"));
        assert_eq!(text(&failed["grant"], "state"), "failed");
    }

    async fn what_cannot_be_asked_for_says_why(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, entitlement) = requestable(&world, &admin).await?;
        let ann = world.person("ann", &[Role::User]).await?;
        for (body, field) in [
            (json!({}), "entitlementId"),
            (json!({"entitlementId": entitlement, "appId": app}), "entitlementId"),
            (json!({"entitlementId": entitlement, "duration": "PT9H"}), "duration"),
            (json!({"entitlementId": entitlement, "duration": "-PT1H"}), "duration"),
            (json!({"entitlementId": entitlement, "emergency": true}), "emergency"),
        ] {
            let problem = world.post(&ann, "/requests", body.clone()).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field, "{body}");
        }
        world.post(&ann, "/requests", json!({"entitlementId": entitlement, "duration": "four hours"})).await
            .problem(400, "invalid_argument");
        world.put(&admin, &format!("/apps/{app}/request-defaults"), json!({"requestable": false})).await.ok(200);
        let problem = world.post(&ann, "/requests", json!({"entitlementId": entitlement})).await.json();
        assert!(text(&problem, "hint").contains("requestable"), "{problem}");
        let setting = format!("/apps/{app}/entitlements/{entitlement}/request-setting");
        let own = world.put(&admin, &setting, json!({"requestable": true, "defaultDuration": "PT1H"})).await.ok(200);
        assert_eq!(own["effective"]["requestable"], true);
        assert_eq!(world.post(&ann, "/requests", json!({"entitlementId": entitlement})).await.ok(201)["duration"], "PT1H");
        let wrong = json!({"defaultDuration": "PT9H", "maxDuration": "PT8H"});
        assert_eq!(world.put(&admin, &setting, wrong).await.problem(400, "invalid_argument")["field"], "defaultDuration");
    }
}
