//! API clients.

use domain::actor::Role;
use serde_json::json;
use testkit::on_both_engines;

use crate::world::{Somebody, World};

on_both_engines! {
    async fn a_client_works_until_it_is_ended_and_its_token_is_shown_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let made = world.post(&admin, "/api-clients", json!({"name": "robot", "roles": ["super_administrator"]})).await;
        let client = made.ok(201);
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let token = client["token"].as_str().unwrap().to_owned();
        let id = client["id"].as_str().unwrap();
        let robot = Somebody { id: String::new(), token: token.clone() };
        assert_eq!(world.get(&robot, "/me").await.ok(200)["apiClient"]["id"], id);

        let list = world.get(&admin, "/api-clients").await;
        assert_eq!(list.ok(200)["list"].as_array().unwrap().len(), 2);
        let audit = world.get(&admin, "/audit").await;
        for answer in [list.text(), audit.text(), world.get(&robot, "/me").await.text()] {
            assert!(!answer.contains(&token));
            assert!(!answer.contains("tokenHash"));
        }

        let ended = world.call(Some(&admin), &format!("DELETE /api-clients/{id}"), &[], None).await;
        ended.ok(204);
        assert!(ended.seq().is_some());
        world.get(&robot, "/me").await.problem(401, "unauthenticated");
        let again = world.call(Some(&admin), &format!("DELETE /api-clients/{id}"), &[], None).await;
        again.ok(204);
        assert_eq!(again.seq(), None);
        assert!(!serde_json::to_string(&world.audit().await?)?.contains(&token));
    }

    async fn everybody_makes_clients_for_themselves_only(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let ann = world.person("ann", &[Role::Auditor]).await?;
        let made = world.post(&ann, "/api-clients", json!({"name": "mine", "roles": ["auditor"]})).await.ok(201);
        assert_eq!(made["personId"], ann.id);
        let list = world.walk(&ann, "/api-clients", 1).await;
        assert!(list.len() == 2 && list.iter().all(|client| client["personId"] == ann.id), "{list:?}");
        let before = world.rows().await?;
        let wish = json!({"name": "x", "roles": ["user"], "personId": admin.id});
        world.post(&ann, "/api-clients", wish).await.problem(403, "permission_denied");
        let wish = json!({"name": "x", "roles": ["super_administrator"]});
        world.post(&ann, "/api-clients", wish).await.problem(403, "permission_denied");
        let others = world.get(&admin, "/api-clients").await.ok(200);
        let others = others["list"].as_array().unwrap().iter().find(|client| client["personId"] == admin.id).unwrap();
        let path = format!("DELETE /api-clients/{}", others["id"].as_str().unwrap());
        world.call(Some(&ann), &path, &[], None).await.problem(404, "not_found");
        assert_eq!(world.rows().await?, before);
        let own = format!("DELETE /api-clients/{}", made["id"].as_str().unwrap());
        world.call(Some(&ann), &own, &[], None).await.ok(204);
    }

    async fn bad_clients_are_refused(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let before = world.rows().await?;
        for (body, field) in [
            (json!({"name": "", "roles": ["user"]}), "name"),
            (json!({"name": "x", "roles": []}), "roles"),
            (json!({"name": "x", "roles": ["king"]}), "body"),
            (json!({"name": "x", "roles": ["user"], "expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt"),
            (json!({"name": "x", "roles": ["user"], "personId": "0198a000-0000-7000-8000-000000000000"}), "personId"),
        ] {
            let problem = world.post(&admin, "/api-clients", body).await.problem(400, "invalid_argument");
            assert_eq!(problem["field"], field, "{problem}");
        }
        assert_eq!(world.rows().await?, before);
    }
}
