//! People and their roles.

use domain::actor::Role;
use serde_json::{Value, json};
use testkit::on_both_engines;

use crate::world::World;

on_both_engines! {
    async fn a_person_is_made_found_edited_and_given_roles(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let new = json!({"primaryEmail": " Ann.Lee@Example.com", "displayName": "Ann Lee", "roles": ["helpdesk"]});
        let made = world.post(&admin, "/people", new.clone()).await;
        let person = made.ok(201);
        assert!(made.seq().is_some());
        assert_eq!(person["primaryEmail"], "ann.lee@example.com");
        assert_eq!(person["roles"], json!(["helpdesk"]));
        world.post(&admin, "/people", new).await.problem(409, "already_exists");
        let path = format!("/people/{}", person["id"].as_str().unwrap());
        assert_eq!(world.get(&admin, &path).await.ok(200), person);

        for (query, expected) in [("LEE", 1), ("ann.lee@", 1), ("%", 0), ("_", 0), ("nobody", 0), ("", 2)] {
            let found = world.post(&admin, "/search/people", json!({"query": query})).await.ok(200);
            assert_eq!(found["list"].as_array().unwrap().len(), expected, "{query}");
        }
        let found = world.get(&admin, "/people?role=helpdesk&status=active").await.ok(200);
        assert_eq!(found["list"], json!([person]));

        let edited = world.patch(&admin, &path, json!({"displayName": "Ann B. Lee"})).await;
        assert_eq!(edited.ok(200)["displayName"], "Ann B. Lee");
        assert_eq!(edited.header("etag"), Some("\"2\""));
        let stale = world.call(Some(&admin), &format!("PUT {path}/roles"), &[("if-match", "\"1\"")], Some(json!({"roles": []}))).await;
        stale.problem(412, "aborted");
        let roles = world.put(&admin, &format!("{path}/roles"), json!({"roles": ["auditor", "user"]})).await;
        assert_eq!(roles.ok(200)["roles"], json!(["auditor", "user"]));
        assert_eq!(roles.header("etag"), Some("\"3\""));
        let again = world.put(&admin, &format!("{path}/roles"), json!({"roles": ["user", "auditor"]})).await;
        assert_eq!((again.ok(200)["roles"].clone(), again.seq()), (json!(["auditor", "user"]), None));
        let actions = world.audit().await?;
        let expected = ["person.created", "person.edited", "person.roles_changed"];
        assert!(actions.ends_with(&expected.map(String::from)), "{actions:?}");
    }

    async fn a_suspended_person_is_nobody_here(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[Role::Auditor]).await?;
        world.get(&ann, "/people").await.ok(200);
        let why = json!({"reason": "a year abroad"});
        world.post(&admin, &format!("/people/{}/suspend", ann.id), why.clone()).await.ok(200);
        world.get(&ann, "/people").await.problem(401, "unauthenticated");
        world.post(&admin, &format!("/people/{}/return", ann.id), why).await.ok(200);
        world.get(&ann, "/people").await.ok(200);
    }

    async fn r_role_1_the_last_super_administrator_stays_one(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let machine = world.machine(&[Role::SuperAdministrator]).await?;
        let path = format!("/people/{}", admin.id);
        let before = world.rows().await?;
        for who in [&admin, &machine] {
            let reply = world.put(who, &format!("{path}/roles"), json!({"roles": ["auditor"]})).await;
            if who.id == admin.id {
                assert_eq!(reply.status, 403, "R-ROLE-2 comes first: auditor is a role that the administrator lacks");
            } else {
                reply.problem(409, "failed_precondition");
            }
            world.put(who, &format!("{path}/roles"), json!({"roles": []})).await.problem(409, "failed_precondition");
            for step in ["suspend", "leave"] {
                let why = json!({"reason": "a mistake"});
                world.post(who, &format!("{path}/{step}"), why).await.problem(409, "failed_precondition");
            }
        }
        assert_eq!(world.rows().await?, before);
        let second = world.person("second", &[]).await?;
        world.put(&admin, &format!("/people/{}/roles", second.id), json!({"roles": ["super_administrator"]})).await.ok(200);
        world.put(&admin, &format!("{path}/roles"), json!({"roles": []})).await.ok(200);
        world.get(&admin, "/people").await.problem(403, "permission_denied");
    }

    async fn r_role_1_holds_when_two_are_demoted_at_once(database: Database) {
        let world = World::new(&database).await?;
        let (one, two) = (world.administrator().await?, world.person("two", &[Role::SuperAdministrator]).await?);
        let machine = world.machine(&[Role::SuperAdministrator]).await?;
        let (first, second) = (format!("/people/{}/roles", one.id), format!("/people/{}/roles", two.id));
        let (a, b) = tokio::join!(
            world.put(&machine, &first, json!({"roles": []})),
            world.put(&machine, &second, json!({"roles": []})),
        );
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }

    async fn r_role_2_nobody_raises_themselves(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let path = format!("/people/{}/roles", admin.id);
        let raised = json!({"roles": ["super_administrator", "auditor"]});
        world.put(&admin, &path, raised.clone()).await.problem(403, "permission_denied");
        let other = world.person("other", &[Role::SuperAdministrator]).await?;
        world.put(&other, &path, raised).await.ok(200);
    }

    async fn what_is_known_of_a_person_is_set_kept_and_taken_away(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let new = json!({"primaryEmail": "ann@example.com", "displayName": "Ann", "title": "Nurse", "employeeId": "7",
            "emails": [" B@example.com", "a@example.com", "b@example.com"]});
        let person = world.post(&admin, "/people", new).await.ok(201);
        assert_eq!(person["emails"], json!(["a@example.com", "b@example.com"]));
        let path = format!("/people/{}", person["id"].as_str().unwrap());
        let edited = world.patch(&admin, &path, json!({"title": null, "department": "Ward 3"})).await.ok(200);
        assert_eq!((&edited["title"], &edited["department"], &edited["employeeId"]), (&json!(null), &json!("Ward 3"), &json!("7")));
        for (body, field) in [
            (json!({"emails": ["x"]}), "emails"),
            (json!({"emails": vec!["a@b.c"; 33]}), "emails"),
            (json!({"title": "x".repeat(201)}), "title"),
            (json!({"managerId": person["id"]}), "managerId"),
        ] {
            assert_eq!(world.patch(&admin, &path, body).await.problem(400, "invalid_argument")["field"], field);
        }
    }

    async fn people_come_out_of_a_csv_file_all_or_none(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let import = async |query: &str, text: &str| {
            let request = axum::http::Request::post(format!("/api/v1/people/import{query}"))
                .header("authorization", format!("Bearer {}", admin.token))
                .header("content-type", "text/csv")
                .body(axum::body::Body::from(text.to_owned()))
                .unwrap();
            world.send(request).await
        };
        let file = "\u{feff}primaryEmail,displayName,managerEmail,emails,title\r\n\
             Ann@example.com,Ann,BEN@example.com,a@example.com a2@example.com,Nurse\r\n\
             ben@example.com,\"Ben, the boss\",,,\r\n";
        let counts = |reply: Value| ["created", "changed", "unchanged"].map(|name| reply[name].as_i64().unwrap());
        let before = world.rows().await?;
        assert_eq!(counts(import("?dryRun=true", file).await.ok(200)), [2, 0, 0]);
        assert_eq!(world.rows().await?, before, "a dry run changes nothing");
        assert_eq!(counts(import("", file).await.ok(200)), [2, 0, 0]);
        let people = world.walk(&admin, "/people", 9).await;
        let of = |name: &str| people.iter().find(|person| person["primaryEmail"] == name).unwrap();
        let (ann, ben) = (of("ann@example.com"), of("ben@example.com"));
        assert_eq!((&ann["managerId"], &ann["title"], &ann["source"]), (&ben["id"], &json!("Nurse"), &json!("import")));
        assert_eq!((&ann["emails"], &ben["displayName"]), (&json!(["a2@example.com", "a@example.com"]), &json!("Ben, the boss")));
        let before = world.rows().await?;
        assert_eq!(counts(import("", file).await.ok(200)), [0, 0, 2]);
        assert_eq!(world.rows().await?, before, "the same file again changes nothing");
        // They change places, and Ann has no title any more; a column that is not there changes nothing.
        let swapped = "primaryEmail,displayName,managerEmail,title\nann@example.com,Ann,,\nben@example.com,Ben,ann@example.com,\n";
        assert_eq!(counts(import("", swapped).await.ok(200)), [0, 2, 0]);
        let ann = world.get(&admin, &format!("/people/{}", ann["id"].as_str().unwrap())).await.ok(200);
        assert_eq!((&ann["managerId"], &ann["title"], &ann["emails"][0]), (&json!(null), &json!(null), &json!("a2@example.com")));

        let before = world.rows().await?;
        for (text, words) in [
            ("", "line 1: the column `primaryEmail` is missing"),
            ("primaryEmail,displayName,king\n", "line 1: `king` is none of the columns"),
            ("primaryEmail,displayName,title,title\n", "line 1: the column `title` is there twice"),
            ("primaryEmail,displayName\nx@example.com,X\ny,Y\nz@example.com,\n", "line 3: this is not a mail address; line 4: "),
            ("primaryEmail,displayName\nx@example.com,X\nX@example.com,Y\n", "line 3: `x@example.com` stands in line 2 already"),
            ("primaryEmail,displayName\nx@example.com\n", "line 2: it has 1 fields, and the first line has 2"),
            ("primaryEmail,displayName,managerEmail\nx@example.com,X,nobody@example.com\n", "line 2: there is no person `nobody@example.com`"),
            ("primaryEmail,displayName,managerEmail\nx@example.com,X,y@example.com\ny@example.com,Y,x@example.com\n", "line 2: the person would manage themselves"),
            ("primaryEmail,displayName,emails\nx@example.com,X,odd\n", "line 2: this is not a mail address"),
        ] {
            let problem = import("", text).await.problem(400, "invalid_argument");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{text}: {problem}");
        }
        assert_eq!(world.rows().await?, before, "a file with a fault changes nothing");
    }

    async fn who_manages_a_person_is_set_and_makes_no_circle(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, ben, cy) = (world.person("ann", &[]).await?, world.person("ben", &[]).await?, world.person("cy", &[]).await?);
        let manager = |of: &str| format!("/people/{of}/manager");
        let set = world.put(&admin, &manager(&ann.id), json!({"managerId": ben.id})).await;
        assert_eq!((set.ok(200)["managerId"].clone(), set.header("etag")), (json!(ben.id), Some("\"2\"")));
        world.put(&admin, &manager(&ben.id), json!({"managerId": cy.id})).await.ok(200);
        for above in [&ann.id, &cy.id] {
            let refused = world.put(&admin, &manager(&cy.id), json!({"managerId": above})).await;
            assert_eq!(refused.problem(400, "invalid_argument")["field"], "managerId");
        }
        assert_eq!(world.put(&admin, &manager(&ann.id), json!({"managerId": ben.id})).await.seq(), None);
        world.put(&admin, &manager(&ann.id), json!({})).await.problem(400, "invalid_argument");
        assert_eq!(world.put(&admin, &manager(&ann.id), json!({"managerId": null})).await.ok(200)["managerId"], json!(null));
        assert!(world.audit().await?.ends_with(&["person.manager_changed".to_owned()]));
    }

    async fn people_say_who_decides_for_them(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (ann, ben) = (world.person("ann", &[]).await?, world.person("ben", &[]).await?);
        let path = format!("/people/{}/delegation", ann.id);
        assert_eq!(world.get(&ann, &path).await.ok(200), json!({"delegation": null}));
        let until = json!({"to": ben.id, "endsAt": "2026-12-01T00:00:00Z"});
        let set = world.put(&ann, &path, until.clone()).await.ok(200);
        assert_eq!((&set["delegation"]["to"], &set["delegation"]["endsAt"]), (&json!(ben.id), &until["endsAt"]));
        assert_eq!(world.get(&admin, &path).await.ok(200), set);
        world.put(&ben, &path, until).await.problem(403, "permission_denied");
        for bad in [json!({"to": ann.id}), json!({"to": ben.id, "endsAt": "2026-01-01T00:00:00Z"})] {
            world.put(&ann, &path, bad).await.problem(400, "invalid_argument");
        }
        let gone = world.call(Some(&admin), &format!("DELETE {path}"), &[], None).await;
        assert_eq!(gone.ok(200), json!({"delegation": null}));
    }

    async fn r_l_2_whoever_leaves_is_nobody_here_and_returns_as_who_they_were(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[Role::Auditor]).await?;
        let path = format!("/people/{}", ann.id);
        let why = json!({"reason": "moved away"});
        world.post(&admin, &format!("{path}/leave"), json!({"reason": " "})).await.problem(400, "invalid_argument");
        assert_eq!(world.get(&admin, &format!("{path}/offboarding")).await.ok(200)["state"], "none");
        let left = world.post(&admin, &format!("{path}/leave"), why.clone()).await.ok(200);
        let offboarding = json!({"state": "proved", "startedAt": left["leftAt"], "accounts": []});
        assert_eq!(world.get(&admin, &format!("{path}/offboarding")).await.ok(200), offboarding);
        assert_eq!((&left["status"], left["leftAt"].is_string()), (&json!("left"), true));
        world.get(&ann, "/me").await.problem(401, "unauthenticated");
        world.post(&admin, &format!("{path}/suspend"), why.clone()).await.problem(409, "failed_precondition");
        // R-L-7: the same person, and nothing that ended comes back by itself.
        let back = world.post(&admin, &format!("{path}/return"), why.clone()).await.ok(200);
        assert_eq!((&back["id"], &back["status"], &back["leftAt"]), (&json!(ann.id), &json!("active"), &json!(null)));
        world.get(&ann, "/me").await.problem(401, "unauthenticated");
        let path = format!("/people/{}", admin.id);
        world.post(&admin, &format!("{path}/leave"), why).await.problem(409, "failed_precondition");
    }

    async fn people_are_hidden_from_those_who_may_not_see_them(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[]).await?;
        let helpdesk = world.person("help", &[Role::Helpdesk]).await?;
        assert_eq!(world.get(&ann, &format!("/people/{}", ann.id)).await.ok(200)["displayName"], "ann");
        world.get(&ann, &format!("/people/{}", admin.id)).await.problem(404, "not_found");
        world.patch(&ann, &format!("/people/{}", ann.id), json!({"displayName": "x"})).await.problem(403, "permission_denied");
        world.get(&helpdesk, &format!("/people/{}", admin.id)).await.ok(200);
        world.patch(&helpdesk, &format!("/people/{}", ann.id), json!({"displayName": "x"})).await.problem(403, "permission_denied");
    }

    async fn bad_people_are_refused(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let before = world.rows().await?;
        for (body, field) in [
            (json!({"primaryEmail": "x", "displayName": "x"}), "primaryEmail"),
            (json!({"primaryEmail": format!("{}@x.y", "x".repeat(260)), "displayName": "x"}), "primaryEmail"),
            (json!({"primaryEmail": "a@b.c", "displayName": " "}), "displayName"),
            (json!({"primaryEmail": "a@b.c", "displayName": "x", "roles": ["king"]}), "body"),
        ] {
            let problem = world.post(&admin, "/people", body).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field);
        }
        let long = json!({"query": "x".repeat(201)});
        world.post(&admin, "/search/people", long).await.problem(400, "invalid_argument");
        world.get(&admin, "/people?status=odd").await.problem(400, "invalid_argument");
        world.get(&admin, "/people?role=odd").await.problem(400, "invalid_argument");
        assert_eq!(world.rows().await?, before);
    }

    async fn a_walk_in_pages_meets_everybody_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        for n in 0..6 {
            let new = json!({"primaryEmail": format!("p{n}@example.com"), "displayName": format!("P{n}")});
            world.post(&admin, "/people", new).await.ok(201);
        }
        for size in [1, 2, 5, 7, 200] {
            let ids: std::collections::BTreeSet<String> =
                world.walk(&admin, "/people", size).await.iter().map(|person| person["id"].to_string()).collect();
            assert_eq!(ids.len(), 7, "pages of {size}");
        }
    }
}
