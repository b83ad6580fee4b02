//! The audit log.

use domain::actor::{Actor, Part, Role};
use domain::audit::{Event, Object, Via};
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::world::World;

fn actions(list: &[Value]) -> Vec<&str> {
    list.iter().filter_map(|event| event["action"].as_str()).collect()
}

on_both_engines! {
    async fn the_log_is_filtered_paged_and_scoped(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[]).await?;
        let connectors = world.machine(&[Role::ConnectorAdministrator]).await?;
        let mine = world.post(&admin, "/apps", json!({"name": "Mine", "owners": [ann.id]})).await.ok(201);
        let mine = mine["id"].as_str().unwrap().to_owned();
        world.post(&admin, "/apps", json!({"name": "Other"})).await.ok(201);
        world.clock.advance(jiff::SignedDuration::from_mins(1));
        world.patch(&ann, &format!("/apps/{mine}"), json!({"description": "ann's"})).await.ok(200);
        world.connector(&admin).await;

        let all = world.walk(&admin, "/audit", 200).await;
        let seqs: Vec<i64> = all.iter().filter_map(|event| event["seq"].as_i64()).collect();
        assert_eq!(seqs, (1..=i64::try_from(all.len())?).rev().collect::<Vec<_>>(), "the newest first");
        for size in [1, 3] {
            assert_eq!(world.walk(&admin, "/audit", size).await, all);
        }
        assert_eq!(actions(&world.walk(&admin, &format!("/audit?app={mine}"), 9).await), ["app.edited", "app.created"]);
        assert_eq!(actions(&world.walk(&admin, "/audit?action=app.edited", 9).await), ["app.edited"]);
        let apps = world.walk(&admin, "/audit?action=app.&object_kind=app&to=2026-11-23T08:01:00Z", 9).await;
        assert_eq!(actions(&apps), ["app.created", "app.created"]);
        let later = world.walk(&admin, "/audit?action=app.&from=2026-11-23T08:01:00Z", 9).await;
        assert!(actions(&later).contains(&"app.edited") && !actions(&later).is_empty());
        assert_eq!(actions(&world.walk(&admin, &format!("/audit?actor=person:{}", ann.id), 9).await), ["app.edited"]);
        assert_eq!(world.walk(&admin, &format!("/audit?object={mine}"), 9).await.len(), 2);
        let web = world.walk(&admin, "/audit?via=rest&action=app.", 9).await;
        assert_eq!(actions(&web), ["app.created", "app.edited", "app.created", "app.created"]);
        assert_eq!(actions(&world.walk(&admin, "/audit?via=timer&action=app.", 9).await), [""; 0]);
        let mut tx = world.store.begin().await?;
        let (timer, object) = (Actor::System(Part::Timer), Object::new("grant", "g1"));
        tx.audit(Event::new(&timer, Via::Timer, "grant.expired", object).with_correlation("r-1"));
        tx.commit().await?;
        let bound = world.walk(&admin, "/audit?correlation_id=r-1&via=timer&object_kind=grant", 9).await;
        assert_eq!(actions(&bound), ["grant.expired"]);

        assert_eq!(actions(&world.walk(&ann, "/audit", 9).await), ["app.edited", "app.created"], "own app, own acts");
        let seen = world.walk(&connectors, "/audit", 9).await;
        assert_eq!(actions(&seen), ["connector.created"], "events of connectors only");
        let edited = &world.walk(&ann, "/audit?action=app.edited", 9).await[0];
        assert_eq!(edited["before"], json!({"description": ""}));
        assert_eq!(edited["after"], json!({"description": "ann's"}));
        assert_eq!(edited["via"], "rest");
        for query in ["from=yesterday", "app=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "page_token=eA"] {
            world.get(&admin, &format!("/audit?{query}")).await.problem(400, "invalid_argument");
        }
    }

    async fn the_stream_can_be_verified_by_whoever_has_it(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        for n in 0..4 {
            world.post(&admin, "/apps", json!({"name": format!("App {n}")})).await.ok(201);
        }
        let accept = [("accept", "application/x-ndjson")];
        let stream = world.call(Some(&admin), "GET /audit", &accept, None).await;
        assert_eq!((stream.status.as_u16(), stream.header("content-type")), (200, Some("application/x-ndjson")));
        let mut last = domain::audit::GENESIS.to_owned();
        let text = stream.text();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line)?;
            assert_eq!(row["prevHash"], last);
            let event = line.split_once("{\"event\":").unwrap().1.split_once(",\"prevHash\":").unwrap().0;
            last = domain::audit::chain(&last, event);
            assert_eq!(row["hash"], last);
        }
        let head = world.get(&admin, "/audit/head").await.ok(200);
        assert_eq!(head, json!({"seq": text.lines().count(), "hash": last}));
        assert_eq!(stream.seq(), head["seq"].as_i64(), "the last row is the export itself");
        let some = world.call(Some(&admin), "GET /audit?action=app.created", &accept, None).await;
        assert_eq!(some.text().lines().count(), 4);
    }

    async fn exports_have_three_shapes_and_are_rows_themselves(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        world.post(&admin, "/apps", json!({"name": "=1+1"})).await.ok(201);
        let mut tx = world.store.begin().await?;
        for n in 0..1_200 {
            let object = Object::new("grant", format!("g{n}"));
            tx.audit(Event::new(&Actor::System(Part::Timer), Via::Timer, "grant.expired", object).with_reason("=cmd"));
        }
        tx.commit().await?;
        let auditor = world.person("audrey", &[Role::Auditor]).await?;

        let csv = world.call(Some(&auditor), "GET /audit?format=csv&action=grant.expired", &[], None).await;
        assert_eq!((csv.status.as_u16(), csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        let text = csv.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("seq,at,actor,via,action,object_kind,object_id,"));
        assert_eq!(lines.len(), 1 + 1_200 + 1, "the names, the rows, the end of the last line");
        assert!(lines[1].contains(",timer,timer,grant.expired,grant,g0,,'=cmd,"), "{}", lines[1]);

        let ocsf = world.call(Some(&admin), "GET /audit?format=ocsf&from=2026-11-23T00:00:00Z", &[], None).await;
        let events: Vec<Value> = ocsf.text().lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let export = events.last().unwrap();
        assert_eq!((&export["class_uid"], &export["type_uid"]), (&json!(6003), &json!(600_302)));
        let resource = &export["resources"][0];
        assert_eq!(resource["data"], json!({"format": "ocsf", "filter": {"from": "2026-11-23T00:00:00Z"}}));
        let created = events.iter().find(|event| event["metadata"]["event_code"] == "app.created").unwrap();
        assert_eq!((&created["class_uid"], &created["activity_name"]), (&json!(3004), &json!("Create")));
        assert_eq!(created["entity_result"]["data"]["name"], "=1+1");

        let before = world.walk(&admin, "/audit?action=audit.exported", 9).await;
        assert_eq!(before.len(), 2);
        for role in Role::ALL.into_iter().filter(|role| ![Role::SuperAdministrator, Role::Auditor].contains(role)) {
            let other = world.person(role.name(), &[role]).await?;
            world.call(Some(&other), "GET /audit?format=csv", &[], None).await.problem(403, "permission_denied");
        }
        assert_eq!(world.walk(&admin, "/audit?action=audit.exported", 9).await, before);
        for query in ["format=xml", "via=pigeon", "format=csv&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"] {
            world.get(&admin, &format!("/audit?{query}")).await.problem(400, "invalid_argument");
        }
    }

    async fn tampering_shows(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        world.post(&admin, "/apps", json!({"name": "Wiki"})).await.ok(201);
        let verify = async || world.call(Some(&admin), "POST /audit/verify", &[], None).await.ok(200);
        let whole = verify().await;
        assert_eq!((whole["intact"].as_bool(), whole["faults"].as_array().map(Vec::len)), (Some(true), Some(0)));
        let mut tx = world.store.begin().await?;
        sqlx::query("UPDATE audit_event SET actor = 'nobody' WHERE seq = 1").execute(tx.conn()).await?;
        tx.commit().await?;
        let found = verify().await;
        assert_eq!(found["intact"], false);
        assert_eq!((&found["faults"][0]["kind"], &found["faults"][0]["seq"]), (&json!("column"), &json!(1)));
    }
}
