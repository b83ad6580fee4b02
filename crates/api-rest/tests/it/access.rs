//! Who may call which route (R-API-1): every route of the description is in the table.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use domain::access::{Action, Relation, may};
use domain::actor::{Actor, Role};
use ids::{PersonId, SystemRng};
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::file;
use crate::world::{Somebody, World};

/// Who may call a route.
#[derive(Clone, Copy)]
enum For {
    /// Everybody, without a token.
    Open,
    /// Everybody with a token; what they see differs.
    Signed,
    /// Those who may do this.
    Those(Action),
}

use Action as A;
use For::{Open, Signed, Those};

/// A route, who may call it, and a body that is right.
type Row = (&'static str, For, Option<Value>);

/// Every route.
fn table(ids: &BTreeMap<&str, String>) -> Vec<Row> {
    [found_and_run(ids), people_and_settings(ids), offered(ids), done(ids)].concat()
}

/// Access that can be asked for, and what holds for it.
fn offered(ids: &BTreeMap<&str, String>) -> Vec<Row> {
    let owner = ids["person"].clone();
    vec![
        ("PUT /api/v1/grants/{grant}/expiry", Those(A::EditApp), Some(json!({"expiresAt": "2030-01-01T00:00:00Z"}))),
        ("DELETE /api/v1/grants/{grant}/expiry", Those(A::EditApp), None),
        ("POST /api/v1/grants/{grant}/let-end", Those(A::EditApp), None),
        // Only who holds it; nobody by a role.
        ("POST /api/v1/grants/{grant}/return", Those(A::OverseeRequests), None),
        ("GET /api/v1/settings/request-defaults", Those(A::SeeSettings), None),
        ("PUT /api/v1/settings/request-defaults", Those(A::EditSettings), Some(json!({"maxDuration": "PT8H"}))),
        ("GET /api/v1/apps/{app}/request-defaults", Those(A::SeeInventory), None),
        ("PUT /api/v1/apps/{app}/request-defaults", Those(A::EditApp), Some(json!({"requestable": true}))),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/request-setting", Those(A::SeeInventory), None),
        (
            "PUT /api/v1/apps/{app}/entitlements/{entitlement}/request-setting",
            Those(A::EditApp),
            Some(json!({"requestable": true})),
        ),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/owners", Those(A::SeeInventory), None),
        (
            "PUT /api/v1/apps/{app}/entitlements/{entitlement}/owners",
            Those(A::EditApp),
            Some(json!({"people": [owner]})),
        ),
        ("GET /api/v1/apps/{app}/classification", Those(A::SeeInventory), None),
        ("PUT /api/v1/apps/{app}/classification", Those(A::EditApp), Some(json!({"riskLevel": "high"}))),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/classification", Those(A::SeeInventory), None),
        (
            "PUT /api/v1/apps/{app}/entitlements/{entitlement}/classification",
            Those(A::EditApp),
            Some(json!({"tags": ["design"]})),
        ),
        ("POST /api/v1/apps/{app}/resources", Those(A::EditApp), Some(json!({"displayName": "x"}))),
        ("PATCH /api/v1/apps/{app}/resources/{resource}", Those(A::EditApp), Some(json!({"description": "x"}))),
        ("DELETE /api/v1/apps/{app}/resources/{resource}", Those(A::EditApp), None),
        ("POST /api/v1/apps/{app}/entitlements", Those(A::EditApp), Some(json!({"displayName": "x"}))),
        ("PATCH /api/v1/apps/{app}/entitlements/{entitlement}", Those(A::EditApp), Some(json!({"slug": "x"}))),
        ("DELETE /api/v1/apps/{app}/entitlements/{entitlement}", Those(A::EditApp), None),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/provisioning", Those(A::SeeInventory), None),
        (
            "PUT /api/v1/apps/{app}/entitlements/{entitlement}/provisioning",
            Those(A::EditApp),
            Some(json!({"method": "manual"})),
        ),
        ("GET /api/v1/me/jobs", Signed, None),
        ("GET /api/v1/forms", Those(A::SeePolicies), None),
        (
            "POST /api/v1/forms",
            Those(A::EditPolicies),
            Some(json!({"name": "x", "fields": [{"key": "x", "label": "x", "answer": {"type": "text"}}]})),
        ),
        ("GET /api/v1/forms/{form}", Those(A::SeePolicies), None),
        ("PATCH /api/v1/forms/{form}", Those(A::EditPolicies), Some(json!({"name": "x"}))),
        ("DELETE /api/v1/forms/{form}", Those(A::EditPolicies), None),
        // Everybody may ask for it, and so everybody sees what is asked.
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/form", Signed, None),
        ("PUT /api/v1/apps/{app}/entitlements/{entitlement}/form", Those(A::EditApp), Some(json!({}))),
        ("GET /api/v1/bundles", Signed, None),
        ("POST /api/v1/bundles", Those(A::EditPolicies), Some(json!({"name": "x"}))),
        // It is for nobody: only those who see policies see it.
        ("GET /api/v1/bundles/{bundle}", Those(A::SeePolicies), None),
        ("PATCH /api/v1/bundles/{bundle}", Those(A::EditPolicies), Some(json!({"name": "x"}))),
        ("DELETE /api/v1/bundles/{bundle}", Those(A::EditPolicies), None),
        ("POST /api/v1/bundles/{bundle}/request", Those(A::RequestForOthers), Some(json!({"forPersonId": owner}))),
        ("GET /api/v1/apps/{app}/outside-changes", Those(A::SeeInventory), None),
        ("PUT /api/v1/apps/{app}/outside-changes", Those(A::EditApp), Some(json!({"outside": "record_only"}))),
    ]
}

/// What is asked, found and done.
fn done(ids: &BTreeMap<&str, String>) -> Vec<Row> {
    let owner = ids["person"].clone();
    vec![
        ("GET /api/v1/findings", Signed, None),
        ("GET /api/v1/findings/{finding}", Those(A::SeeFindings), None),
        ("POST /api/v1/findings/{finding}/accept", Those(A::DecideFinding), Some(json!({"reason": "x"}))),
        (
            "POST /api/v1/findings/{finding}/snooze",
            Those(A::DecideFinding),
            Some(json!({"reason": "x", "until": "2026-11-24T00:00:00Z"})),
        ),
        ("POST /api/v1/findings/{finding}/suppress", Those(A::SuppressFinding), Some(json!({"reason": "x"}))),
        ("POST /api/v1/findings/{finding}/remedy", Those(A::DecideFinding), Some(json!({"reason": "x"}))),
        ("POST /api/v1/findings/{finding}/reopen", Those(A::DecideFinding), None),
        ("GET /api/v1/finding-types", Those(A::SeeFindings), None),
        ("PUT /api/v1/finding-types/{type}", Those(A::EditSettings), Some(json!({"isOn": false}))),
        ("GET /api/v1/breakers", Those(A::SeeInventory), None),
        ("GET /api/v1/breakers/{app}", Those(A::SeeInventory), None),
        ("POST /api/v1/breakers/{app}/resume", Those(A::EditApp), Some(json!({"reason": "x"}))),
        ("POST /api/v1/breakers/{app}/cancel", Those(A::EditApp), Some(json!({"reason": "x"}))),
        ("GET /api/v1/requests", Signed, None),
        (
            "POST /api/v1/requests",
            Those(A::RequestForOthers),
            Some(json!({"forPersonId": owner, "entitlementId": ids.get("entitlement")})),
        ),
        ("GET /api/v1/me/tasks", Signed, None),
        ("GET /api/v1/requests/{request}", Those(A::SeeInventory), None),
        // Only those who are asked, or who asked; nobody by a role but Super Administrators.
        ("POST /api/v1/requests/{request}/approve", Those(A::OverseeRequests), Some(json!({}))),
        ("POST /api/v1/requests/{request}/deny", Those(A::OverseeRequests), Some(json!({}))),
        ("POST /api/v1/requests/{request}/reassign", Those(A::OverseeRequests), Some(json!({"to": owner}))),
        ("POST /api/v1/requests/{request}/comment", Those(A::SeeInventory), Some(json!({"text": "x"}))),
        (
            "POST /api/v1/requests/{request}/escalate",
            Those(A::OverseeRequests),
            Some(json!({"reason": "it is urgent"})),
        ),
        ("POST /api/v1/requests/{request}/skip-step", Those(A::OverseeRequests), Some(json!({"reason": "x"}))),
        ("POST /api/v1/requests/{request}/restart", Those(A::OverseeRequests), Some(json!({"reason": "x"}))),
        ("POST /api/v1/requests/{request}/cancel", Those(A::OverseeRequests), Some(json!({"reason": "x"}))),
        ("POST /api/v1/requests/{request}/retry", Those(A::EditApp), None),
        // Only who is to hold it; nobody by a role.
        ("POST /api/v1/requests/{request}/start", Those(A::OverseeRequests), None),
        ("GET /api/v1/jobs", Those(A::SeeInventory), None),
        ("GET /api/v1/jobs/{job}", Those(A::SeeInventory), None),
        ("POST /api/v1/jobs/{job}/done", Those(A::EditApp), Some(json!({}))),
        ("POST /api/v1/jobs/{job}/decline", Those(A::EditApp), Some(json!({"reason": "x"}))),
        ("POST /api/v1/jobs/{job}/retry", Those(A::EditApp), None),
        ("POST /api/v1/jobs/{job}/cancel", Those(A::EditApp), Some(json!({"reason": "x"}))),
    ]
}

/// People, how they sign in, tokens, the audit log, settings.
fn people_and_settings(ids: &BTreeMap<&str, String>) -> Vec<Row> {
    let owner = ids["person"].clone();
    vec![
        ("GET /api/v1/people", Those(A::SeePeople), None),
        ("POST /api/v1/search/people", Those(A::SeePeople), Some(json!({}))),
        ("POST /api/v1/people", Those(A::EditPeople), Some(json!({"primaryEmail": "x@y.z", "displayName": "x"}))),
        ("GET /api/v1/people/{person}", Those(A::SeePeople), None),
        ("PATCH /api/v1/people/{person}", Those(A::EditPeople), Some(json!({"displayName": "x"}))),
        ("PUT /api/v1/people/{person}/roles", Those(A::EditPeople), Some(json!({"roles": []}))),
        ("POST /api/v1/people/{person}/suspend", Those(A::EditPeople), Some(json!({"reason": "x"}))),
        ("POST /api/v1/people/{person}/leave", Those(A::EditPeople), Some(json!({"reason": "x"}))),
        ("POST /api/v1/people/{person}/return", Those(A::EditPeople), Some(json!({"reason": "x"}))),
        ("PUT /api/v1/people/{person}/manager", Those(A::EditPeople), Some(json!({"managerId": owner}))),
        ("GET /api/v1/people/{person}/delegation", Those(A::SeePeople), None),
        ("PUT /api/v1/people/{person}/delegation", Those(A::EditPeople), Some(json!({"to": owner}))),
        ("DELETE /api/v1/people/{person}/delegation", Those(A::EditPeople), None),
        ("POST /api/v1/people/import", Those(A::EditPeople), Some(json!({}))),
        ("GET /api/v1/people/{person}/offboarding", Those(A::SeePeople), None),
        ("GET /api/v1/people/{person}/access", Those(A::SeeInventory), None),
        ("GET /api/v1/people/{person}/accounts", Those(A::SeeInventory), None),
        ("PATCH /api/v1/apps/{app}/accounts/{account}", Those(A::EditApp), Some(json!({"type": "user"}))),
        ("PUT /api/v1/apps/{app}/accounts/{account}/owner", Those(A::EditApp), Some(json!({"personId": owner}))),
        ("DELETE /api/v1/apps/{app}/accounts/{account}/owner", Those(A::EditApp), None),
        ("GET /api/v1/people/{person}/sessions", Those(A::EditPeople), None),
        ("DELETE /api/v1/people/{person}/sessions", Those(A::EditPeople), None),
        ("GET /api/v1/me/notices", Signed, None),
        ("GET /api/v1/me/notices/counts", Signed, None),
        ("POST /api/v1/me/notices/read", Signed, None),
        // The administrator has it in theirs.
        ("POST /api/v1/me/notices/{notice}/read", Signed, None),
        ("GET /api/v1/me/sessions", Signed, None),
        ("DELETE /api/v1/me/sessions", Signed, None),
        ("DELETE /api/v1/me/sessions/{session}", Signed, None),
        // Only Super Administrators have one.
        ("PUT /api/v1/me/password", Those(A::EditSettings), Some(json!({"password": "a sentence is a good one"}))),
        ("DELETE /api/v1/me/password", Signed, None),
        ("GET /api/v1/audit", Signed, None),
        ("GET /api/v1/audit/head", Those(A::VerifyAudit), None),
        ("GET /api/v1/audit/anchors", Those(A::VerifyAudit), None),
        ("POST /api/v1/audit/verify", Those(A::VerifyAudit), None),
        ("GET /api/v1/api-clients", Signed, None),
        (
            "POST /api/v1/api-clients",
            Those(A::EditApiClients),
            Some(json!({"name": "x", "roles": ["user"], "personId": owner})),
        ),
        ("DELETE /api/v1/api-clients/{client}", Those(A::EditApiClients), None),
        ("GET /api/v1/settings", Those(A::SeeSettings), None),
        ("PATCH /api/v1/settings", Those(A::EditSettings), Some(json!({"name": "x"}))),
        ("GET /api/v1/settings/session", Those(A::SeeSettings), None),
        ("PATCH /api/v1/settings/session", Those(A::EditSettings), Some(json!({"maxMinutes": 60}))),
        ("GET /api/v1/settings/switches", Those(A::SeeSettings), None),
        ("PATCH /api/v1/settings/switches", Those(A::EditSettings), Some(json!({"expiry": false, "reason": "x"}))),
        ("GET /api/v1/settings/identity-providers", Those(A::SeeSettings), None),
        (
            "POST /api/v1/settings/identity-providers",
            Those(A::EditSettings),
            Some(json!({"name": "x", "issuer": "https://id.example", "clientId": "x"})),
        ),
        ("GET /api/v1/settings/identity-providers/{provider}", Those(A::SeeSettings), None),
        ("PATCH /api/v1/settings/identity-providers/{provider}", Those(A::EditSettings), Some(json!({"name": "x"}))),
        ("DELETE /api/v1/settings/identity-providers/{provider}", Those(A::EditSettings), None),
    ]
}

/// Connectors and what they find.
fn found_and_run(ids: &BTreeMap<&str, String>) -> Vec<Row> {
    let owner = ids["person"].clone();
    vec![
        ("GET /health/live", Open, None),
        ("GET /health/ready", Open, None),
        ("GET /api/v1/openapi.json", Open, None),
        ("GET /api/v1/me", Signed, None),
        ("GET /api/v1/catalog/connectors", Signed, None),
        ("GET /api/v1/apps", Signed, None),
        ("POST /api/v1/apps", Those(A::CreateApp), Some(json!({"name": "x", "owners": [owner]}))),
        ("GET /api/v1/apps/{app}", Those(A::SeeInventory), None),
        ("PATCH /api/v1/apps/{app}", Those(A::EditApp), Some(json!({"name": "x"}))),
        ("POST /api/v1/apps/{app}/manage", Those(A::CreateApp), None),
        ("GET /api/v1/apps/{app}/owners", Those(A::SeeInventory), None),
        ("PUT /api/v1/apps/{app}/owners", Those(A::EditApp), Some(json!({"people": [owner]}))),
        ("GET /api/v1/policies", Those(A::SeePolicies), None),
        (
            "POST /api/v1/policies",
            Those(A::EditPolicies),
            Some(json!({"name": "x", "kind": "request", "baseline": {"type": "deny"}})),
        ),
        ("POST /api/v1/policies:check-expression", Those(A::SeePolicies), Some(json!({"expression": "true"}))),
        ("GET /api/v1/policies/{policy}", Those(A::SeePolicies), None),
        ("PATCH /api/v1/policies/{policy}", Those(A::EditPolicies), Some(json!({"name": "x"}))),
        ("DELETE /api/v1/policies/{policy}", Those(A::EditPolicies), None),
        (
            "POST /api/v1/policies/{policy}:test",
            Those(A::EditPolicies),
            Some(json!({"personId": ids["person"], "appId": ids["person"]})),
        ),
        ("GET /api/v1/apps/{app}/accounts", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/accounts/{account}", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/resource-types", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/resources", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/entitlements", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}", Those(A::SeeInventory), None),
        ("GET /api/v1/apps/{app}/entitlements/{entitlement}/grants", Those(A::SeeInventory), None),
        ("GET /api/v1/grants", Those(A::SeeInventory), None),
        ("GET /api/v1/grants/{grant}", Those(A::SeeInventory), None),
        ("GET /api/v1/syncs/{sync}", Those(A::SeeConnectors), None),
        ("GET /api/v1/syncs/{sync}/log", Those(A::SeeConnectors), None),
        ("GET /api/v1/syncs/{sync}/file", Those(A::SeeConnectors), None),
        ("GET /api/v1/syncs/{sync}/differences", Those(A::SeeConnectors), None),
        ("POST /api/v1/syncs/{sync}/cancel", Those(A::EditConnector), None),
        ("GET /api/v1/holds", Signed, None),
        ("GET /api/v1/holds/{hold}", Those(A::SeeConnectors), None),
        ("POST /api/v1/holds/{hold}/confirm", Those(A::DecideHold), Some(json!({"reason": "x"}))),
        ("POST /api/v1/holds/{hold}/reject", Those(A::DecideHold), Some(json!({"reason": "x"}))),
        ("GET /api/v1/connectors", Signed, None),
        ("POST /api/v1/connectors", Those(A::AddConnector), Some(json!({"catalogId": "baton", "owners": [owner]}))),
        ("GET /api/v1/connectors/{connector}", Those(A::SeeConnectors), None),
        ("PATCH /api/v1/connectors/{connector}", Those(A::EditConnector), Some(json!({"displayName": "x"}))),
        ("DELETE /api/v1/connectors/{connector}", Those(A::EndConnector), None),
        ("POST /api/v1/connectors/{connector}/sync", Those(A::EditConnector), None),
        ("POST /api/v1/connectors/{connector}/pause", Those(A::EndConnector), Some(json!({"reason": "x"}))),
        ("POST /api/v1/connectors/{connector}/resume", Those(A::EndConnector), None),
        ("PUT /api/v1/connectors/{connector}/schedule", Those(A::EditConnector), Some(json!({"intervalMinutes": 60}))),
        ("GET /api/v1/connectors/{connector}/log", Those(A::SeeConnectors), None),
        ("GET /api/v1/connectors/{connector}/deployment", Those(A::SeeConnectors), None),
        ("GET /api/v1/connectors/{connector}/syncs", Those(A::SeeConnectors), None),
        ("GET /api/v1/connectors/{connector}/tasks", Those(A::SeeConnectors), None),
        ("POST /api/v1/connectors/{connector}/tasks", Those(A::RunTask), Some(json!({"kind": "hello"}))),
        ("GET /api/v1/connectors/{connector}/tasks/{task}", Those(A::SeeConnectors), None),
        ("POST /api/v1/connectors/{connector}/tasks/{task}/cancel", Those(A::RunTask), None),
        ("POST /api/v1/connectors/{connector}/files", Those(A::EditConnector), None),
        ("PUT /api/v1/connectors/{connector}/settings", Those(A::EditConnector), Some(json!({"settings": {}}))),
        ("POST /api/v1/connectors/{connector}/settings:test", Those(A::EditConnector), Some(json!({"settings": {}}))),
        ("GET /api/v1/connectors/{connector}/credentials", Those(A::SeeConnectors), None),
        ("POST /api/v1/connectors/{connector}/credentials", Those(A::RotateCredentials), Some(json!({}))),
        ("GET /api/v1/connectors/{connector}/credentials/{credential}", Those(A::SeeConnectors), None),
        ("DELETE /api/v1/connectors/{connector}/credentials/{credential}", Those(A::RotateCredentials), None),
    ]
}

/// What the address of a route is with ids of objects that there are.
fn filled(route: &str, ids: &BTreeMap<&str, String>) -> String {
    let mut filled = route.to_owned();
    for (name, id) in ids {
        filled = filled.replace(&format!("{{{name}}}"), id);
    }
    assert!(!filled.contains('{'), "no id for {filled}");
    match route {
        "GET /api/v1/grants" => format!("{filled}?app={}", ids["app"]),
        "GET /api/v1/connectors/{connector}/deployment" => format!("{filled}?format=kubernetes"),
        _ => filled,
    }
}

/// Objects of every kind, all of them the administrator's; their ids by the names in addresses.
async fn objects(world: &World, admin: &Somebody) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let (app, connector) = world.connector(admin).await;
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let sync = world.bring(admin, &connector, &file::of_users(&world.folder(), 0..20)?).await?;
    world.clock.advance(jiff::SignedDuration::from_mins(1));
    let held = world.bring(admin, &connector, &file::of_users(&world.folder(), 15..20)?).await?;
    let credential = world.post(admin, &format!("/connectors/{connector}/credentials"), json!({})).await.ok(201);
    world.post(admin, &format!("/connectors/{connector}/tasks"), json!({"kind": "hello"})).await;
    let policy = json!({"name": "P", "kind": "request", "baseline": {"type": "deny"}});
    let policy = world.post(admin, "/policies", policy).await.ok(201);
    let first = async |path: String| id(&world.walk(admin, &path, 200).await[0]);
    let entitlement = first(format!("/apps/{app}/entitlements")).await;
    // Somebody asks for the entitlement, which is theirs at once, and whose job waits for an account.
    world.put(admin, &format!("/apps/{app}/request-defaults"), json!({"requestable": true})).await.ok(200);
    let asked = json!({"entitlementId": entitlement, "duration": "PT1H"});
    let request = id(&world.post(admin, "/requests", asked).await.ok(201));
    let form = json!({"name": "F", "fields": [{"key": "x", "label": "x", "answer": {"type": "text"}}]});
    let form = id(&world.post(admin, "/forms", form).await.ok(201));
    let bundle = json!({"name": "B", "audience": "nobody", "entitlements": [entitlement]});
    let bundle = id(&world.post(admin, "/bundles", bundle).await.ok(201));
    world.post(admin, &format!("/requests/{request}/skip-step"), json!({"reason": "nobody is there"})).await.ok(200);
    let leaver = world.post(admin, "/people", json!({"primaryEmail": "x@y.z", "displayName": "X"})).await.ok(201);
    world.post(admin, "/apps", json!({"name": "Left", "owners": [leaver["id"]]})).await.ok(201);
    world.post(admin, &format!("/people/{}/leave", id(&leaver)), json!({"reason": "x"})).await.ok(200);
    world.governance.watch_findings().await?;
    Ok(BTreeMap::from([
        ("finding", first("/findings?type=owner_left".to_owned()).await),
        ("type", "owner_left".to_owned()),
        ("sync", id(&sync)),
        ("hold", held["holdId"].as_str().unwrap().to_owned()),
        ("account", first(format!("/apps/{app}/accounts")).await),
        ("entitlement", entitlement),
        ("bundle", bundle),
        ("form", form),
        ("resource", first(format!("/apps/{app}/resources")).await),
        ("job", first(format!("/jobs?request={request}")).await),
        ("request", request),
        ("grant", first(format!("/grants?app={app}")).await),
        ("client", first("/api-clients".to_owned()).await),
        ("credential", id(&credential)),
        ("notice", first("/me/notices".to_owned()).await),
        ("policy", id(&policy)),
        ("provider", world.identity_provider().await?),
        ("session", admin.id.clone()),
        ("task", first(format!("/connectors/{connector}/tasks")).await),
        ("person", admin.id.clone()),
        ("app", app),
        ("connector", connector),
    ]))
}

#[test]
fn r_api_1_every_route_is_in_the_table() {
    let ids = BTreeMap::from([("person", String::new())]);
    let mut listed: Vec<&str> = table(&ids).iter().map(|(route, ..)| *route).collect();
    let document = serde_json::to_value(api_rest::document()).unwrap();
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    listed.sort_unstable();
    described.sort_unstable();
    assert_eq!(listed, described);
}

on_both_engines! {
    async fn r_api_1_every_route_refuses_those_who_may_not_and_leaves_nothing(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ids = objects(&world, &admin).await?;
        let nobody = Somebody { id: String::new(), token: format!("podium_{}", "A".repeat(43)) };
        let mut callers = Vec::new();
        for role in Role::ALL.into_iter().filter(|role| *role != Role::SuperAdministrator) {
            callers.push((role, world.person(role.name(), &[role]).await?));
        }
        let before = world.rows().await?;
        for (route, who, body) in table(&ids) {
            let address = filled(route, &ids);
            if matches!(who, Open) {
                assert_eq!(world.call(None, &address, &[], None).await.status, 200, "{route}");
                continue;
            }
            for stranger in [None, Some(&nobody)] {
                let reply = world.call(stranger, &address, &[], body.clone()).await;
                reply.problem(401, "unauthenticated");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{route}");
            }
            for (role, caller) in &callers {
                let actor = Actor::Person {
                    id: PersonId::new(world.store.now(), &SystemRng),
                    roles: [*role].into(),
                    token: None,
                };
                let allowed = match who {
                    Those(action) => may(&actor, action, Relation::None),
                    Open | Signed => true,
                };
                // Those who may would change something; the tests of each route do that.
                if allowed && !route.starts_with("GET ") {
                    continue;
                }
                let reply = world.call(Some(caller), &address, &[], body.clone()).await;
                let refused = matches!(reply.status.as_u16(), 403 | 404);
                assert!(refused != allowed, "{role}: {route}: {} {}", reply.status, reply.text());
                if !allowed {
                    let problem = reply.json();
                    assert!(!problem.to_string().contains("root"), "{role}: {route} tells something: {problem}");
                }
            }
        }
        assert_eq!(world.rows().await?, before);
    }

    async fn a_machine_without_roles_may_nothing(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ids = objects(&world, &admin).await?;
        let machine = world.machine(&[Role::User]).await?;
        let before = world.rows().await?;
        for (route, who, body) in table(&ids) {
            if matches!(who, Open) || ["GET /api/v1/me", "GET /api/v1/catalog/connectors"].contains(&route) {
                continue;
            }
            let reply = world.call(Some(&machine), &filled(route, &ids), &[], body).await;
            assert!(matches!(reply.status.as_u16(), 403 | 404), "{route}: {} {}", reply.status, reply.text());
        }
        assert_eq!(world.rows().await?, before);
    }

    async fn a_user_sees_nothing_that_is_not_theirs(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        objects(&world, &admin).await?;
        let ann = world.person("ann", &[]).await?;
        for path in ["/apps", "/connectors", "/holds", "/audit"] {
            assert_eq!(world.walk(&ann, path, 9).await, Vec::<Value>::new(), "{path}");
        }
    }

    async fn bodies_are_json_of_a_bounded_size(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let post = async |kind: &str, body: Vec<u8>| {
            let request = Request::post("/api/v1/apps")
                .header("authorization", format!("Bearer {}", admin.token))
                .header("content-type", kind)
                .body(Body::from(body))
                .unwrap();
            world.send(request).await
        };
        assert_eq!(post("text/plain", b"{}".to_vec()).await.problem(400, "invalid_argument")["field"], "Content-Type");
        post("application/json", b"{".to_vec()).await.problem(400, "invalid_argument");
        post("application/json", vec![b' '; (1 << 20) + 1]).await.problem(413, "resource_exhausted");
        world.get(&admin, "/connectors?app=x").await.problem(400, "invalid_argument");
        world.call(Some(&admin), "PUT /apps", &[], None).await.problem(405, "unimplemented");
        world.call(Some(&admin), "GET /nothing", &[], None).await.problem(404, "not_found");
    }
}
