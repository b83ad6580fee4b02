//! Every switch, both sides, over HTTP. What the model decides is also tested there.

use http::StatusCode;
use serde_json::{Value, json};
use whimsical_workspace::app::{Lab, Options};
use whimsical_workspace::model::switches::Switches;

use crate::bench::{Bench, EXTENSION};

const ADA: &str = "ada@example.com";

fn bench(switches: Value) -> Bench {
    Bench::new(3, serde_json::from_value::<Switches>(switches).unwrap())
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

async fn get(bench: &Bench, path: &str) -> u16 {
    bench.scim("GET", path, None).await.status.as_u16()
}

#[tokio::test]
async fn groups() {
    for (switches, get_status, post_status) in
        [(json!({}), 501, 501), (json!({"groups": "empty_list"}), 200, 501), (json!({"groups": "not_found"}), 404, 404)]
    {
        let bench = bench(switches);
        assert_eq!(get(&bench, "/Groups").await, get_status);
        assert_eq!(bench.scim("POST", "/Groups", Some(&json!({}))).await.status, status(post_status));
    }
}

#[tokio::test]
async fn removed() {
    for (switches, seen, listed) in [(json!({}), 200, 4), (json!({"removed": "hide"}), 404, 3)] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        let removed = bench.patch(&id, json!([{"op": "replace", "path": "active", "value": false}])).await;
        assert_eq!(removed.json()["active"], json!(false));
        assert_eq!(get(&bench, &format!("/Users/{id}")).await, seen);
        assert_eq!(bench.scim("GET", "/Users", None).await.json()["totalResults"], json!(listed));
        let filter = format!("/Users?filter=userName%20eq%20%22{ADA}%22");
        assert_eq!(bench.scim("GET", &filter, None).await.json()["totalResults"], json!(listed - 3));
    }
}

#[tokio::test]
async fn post_existing() {
    for (switches, expected) in
        [(json!({}), 201), (json!({"post_existing": "link_200"}), 200), (json!({"post_existing": "conflict_409"}), 409)]
    {
        let bench = bench(switches);
        bench.sign_in(ADA).await;
        let reply = bench.scim("POST", "/Users", Some(&json!({"userName": ADA}))).await;
        assert_eq!(reply.status, status(expected));
        assert_eq!(bench.state(ADA), if expected == 409 { "unmanaged viewer" } else { "member viewer" });
    }
}

#[tokio::test]
async fn reactivate() {
    for (switches, expected) in [(json!({}), "member viewer"), (json!({"reactivate": "pending"}), "pending viewer")] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        bench.sign_in(ADA).await;
        for active in [false, true] {
            bench.patch(&id, json!([{"op": "replace", "path": "active", "value": active}])).await;
        }
        assert_eq!(bench.state(ADA), expected);
    }
}

#[tokio::test]
async fn username_change() {
    for (switches, expected, name) in [
        (json!({}), 200, "new@example.com"),
        (json!({"username_change": "ignore"}), 200, ADA),
        (json!({"username_change": "reject"}), 400, ADA),
    ] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        let reply = bench.patch(&id, json!([{"op": "replace", "path": "userName", "value": "new@example.com"}])).await;
        assert_eq!(reply.status, status(expected));
        let seen = bench.scim("GET", &format!("/Users/{id}"), None).await.json();
        assert_eq!(seen["userName"], json!(name));
        assert_eq!(seen["emails"][0]["value"], json!(name));
    }
}

#[tokio::test]
async fn email_case() {
    for (switches, expected) in [(json!({}), 400), (json!({"email_case": "fold"}), 201)] {
        let bench = bench(switches);
        let reply = bench.scim("POST", "/Users", Some(&json!({"userName": "Ada@Example.com"}))).await;
        assert_eq!(reply.status, status(expected));
        let body = reply.json();
        match expected {
            400 => assert!(body["detail"].as_str().unwrap().contains("String.toLowerCase(user.email)")),
            _ => assert_eq!(body["userName"], json!(ADA)),
        }
    }
}

#[tokio::test]
async fn names_after_create() {
    for (switches, expected) in
        [(json!({}), 200), (json!({"names_after_create": "reject"}), 400), (json!({"strict": true}), 400)]
    {
        let bench = bench(switches);
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": ADA,
            "name": {"givenName": "Ada"},
        });
        let id = bench.scim("POST", "/Users", Some(&body)).await.json()["id"].as_str().unwrap().to_owned();
        let reply = bench.patch(&id, json!([{"op": "replace", "path": "name.givenName", "value": "Eva"}])).await;
        assert_eq!(reply.status, status(expected));
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": ADA,
            "name": {"givenName": "Eva"},
        });
        let reply = bench.scim("PUT", &format!("/Users/{id}"), Some(&body)).await;
        assert_eq!(reply.status, status(expected));
        let seen = bench.scim("GET", &format!("/Users/{id}"), None).await.json();
        assert_eq!(seen["name"]["givenName"], json!("Ada"));
    }
}

#[tokio::test]
async fn strict() {
    for (switches, create, patch) in [(json!({}), 201, 200), (json!({"strict": true}), 400, 400)] {
        let bench = bench(switches);
        let reply = bench.scim("POST", "/Users", Some(&json!({"userName": ADA}))).await;
        assert_eq!(reply.status, status(create), "without schemas");
        let id = bench.scim("GET", "/Users", None).await.json()["Resources"][0]["id"].as_str().unwrap().to_owned();
        let reply = bench.patch(&id, json!([{"op": "replace", "path": "emails", "value": []}])).await;
        assert_eq!(reply.status, status(patch), "a read-only attribute");
    }
}

#[tokio::test]
async fn disabled_status() {
    for (switches, expected) in
        [(json!({}), 403), (json!({"disabled_status": "401"}), 401), (json!({"disabled_status": "404"}), 404)]
    {
        let bench = bench(switches);
        bench.api("DELETE", "/api/workspace/scim", &json!({})).await;
        assert_eq!(get(&bench, "/Users").await, expected);
    }
}

#[tokio::test]
async fn patch_status() {
    for (switches, expected) in [(json!({}), 200), (json!({"patch_status": "204"}), 204)] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        let operations = json!([{"op": "replace", "path": "active", "value": true}]);
        let reply = bench.patch(&id, operations.clone()).await;
        assert_eq!((reply.status, reply.text.is_empty()), (status(expected), expected == 204));
        let reply = bench.patch(&format!("{id}?attributes=active"), operations).await;
        assert_eq!(reply.status, status(200), "a projection wants a body");
        assert_eq!(reply.json()["active"], json!(true));
    }
}

#[tokio::test]
async fn delete_of_pending() {
    for (switches, expected) in [(json!({}), 204), (json!({"delete_of_pending": "404"}), 404)] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        assert_eq!(bench.scim("DELETE", &format!("/Users/{id}"), None).await.status, status(expected));
        assert_eq!(bench.state(ADA), if expected == 204 { "deleted" } else { "pending viewer" });
    }
}

#[tokio::test]
async fn return_editor() {
    for (switches, of_managed, of_unmanaged) in [
        (json!({}), true, true),
        (json!({"return_editor": "never"}), false, false),
        (json!({"return_editor": "managed_only"}), true, false),
    ] {
        let bench = bench(switches);
        let id = bench.create(ADA, Some(true)).await;
        let shows = |body: &Value| {
            let is_in_schemas = body["schemas"].as_array().unwrap().contains(&json!(EXTENSION));
            assert_eq!(is_in_schemas, body.get(EXTENSION).is_some());
            is_in_schemas
        };
        assert_eq!(shows(&bench.scim("GET", &format!("/Users/{id}"), None).await.json()), of_managed);
        let list = bench.scim("GET", "/Users?count=1", None).await.json();
        assert_eq!(shows(&list["Resources"][0]), of_unmanaged, "the administrator came by hand");
    }
}

#[tokio::test]
async fn bool_style() {
    for (switches, expected) in [(json!({}), json!(true)), (json!({"bool_style": "string"}), json!("True"))] {
        let bench = bench(switches);
        let id = bench.create(ADA, Some(true)).await;
        let seen = bench.scim("GET", &format!("/Users/{id}"), None).await.json();
        assert_eq!((&seen["active"], &seen[EXTENSION]["editor"]), (&expected, &expected));
        let found = bench.scim("GET", "/Users?filter=active%20eq%20true&count=0", None).await.json();
        assert!(found["totalResults"].as_u64().unwrap() > 0, "filters see booleans all the same");
    }
}

#[tokio::test]
async fn list_cap() {
    for (switches, expected) in [(json!({}), 3), (json!({"list_cap": 2}), 2)] {
        let bench = bench(switches);
        let list = bench.scim("GET", "/Users?count=150", None).await.json();
        assert_eq!((list["itemsPerPage"].as_u64(), list["totalResults"].as_u64()), (Some(expected), Some(3)));
    }
}

#[tokio::test]
async fn rotate_grace_s() {
    for (switches, expected) in [(json!({}), 401), (json!({"rotate_grace_s": 60}), 200)] {
        let bench = bench(switches);
        bench.api("POST", "/api/workspace/scim/token/rotate", &json!({})).await;
        assert_eq!(get(&bench, "/Users").await, expected);
        bench.api("PUT", "/lab/clock", &json!({"advance_s": 60})).await;
        assert_eq!(get(&bench, "/Users").await, 401);
    }
}

#[tokio::test]
async fn discovery() {
    for (switches, expected) in [(json!({}), 200), (json!({"discovery": "off"}), 404)] {
        let bench = bench(switches);
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas"] {
            assert_eq!(get(&bench, path).await, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn discovery_auth() {
    for (switches, expected) in [(json!({}), 401), (json!({"discovery_auth": "off"}), 200)] {
        let bench = bench(switches);
        let request = http::Request::get("/scim-v2/Schemas").body(axum::body::Body::empty()).unwrap();
        assert_eq!(bench.send(request).await.status, status(expected));
    }
}

#[tokio::test]
async fn etag() {
    for (switches, is_on) in [(json!({}), true), (json!({"etag": "off"}), false)] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        let reply = bench.scim("GET", &format!("/Users/{id}"), None).await;
        assert_eq!(reply.headers.contains_key("etag"), is_on);
        assert_eq!(reply.json()["meta"].get("version").is_some(), is_on);
        let config = bench.scim("GET", "/ServiceProviderConfig", None).await.json();
        assert_eq!(config["etag"]["supported"], json!(is_on));
    }
}

#[tokio::test]
async fn cursor() {
    for (switches, is_on) in [(json!({}), true), (json!({"cursor": "off"}), false)] {
        let bench = bench(switches);
        let list = bench.scim("GET", "/Users?cursor=&count=2", None).await.json();
        assert_eq!(list.get("nextCursor").is_some(), is_on);
        assert_eq!(list.get("startIndex").is_none(), is_on);
    }
}

#[tokio::test]
async fn jit_after_removal() {
    for (switches, expected) in [(json!({}), 403), (json!({"jit_after_removal": "allow"}), 200)] {
        let bench = bench(switches);
        let id = bench.create(ADA, None).await;
        bench.sign_in(ADA).await;
        bench.scim("DELETE", &format!("/Users/{id}"), None).await;
        assert_eq!(bench.sign_in(ADA).await.status, status(expected));
    }
}

#[tokio::test]
async fn token_on_reenable() {
    for (switches, expected) in [(json!({}), 401), (json!({"token_on_reenable": "same"}), 200)] {
        let bench = bench(switches);
        bench.api("DELETE", "/api/workspace/scim", &json!({})).await;
        bench.api("PUT", "/api/workspace/scim", &json!({})).await;
        assert_eq!(get(&bench, "/Users").await, expected);
    }
}

#[tokio::test]
async fn the_lab_changes_switches_and_only_when_it_is_on() {
    let bench = bench(json!({}));
    let reply = bench.api("PUT", "/lab/switches", &json!({"groups": "not_found"})).await;
    assert_eq!(reply.json()["groups"], json!("not_found"));
    assert_eq!(get(&bench, "/Groups").await, 404);
    let reply = bench.api("PUT", "/lab/switches", &json!({"groups": "perhaps"})).await;
    assert_eq!(reply.status, status(400));
    let reply = bench.api("PUT", "/lab/switches", &json!({"nothing": 1})).await;
    assert_eq!(reply.status, status(400));
    let closed = Bench::with_options(1, Switches::default(), Options { lab: Lab::Off, ..Options::default() });
    assert_eq!(closed.api("PUT", "/lab/switches", &json!({})).await.status, status(404));
}

#[tokio::test]
async fn rate_limit() {
    let options = Options { rate_limit: Some(2), lab: Lab::On, ..Options::default() };
    let bench = Bench::with_options(1, Switches::default(), options);
    assert_eq!([get(&bench, "/Users").await, get(&bench, "/Users").await], [200, 200]);
    let reply = bench.scim("GET", "/Users", None).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (status(429), "1"));
    assert_eq!(reply.json()["status"], json!("429"));
    bench.api("PUT", "/lab/clock", &json!({"advance_s": 1})).await;
    assert_eq!(get(&bench, "/Users").await, 200);
}

#[tokio::test]
async fn the_public_url_is_in_every_link() {
    let options = Options { public_url: Some("https://w.example.com".to_owned()), ..Options::default() };
    let bench = Bench::with_options(1, Switches::default(), options);
    let list = bench.scim("GET", "/Users", None).await.json();
    let location = list["Resources"][0]["meta"]["location"].as_str().unwrap();
    assert!(location.starts_with("https://w.example.com/scim-v2/Users/"), "{location}");
}
