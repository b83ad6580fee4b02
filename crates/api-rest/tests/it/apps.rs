//! Apps and their owners.

use domain::actor::Role;
use serde_json::json;
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn an_app_is_made_read_edited_and_given_owners(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[]).await?;
        let made = world.post(&admin, "/apps", json!({"name": " Wiki ", "description": "All we know"})).await;
        let app = made.ok(201);
        assert_eq!(made.seq(), Some(i64::try_from(world.audit().await?.len())?), "R-API-3");
        assert_eq!(made.header("etag"), Some("\"1\""));
        let path = format!("/apps/{}", app["id"].as_str().unwrap());
        assert_eq!(made.header("location"), Some(format!("/api/v1{path}").as_str()));
        assert_eq!((app["name"].as_str(), app["state"].as_str()), (Some("Wiki"), Some("managed")));
        assert_eq!(world.get(&admin, &path).await.ok(200), app);

        let edited = world.call(Some(&admin), &format!("PATCH {path}"), &[("if-match", "\"1\"")], Some(json!({"name": "Book"}))).await;
        assert_eq!(edited.ok(200)["name"], "Book");
        assert_eq!(edited.header("etag"), Some("\"2\""));
        assert!(edited.seq() > made.seq());

        let owned = world.put(&admin, &format!("{path}/owners"), json!({"people": [ann.id]})).await;
        assert_eq!(owned.ok(200), json!({"people": [ann.id]}));
        assert_eq!(owned.header("etag"), Some("\"3\""));
        assert_eq!(world.get(&ann, &format!("{path}/owners")).await.ok(200), json!({"people": [ann.id]}));
        let actions = world.audit().await?;
        assert!(actions.ends_with(&["app.created".into(), "app.edited".into(), "app.owners_changed".into()]), "{actions:?}");
    }

    async fn r_api_5_a_list_is_written_as_csv_for_who_asks_for_it(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        for name in ["Book", "=1+1", "a, b"] {
            world.post(&admin, "/apps", json!({"name": name})).await.ok(201);
        }
        let csv = [("accept", "text/csv")];
        let mut lines = Vec::new();
        let mut token = String::new();
        for rows in [2, 1] {
            let page = world.call(Some(&admin), &format!("GET /apps?page_size=2&page_token={token}"), &csv, None).await;
            assert_eq!(page.header("content-type"), Some("text/csv; charset=utf-8"));
            let text = page.text();
            let found: Vec<String> = text.lines().map(str::to_owned).collect();
            assert_eq!(found.len(), rows + 1, "{text}");
            assert!(found[0].starts_with("id,name,"), "{text}");
            lines.extend(found.into_iter().skip(1));
            page.header("next-page-token").unwrap_or_default().clone_into(&mut token);
        }
        assert!(token.is_empty(), "{token}");
        for name in [",Book,", ",'=1+1,", ",\"a, b\","] {
            assert_eq!(lines.iter().filter(|line| line.contains(name)).count(), 1, "{name} {lines:?}");
        }
        // What is no list, or is refused, is what it always is.
        world.call(Some(&admin), "GET /settings", &csv, None).await.ok(200);
        world.call(None, "GET /apps", &csv, None).await.problem(401, "unauthenticated");
        world.call(Some(&admin), "GET /apps", &[("accept", "application/json, text/csv")], None).await.ok(200);
    }

    async fn what_is_so_already_has_no_audit_row(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let app = world.post(&admin, "/apps", json!({"name": "Wiki"})).await.ok(201);
        let path = format!("/apps/{}", app["id"].as_str().unwrap());
        let before = world.rows().await?;
        for reply in [
            world.patch(&admin, &path, json!({"name": "Wiki", "description": ""})).await,
            world.put(&admin, &format!("{path}/owners"), json!({"people": [admin.id, admin.id]})).await,
            world.call(Some(&admin), &format!("POST {path}/manage"), &[], None).await,
        ] {
            reply.ok(200);
            assert_eq!((reply.seq(), reply.header("etag")), (None, Some("\"1\"")));
        }
        assert_eq!(world.rows().await?, before);
    }

    async fn a_stale_version_changes_nothing(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let app = world.post(&admin, "/apps", json!({"name": "Wiki"})).await.ok(201);
        let path = format!("/apps/{}", app["id"].as_str().unwrap());
        world.patch(&admin, &path, json!({"description": "2"})).await.ok(200);
        let before = world.rows().await?;
        for (route, body) in [
            (format!("PATCH {path}"), Some(json!({"name": "x"}))),
            (format!("PUT {path}/owners"), Some(json!({"people": []}))),
            (format!("POST {path}/manage"), None),
        ] {
            let reply = world.call(Some(&admin), &route, &[("if-match", "\"1\"")], body).await;
            let problem = reply.problem(412, "aborted");
            assert!(problem["hint"].is_string(), "{problem}");
        }
        let odd = world.call(Some(&admin), &format!("PATCH {path}"), &[("if-match", "1")], Some(json!({}))).await;
        assert_eq!(odd.problem(400, "invalid_argument")["field"], "If-Match");
        assert_eq!(world.rows().await?, before);
    }

    async fn bad_input_is_named(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        world.post(&admin, "/apps", json!({"name": "Wiki"})).await.ok(201);
        world.post(&admin, "/apps", json!({"name": "Wiki"})).await.problem(409, "already_exists");
        let before = world.rows().await?;
        for (body, field) in [
            (json!({"name": ""}), "name"),
            (json!({"name": "a\nb"}), "name"),
            (json!({"name": "x".repeat(101)}), "name"),
            (json!({"name": "x", "description": "x".repeat(2001)}), "description"),
            (json!({"name": "x", "owners": ["0198a000-0000-7000-8000-000000000000"]}), "owners"),
            (json!({"name": "x", "owners": ["me"]}), "body"),
            (json!({"name": "x", "colour": "red"}), "body"),
            (json!({}), "body"),
        ] {
            let problem = world.post(&admin, "/apps", body.clone()).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field, "{body}: {problem}");
        }
        for query in ["state=gone", "page_size=0", "page_size=201", "page_token=!", "page_size=x"] {
            world.get(&admin, &format!("/apps?{query}")).await.problem(400, "invalid_argument");
        }
        world.get(&admin, "/apps/me").await.problem(404, "not_found");
        assert_eq!(world.rows().await?, before);
    }

    async fn r_api_2_a_hidden_app_is_none_and_an_owner_sees_only_theirs(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, bob) = (world.person("ann", &[]).await?, world.person("bob", &[]).await?);
        let auditor = world.machine(&[Role::Auditor]).await?;
        let mut paths = Vec::new();
        for (name, owner) in [("A", &ann), ("B", &bob)] {
            let app = world.post(&admin, "/apps", json!({"name": name, "owners": [owner.id]})).await.ok(201);
            paths.push(format!("/apps/{}", app["id"].as_str().unwrap()));
        }
        let names = async |who| {
            let list = world.walk(who, "/apps", 200).await;
            list.iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&admin).await, ["A", "B"]);
        assert_eq!(names(&auditor).await, ["A", "B"]);
        assert_eq!(names(&ann).await, ["A"]);

        let missing = world.get(&ann, "/apps/0198a000-0000-7000-8000-000000000000").await.problem(404, "not_found");
        let hidden = world.get(&ann, &paths[1]).await.problem(404, "not_found");
        let shape = |problem: &serde_json::Value| problem["detail"].as_str().unwrap().split('`').next().unwrap().to_owned();
        assert_eq!(shape(&missing), shape(&hidden));
        world.patch(&ann, &paths[1], json!({"name": "mine"})).await.problem(404, "not_found");
        world.patch(&auditor, &paths[0], json!({"name": "x"})).await.problem(403, "permission_denied");
        world.call(Some(&ann), &format!("POST {}/manage", paths[0]), &[], None).await.problem(403, "permission_denied");
        assert_eq!(world.patch(&ann, &paths[0], json!({"name": "AA"})).await.ok(200)["name"], "AA");
    }

    async fn a_walk_in_pages_meets_every_app_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        for n in 0..7 {
            world.post(&admin, "/apps", json!({"name": format!("App {n}")})).await.ok(201);
        }
        let names = |list: Vec<serde_json::Value>| {
            let mut names: Vec<String> = list.iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        let whole = names(world.walk(&admin, "/apps", 200).await);
        assert_eq!(whole, (0..7).map(|n| format!("App {n}")).collect::<Vec<_>>());
        for size in [1, 2, 3, 7] {
            assert_eq!(names(world.walk(&admin, "/apps?state=managed", size).await), whole);
        }
        assert_eq!(world.walk(&admin, "/apps?state=archived", 2).await, Vec::<serde_json::Value>::new());
    }

    async fn a_post_with_a_key_is_carried_out_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let key = [("idempotency-key", "k1")];
        let first = world.call(Some(&admin), "POST /apps", &key, Some(json!({"name": "Wiki"}))).await;
        let again = world.call(Some(&admin), "POST /apps", &key, Some(json!({"name": "Wiki"}))).await;
        assert_eq!(first.ok(201), again.ok(201));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
        let other = world.call(Some(&admin), "POST /apps", &key, Some(json!({"name": "Book"}))).await;
        assert_eq!(other.problem(400, "invalid_argument")["field"], "Idempotency-Key");
        assert_eq!(world.walk(&admin, "/apps", 10).await.len(), 1);
    }
}
