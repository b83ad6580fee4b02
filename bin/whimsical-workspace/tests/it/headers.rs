//! Media types, links and the other headers of SCIM answers.

use axum::body::Body;
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};
use whimsical_workspace::app::{Forwarded, Options};
use whimsical_workspace::model::switches::Switches;

use crate::bench::{Bench, TOKEN};

fn get(path: &str) -> Builder {
    Request::get(path).header("authorization", format!("Bearer {TOKEN}"))
}

async fn location(bench: &Bench, request: Builder) -> String {
    let list = bench.send(request.body(Body::empty()).unwrap()).await.json();
    let location = list["Resources"][0]["meta"]["location"].as_str().unwrap();
    location.rsplit_once('/').unwrap().0.to_owned()
}

#[tokio::test]
async fn answers_are_scim_json_unless_only_json_is_accepted() {
    let bench = Bench::new(1, Switches::default());
    for (accept, expected) in [
        (None, "application/scim+json"),
        (Some("application/json"), "application/json"),
        (Some("application/json; q=0.5, */*"), "application/scim+json"),
        (Some("application/scim+json, application/json"), "application/scim+json"),
        (Some("text/html"), "application/scim+json"),
    ] {
        for path in ["/scim-v2/Users", "/scim-v2/Users/none"] {
            let request = accept.into_iter().fold(get(path), |request, accept| request.header("accept", accept));
            let reply = bench.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.headers["content-type"].to_str().unwrap(), expected, "{accept:?}");
        }
    }
}

#[tokio::test]
async fn links_follow_the_mount_and_the_host() {
    let bench = Bench::new(1, Switches::default());
    for (path, base) in [
        ("/scim-v2/v2//Users", "http://w.example:81/scim-v2/Users"),
        ("/public-api/scim-v2/Users?aadOptscim062020", "http://w.example:81/public-api/scim-v2/Users"),
    ] {
        assert_eq!(location(&bench, get(path).header("host", "w.example:81")).await, base);
    }
}

#[tokio::test]
async fn a_proxy_is_believed_only_if_it_is_trusted() {
    for (forwarded, expected) in
        [(Forwarded::Ignored, "http://inner/scim-v2/Users"), (Forwarded::Trusted, "https://outer/scim-v2/Users")]
    {
        let options = Options { forwarded, ..Options::default() };
        let bench = Bench::with_options(1, Switches::default(), options);
        let request = get("/scim-v2/Users")
            .header("host", "inner")
            .header("x-forwarded-host", "outer, inner")
            .header("x-forwarded-proto", "https");
        assert_eq!(location(&bench, request).await, expected);
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let bench = Bench::new(1, Switches::default());
    let mut ids = Vec::new();
    for path in ["/Users", "/Nothing", "/Users", "/Groups"] {
        ids.push(bench.scim("GET", path, None).await.headers["x-request-id"].clone());
    }
    ids.sort_by(|left, right| left.as_bytes().cmp(right.as_bytes()));
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn what_is_not_held_is_taken_and_counted_and_never_returned() {
    let bench = Bench::new(1, Switches::default());
    let body = json!({
        "userName": "ada@example.com", "title": "Countess", "password": "hidden-1", "phoneNumbers": [{"value": "1"}],
        "nothing": 1, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines"},
    });
    let reply = bench.scim("POST", "/Users", Some(&body)).await;
    assert_eq!(reply.status, 201);
    let shown = reply.json();
    let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| ["title", "password", "phoneNumbers", "nothing"].contains(&name.as_str())));
    let audit = bench.api("GET", "/api/workspace/audit?limit=1", &Value::Null).await;
    let note = audit.json()["entries"][0]["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("ignored 5: ") && note.contains("title"), "{note}");
    assert!(!audit.text.contains("hidden-1"));
    let found = bench.scim("GET", "/Users?filter=title%20pr", None).await.json();
    assert_eq!(found["totalResults"], json!(0), "known, and absent");
}
