//! Accounts, resources, entitlements and grants.

use std::collections::BTreeSet;

use domain::actor::Role;
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::file;
use crate::world::World;

fn column(list: &[Value], name: &str) -> BTreeSet<String> {
    list.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

on_both_engines! {
    async fn what_a_sync_found_is_shown(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, connector) = world.connector(&admin).await;
        let sync = world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..5)?).await?;

        let accounts = world.walk(&admin, &format!("/apps/{app}/accounts"), 2).await;
        assert_eq!(column(&accounts, "externalId"), (0..5).map(file::id).collect());
        let account = accounts.iter().find(|account| account["externalId"] == "usr_0003").unwrap();
        assert_eq!(account["emails"], json!(["usr_0003@example.com"]));
        assert_eq!((&account["connectorId"], &account["firstSeenSync"]), (&json!(connector), &sync["id"]));
        let path = format!("/apps/{app}/accounts/{}", account["id"].as_str().unwrap());
        let one = world.get(&admin, &path).await;
        assert_eq!((&one.ok(200), one.header("etag").is_some()), (account, true));

        let types = world.walk(&admin, &format!("/apps/{app}/resource-types"), 1).await;
        assert_eq!(column(&types, "externalId"), ["role", "user"].map(String::from).into());
        let resources = world.walk(&admin, &format!("/apps/{app}/resources?type=role"), 1).await;
        assert_eq!(column(&resources, "externalId"), ["editor", "viewer"].map(String::from).into());
        let entitlements = world.walk(&admin, &format!("/apps/{app}/entitlements"), 1).await;
        let viewer = entitlements.iter().find(|row| row["externalId"] == "role:viewer:assigned").unwrap();
        let path = format!("/apps/{app}/entitlements/{}", viewer["id"].as_str().unwrap());
        assert_eq!(&world.get(&admin, &path).await.ok(200), viewer);

        let grants = world.walk(&admin, &format!("{path}/grants"), 2).await;
        assert_eq!(column(&grants, "accountId"), column(&accounts, "id"));
        assert_eq!(world.walk(&admin, &format!("/grants?app={app}"), 2).await.len(), 5);
        let held = world.walk(&admin, &format!("/grants?account={}", account["id"].as_str().unwrap()), 2).await;
        assert_eq!(column(&held, "entitlementId"), column(std::slice::from_ref(viewer), "id"));
        let grant = world.get(&admin, &format!("/grants/{}", held[0]["id"].as_str().unwrap())).await;
        assert_eq!(grant.ok(200), held[0]);
        let differences = world.walk(&admin, &format!("/syncs/{}/differences?kind=account", sync["id"].as_str().unwrap()), 2).await;
        assert_eq!(column(&differences, "id"), column(&accounts, "id"));
    }

    async fn r_i_3_an_account_is_given_to_somebody_by_hand_and_back_to_matching(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, owner) = (world.person("usr_0001", &[]).await?, world.person("owner", &[]).await?);
        let (app, connector) = world.connector(&admin).await;
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..3)?).await?;
        let account = world.get(&admin, &format!("/apps/{app}/accounts?text=usr_0001")).await.ok(200)["list"][0].clone();
        let path = format!("/apps/{app}/accounts/{}", account["id"].as_str().unwrap());
        let owned = |account: &Value| (account["ownerPersonId"].clone(), account["ownerSource"].clone(), account["matchRule"].clone());
        let owner_path = format!("{path}/owner");
        let by_hand = world.put(&admin, &owner_path, json!({"personId": owner.id})).await;
        assert_eq!(owned(&by_hand.ok(200)), (json!(owner.id), json!("manual"), json!(null)));
        assert_eq!(world.get(&admin, &path).await.ok(200), by_hand.json());
        let stale = [("if-match", "\"1\"")];
        world.call(Some(&admin), &format!("DELETE {owner_path}"), &stale, None).await.problem(412, "aborted");
        let cleared = world.call(Some(&admin), &format!("DELETE {owner_path}"), &[], None).await.ok(200);
        assert_eq!(owned(&cleared), (json!(null), json!("cleared"), json!(null)));
        let reset = world.call(Some(&admin), &format!("DELETE {owner_path}?reset=true"), &[], None).await.ok(200);
        assert_eq!(owned(&reset), (json!(ann.id), json!("matched"), json!("primary email")));
        let nobody = "person_00000000000000000000000000";
        world.put(&admin, &owner_path, json!({"personId": nobody})).await.problem(400, "invalid_argument");
        let (other, _) = world.connector(&admin).await;
        let elsewhere = owner_path.replace(&app, &other);
        world.put(&admin, &elsewhere, json!({"personId": owner.id})).await.problem(404, "not_found");
        world.put(&ann, &owner_path, json!({"personId": ann.id})).await.problem(404, "not_found");
    }

    async fn r_i_2_the_first_rule_that_gives_one_person_decides_and_two_are_named(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let make = async |name: &str, more: Value| {
            let mut new = json!({"primaryEmail": format!("{name}@example.org"), "displayName": name});
            new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            world.post(&admin, "/people", new).await.ok(201)["id"].clone()
        };
        world.person("usr_0000", &[]).await?;
        make("second", json!({"emails": ["USR_0000@example.com", "usr_0001@example.com"]})).await;
        make("third", json!({"username": "Usr_0002@example.com"})).await;
        make("older", json!({"username": "usr_0001@example.com"})).await;
        let twin = json!({"emails": ["usr_0003@example.com"]});
        let twins = [make("twin", twin.clone()).await, make("other", twin).await];
        let (app, connector) = world.connector(&admin).await;
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..5)?).await?;
        let rules = [json!("primary email"), json!("secondary email"), json!("username"), json!(null), json!(null)];
        for (account, rule) in rules.iter().enumerate() {
            let found = world.get(&admin, &format!("/apps/{app}/accounts?text={}", file::id(account))).await.ok(200)["list"][0].clone();
            let path = format!("/apps/{app}/accounts/{}", found["id"].as_str().unwrap());
            world.call(Some(&admin), &format!("DELETE {path}/owner?reset=true"), &[], None).await.ok(200);
            let shown = world.get(&admin, &path).await.ok(200);
            assert_eq!((&shown["matchRule"], shown["ownerPersonId"].is_null()), (rule, rule.is_null()), "{account}");
            let suggested = shown["ownerSuggestions"].as_array().cloned().unwrap_or_default();
            assert_eq!(suggested.len(), if account == 3 { 2 } else { 0 });
            assert!(suggested.iter().all(|one| twins.contains(one)));
        }
    }

    async fn r_i_4_a_service_account_is_matched_to_nobody(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, owner) = (world.person("usr_0001", &[]).await?, world.person("owner", &[]).await?);
        let (app, connector) = world.connector(&admin).await;
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..3)?).await?;
        let account = world.get(&admin, &format!("/apps/{app}/accounts?text=usr_0001")).await.ok(200)["list"][0].clone();
        let path = format!("/apps/{app}/accounts/{}", account["id"].as_str().unwrap());
        let shown = |account: &Value| (account["type"].clone(), account["ownerPersonId"].clone(), account["ownerSource"].clone());
        world.call(Some(&admin), &format!("DELETE {path}/owner?reset=true"), &[], None).await.ok(200);
        let service = world.patch(&admin, &path, json!({"type": "service"})).await;
        assert_eq!(shown(&service.ok(200)), (json!("service"), json!(null), json!("none")), "a matched owner goes");
        world.call(Some(&admin), &format!("DELETE {path}/owner?reset=true"), &[], None).await.ok(200);
        assert_eq!(shown(&world.get(&admin, &path).await.ok(200)), (json!("service"), json!(null), json!("none")));
        world.put(&admin, &format!("{path}/owner"), json!({"personId": owner.id})).await.ok(200);
        let system = world.patch(&admin, &path, json!({"type": "system"})).await.ok(200);
        assert_eq!(shown(&system), (json!("system"), json!(owner.id), json!("manual")), "one set by hand stays");
        // No sync says otherwise, though it changes the account and brings it back.
        world.clock.advance(jiff::SignedDuration::from_hours(1));
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..1)?).await?;
        world.clock.advance(jiff::SignedDuration::from_hours(1));
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..3)?).await?;
        assert_eq!(shown(&world.get(&admin, &path).await.ok(200)), (json!("system"), json!(owner.id), json!("manual")));
        world.call(Some(&admin), &format!("DELETE {path}/owner?reset=true"), &[], None).await.ok(200);
        let user = world.patch(&admin, &path, json!({"type": "user"})).await.ok(200);
        assert_eq!(shown(&user), (json!("user"), json!(ann.id), json!("matched")));
        assert_eq!(world.patch(&admin, &path, json!({"type": "user"})).await.seq(), None);
        world.patch(&admin, &path, json!({"type": "robot"})).await.problem(400, "invalid_argument");
    }

    async fn everything_that_a_person_holds_is_one_answer(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, ben) = (world.person("ann", &[]).await?, world.person("ben", &[]).await?);
        let mut apps = BTreeSet::new();
        for _ in 0..2 {
            let (app, connector) = world.connector(&admin).await;
            world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..3)?).await?;
            for row in world.walk(&admin, &format!("/apps/{app}/accounts"), 5).await.iter().take(2) {
                let path = format!("/apps/{app}/accounts/{}/owner", row["id"].as_str().unwrap());
                world.put(&admin, &path, json!({"personId": ann.id})).await.ok(200);
            }
            apps.insert(app);
        }
        let path = format!("/people/{}/access", ann.id);
        let held = world.walk(&ann, &path, 3).await;
        assert_eq!(held, world.walk(&admin, &path, 5).await);
        assert_eq!((held.len(), column(&held, "appId")), (4, apps.clone()));
        for row in &held {
            assert_eq!((&row["entitlementName"], &row["state"], &row["origin"]), (&json!("viewer"), &json!("active"), &json!("initial")));
            assert_eq!((row["since"].is_string(), &row["expiresAt"]), (true, &json!(null)));
        }
        let accounts = world.get(&ann, &format!("/people/{}/accounts", ann.id)).await.ok(200);
        assert_eq!(column(accounts["list"].as_array().unwrap(), "id"), column(&held, "accountId"));
        let of_one = world.get(&admin, &format!("/people/{}/accounts?app={}", ann.id, apps.first().unwrap())).await.ok(200);
        assert_eq!(of_one["list"].as_array().unwrap().len(), 2);
        for hidden in ["access", "accounts"] {
            world.get(&ben, &format!("/people/{}/{hidden}", ann.id)).await.problem(404, "not_found");
        }
    }

    async fn accounts_are_filtered_and_the_past_is_kept(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (app, connector) = world.connector(&admin).await;
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..20)?).await?;
        let then = world.store.now();
        world.clock.advance(jiff::SignedDuration::from_hours(1));
        let sync = world.bring(&admin, &connector, &file::of_users(&world.folder(), 2..20)?).await?;
        assert_eq!(sync["state"], "applied", "{sync}");
        let accounts = async |query: &str| world.walk(&admin, &format!("/apps/{app}/accounts{query}"), 7).await;
        assert_eq!(accounts("").await.len(), 18);
        assert_eq!(column(&accounts("?status=gone").await, "externalId"), (0..2).map(file::id).collect());
        assert_eq!(column(&accounts("?text=USR_0007").await, "externalId"), [file::id(7)].into());
        assert_eq!(accounts("?text=%25").await.len(), 0);
        assert_eq!(accounts(&format!("?connector={connector}&type=user")).await.len(), 18);
        world.get(&admin, &format!("/apps/{app}/accounts?status=odd")).await.problem(400, "invalid_argument");

        let entitlements = world.walk(&admin, &format!("/apps/{app}/entitlements"), 9).await;
        let viewer = entitlements.iter().find(|row| row["externalId"] == "role:viewer:assigned").unwrap();
        let grants = format!("/apps/{app}/entitlements/{}/grants", viewer["id"].as_str().unwrap());
        for (query, expected) in [(String::new(), 18), ("?state=past".into(), 2), ("?state=ever".into(), 20), (format!("?at={then}"), 20)] {
            assert_eq!(world.walk(&admin, &format!("{grants}{query}"), 6).await.len(), expected, "{query}");
        }
        for query in ["?state=odd", "?at=then", &format!("?state=now&at={then}")] {
            world.get(&admin, &format!("{grants}{query}")).await.problem(400, "invalid_argument");
        }
        for query in ["", "?account=x", &format!("?app={app}&entitlement={}", viewer["id"].as_str().unwrap())] {
            world.get(&admin, &format!("/grants{query}")).await.problem(400, "invalid_argument");
        }
        let gone = world.walk(&admin, &format!("/syncs/{}/differences?change=disappeared", sync["id"].as_str().unwrap()), 1).await;
        assert_eq!(column(&gone, "kind"), ["account", "grant"].map(String::from).into());
        assert_eq!(gone.len(), 4);
    }

    async fn r_api_2_what_is_in_a_hidden_app_is_hidden(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, auditor) = (world.person("ann", &[]).await?, world.machine(&[Role::Auditor]).await?);
        let (app, connector) = world.connector(&admin).await;
        let other = world.post(&admin, "/apps", json!({"name": "Mine", "owners": [ann.id]})).await.ok(201);
        let other = other["id"].as_str().unwrap().to_owned();
        world.bring(&admin, &connector, &file::of_users(&world.folder(), 0..2)?).await?;
        let first = async |path: String| world.walk(&admin, &path, 9).await[0]["id"].as_str().unwrap().to_owned();
        let account = first(format!("/apps/{app}/accounts")).await;
        let entitlement = first(format!("/apps/{app}/entitlements")).await;
        let grant = first(format!("/grants?app={app}")).await;
        for path in [
            format!("/apps/{app}/accounts"),
            format!("/apps/{app}/accounts/{account}"),
            format!("/apps/{app}/resource-types"),
            format!("/apps/{app}/resources"),
            format!("/apps/{app}/entitlements"),
            format!("/apps/{app}/entitlements/{entitlement}"),
            format!("/apps/{app}/entitlements/{entitlement}/grants"),
            format!("/grants?app={app}"),
            format!("/grants?account={account}"),
            format!("/grants?entitlement={entitlement}"),
            format!("/grants/{grant}"),
        ] {
            world.get(&ann, &path).await.problem(404, "not_found");
            assert_eq!(world.get(&auditor, &path).await.status, 200, "{path}");
        }
        // What is in one app is not in another, even for its owner.
        for path in [
            format!("/apps/{other}/accounts/{account}"),
            format!("/apps/{other}/entitlements/{entitlement}"),
            format!("/apps/{other}/entitlements/{entitlement}/grants"),
        ] {
            world.get(&ann, &path).await.problem(404, "not_found");
            world.get(&admin, &path).await.problem(404, "not_found");
        }
        assert_eq!(world.walk(&ann, &format!("/apps/{other}/accounts"), 9).await.len(), 0);
    }
}
