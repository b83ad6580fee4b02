//! Policies: kept, checked, tried out.

use domain::actor::Role;
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::world::World;

fn policy(name: &str, rules: &Value, baseline: &Value) -> Value {
    json!({"name": name, "kind": "request", "rules": rules, "baseline": baseline})
}

on_both_engines! {
    async fn a_policy_is_made_read_edited_and_deleted(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let rules = json!([{"condition": "request.duration <= duration('4h')", "action": {"type": "approve"}}]);
        let body = policy(" Short ", &rules, &json!({"type": "steps", "steps": [{"who": {"type": "manager"}}]}));
        let made = world.post(&admin, "/policies", body).await;
        let object = made.ok(201);
        assert_eq!((made.header("etag"), object["name"].as_str()), (Some("\"1\""), Some("Short")));
        let path = format!("/policies/{}", object["id"].as_str().unwrap());
        assert_eq!(made.header("location"), Some(format!("/api/v1{path}").as_str()));
        assert_eq!(world.get(&admin, &path).await.ok(200), object);
        assert_eq!(object["baseline"]["steps"][0]["who"], json!({"type": "manager", "level": 1}));

        let edited = world.patch(&admin, &path, json!({"name": "Brief", "baseline": {"type": "deny"}})).await;
        assert_eq!(edited.ok(200)["rules"], object["rules"]);
        assert_eq!(edited.header("etag"), Some("\"2\""));
        let same = world.patch(&admin, &path, json!({"name": "Brief"})).await;
        same.ok(200);
        assert_eq!((same.seq(), same.header("etag")), (None, Some("\"2\"")));
        let stale = world.call(Some(&admin), &format!("DELETE {path}"), &[("if-match", "\"1\"")], None).await;
        stale.problem(412, "aborted");

        let other = policy("Other", &json!([]), &json!({"type": "use_policy", "policyId": object["id"]}));
        world.post(&admin, "/policies", other.clone()).await.ok(201);
        world.post(&admin, "/policies", other).await.problem(409, "already_exists");
        let used = world.call(Some(&admin), &format!("DELETE {path}"), &[], None).await;
        assert!(used.problem(409, "failed_precondition")["detail"].as_str().unwrap().contains("the policy `Other`"));
        let to_other = world.walk(&admin, "/policies?kind=request", 7).await;
        let other = to_other.iter().find(|policy| policy["name"] == "Other").unwrap();
        let other = format!("/policies/{}", other["id"].as_str().unwrap());
        let around = world.patch(&admin, &path, json!({"baseline": {"type": "use_policy", "policyId": other[10..]}})).await;
        assert_eq!(around.problem(400, "invalid_argument")["field"], "baseline.policyId");
        for path in [&other, &path] {
            assert_eq!(world.call(Some(&admin), &format!("DELETE {path}"), &[], None).await.status, 204);
            world.get(&admin, path).await.problem(404, "not_found");
        }
        let actions = world.audit().await?;
        let of_policies: Vec<_> = actions.iter().filter(|action| action.starts_with("policy.")).collect();
        assert_eq!(of_policies, ["policy.created", "policy.edited", "policy.created", "policy.deleted", "policy.deleted"]);
    }

    async fn faults_are_named_with_their_place(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (deny, none) = (json!({"type": "deny"}), json!([]));
        let steps = |who: Value| json!({"type": "steps", "steps": [{"who": {"type": "manager"}}, {"who": who}]});
        let nobody = "0198a000-0000-7000-8000-000000000000";
        let before = world.rows().await?;
        for (body, field, detail) in [
            (policy("", &none, &deny), "name", "1 to 100"),
            (policy("x", &none, &json!({"type": "maybe"})), "body", "maybe"),
            (policy("x", &json!([{"condition": "subject.shoe == 3", "action": deny}]), &deny), "rules[0].condition",
             "line 1, column 8: `subject` has no field `shoe`"),
            (policy("x", &json!([{"condition": "now", "action": deny}]), &deny), "rules[0].condition", "an instant"),
            (policy("x", &none, &steps(json!({"type": "people", "people": []}))), "baseline.steps[1].who", "nobody"),
            (policy("x", &none, &steps(json!({"type": "expression", "expression": "true"}))),
             "baseline.steps[1].who.expression", "people are a list"),
            (policy("x", &none, &json!({"type": "use_policy", "policyId": nobody})), "baseline.policyId", "no policy"),
        ] {
            let problem = world.post(&admin, "/policies", body.clone()).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field, "{body}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(detail), "{body}: {problem}");
        }
        assert_eq!(world.rows().await?, before);
    }

    async fn an_expression_is_checked_before_it_is_used(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let check = async |body: Value| world.post(&admin, "/policies:check-expression", body).await.ok(200);
        assert_eq!(check(json!({"expression": "request.emergency"})).await, json!({"valid": true}));
        assert_eq!(check(json!({"expression": "app.owners", "purpose": "people"})).await, json!({"valid": true}));
        let wrong = check(json!({"expression": "true &&\n foo"})).await;
        assert_eq!((&wrong["valid"], &wrong["error"]["line"], &wrong["error"]["column"]), (&json!(false), &json!(2), &json!(2)));
    }

    async fn a_policy_is_tried_out_rule_by_rule(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, bob) = (world.person("ann", &[]).await?, world.person("bob", &[]).await?);
        let app = world.post(&admin, "/apps", json!({"name": "Wiki", "owners": [bob.id]})).await.ok(201);
        let rules = json!([
            {"condition": "request.form.ticket == 'x'", "action": {"type": "deny"}},
            {"condition": "request.emergency", "action": {"type": "approve"}},
            {"condition": "app.name == 'Wiki' && subject.status == 'active'", "action": {"type": "steps", "steps": [
                {"who": {"type": "expression", "expression": "app.owners"}},
                {"who": {"type": "expression", "expression": "[subject.department]"}},
                {"who": {"type": "self"}},
            ]}},
        ]);
        let made = world.post(&admin, "/policies", policy("P", &rules, &json!({"type": "deny"}))).await.ok(201);
        let path = format!("/policies/{}:test", made["id"].as_str().unwrap());
        let before = world.rows().await?;
        let body = json!({"personId": ann.id, "appId": app["id"], "request": {"emergency": false}});
        let tried = world.post(&admin, &path, body.clone()).await.ok(200);
        assert_eq!(tried["verdict"], "ask");
        let outcomes: Vec<_> = tried["rules"].as_array().unwrap().iter().map(|rule| rule["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["failed", "not_matched", "matched", "not_reached"]);
        assert!(tried["rules"][0]["why"].as_str().unwrap().contains("`form` is not known here"), "R-P-1: {tried}");
        let people = |step: usize| tried["steps"][step]["people"][0]["personId"].clone();
        assert_eq!((people(0), people(1), people(2)), (json!(bob.id), json!(bob.id), json!(ann.id)));
        let hop = tried["steps"][1]["hops"][0].as_str().unwrap();
        assert!(hop.contains("`department` is not known here") && hop.contains("owners of the app"), "R-P-4: {hop}");

        let urgent = json!({"personId": ann.id, "appId": app["id"], "request": {"emergency": true}});
        let tried = world.post(&admin, &path, urgent).await.ok(200);
        assert_eq!((&tried["verdict"], &tried["steps"]), (&json!("approve"), &json!([])));
        assert_eq!(tried["decidedBy"], "rule 2 (`request.emergency`) of the policy `P`");
        let missing = json!({"personId": app["id"], "appId": app["id"]});
        assert_eq!(world.post(&admin, &path, missing).await.problem(400, "invalid_argument")["field"], "personId");
        world.post(&admin, path.trim_end_matches(":test"), body).await.problem(404, "not_found");
        assert_eq!(world.rows().await?, before);
    }

    async fn owners_see_policies_and_others_do_not(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, bob) = (world.person("ann", &[]).await?, world.person("bob", &[]).await?);
        let auditor = world.machine(&[Role::Auditor]).await?;
        world.post(&admin, "/apps", json!({"name": "Wiki", "owners": [ann.id]})).await.ok(201);
        for who in [&admin, &ann, &auditor] {
            world.get(who, "/policies").await.ok(200);
        }
        world.get(&bob, "/policies").await.problem(403, "permission_denied");
        let body = policy("x", &json!([]), &json!({"type": "deny"}));
        world.post(&ann, "/policies", body).await.problem(403, "permission_denied");
    }
}
