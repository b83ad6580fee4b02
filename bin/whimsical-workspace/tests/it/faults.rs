//! Every fault of the lab, seen by a client over a real connection.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{EXTENSION, TOKEN};
use crate::restart::{Program, client};

/// What a client saw: a status with the headers and body, or a broken connection.
type Seen = Result<(u16, reqwest::header::HeaderMap, String), ()>;

struct Lab {
    program: Program,
    client: reqwest::Client,
}

impl Lab {
    fn start() -> Self {
        Self { program: Program::start(&["--users", "5"]), client: client() }
    }

    async fn script(&self, script: Value) {
        let request = self.client.post(format!("{}/lab/faults", self.program.url));
        let reply = request.header("content-type", "application/json").body(script.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 201, "{script}");
    }

    async fn fault(&self, fault: Value) {
        self.script(json!({ "fault": fault })).await;
    }

    async fn get(&self, path: &str) -> Seen {
        let request = self.client.get(format!("{}/scim-v2{path}", self.program.url)).bearer_auth(TOKEN);
        seen(request.send().await).await
    }

    async fn create(&self, address: &str) -> Seen {
        let request = self.client.post(format!("{}/scim-v2/Users", self.program.url)).bearer_auth(TOKEN);
        seen(request.body(json!({ "userName": address }).to_string()).send().await).await
    }

    /// Returns the list spoiled by a fault.
    async fn list(&self, fault: Value) -> Value {
        self.fault(fault).await;
        let (status, _, text) = self.get("/Users").await.unwrap();
        assert_eq!(status, 200);
        serde_json::from_str(&text).unwrap()
    }

    async fn total(&self) -> u64 {
        let (_, _, text) = self.get("/Users?count=0").await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["totalResults"].as_u64().unwrap()
    }
}

async fn seen(reply: Result<reqwest::Response, reqwest::Error>) -> Seen {
    let reply = reply.map_err(drop)?;
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    Ok((status, headers, reply.text().await.map_err(drop)?))
}

fn ids(list: &Value) -> Vec<&Value> {
    list["Resources"].as_array().unwrap().iter().map(|user| &user["id"]).collect()
}

#[tokio::test]
async fn refusals_and_server_errors() {
    let lab = Lab::start();
    lab.fault(json!({"kind": "unauthorized"})).await;
    let (status, headers, _) = lab.get("/Users").await.unwrap();
    assert!(status == 401 && headers.contains_key("www-authenticate"));
    for retry_after in [Some("7"), Some("Mon, 02 Nov 2026 09:00:00 GMT"), None] {
        lab.fault(json!({"kind": "too_many", "retry_after": retry_after})).await;
        let (status, headers, _) = lab.get("/Users").await.unwrap();
        assert_eq!(status, 429);
        assert_eq!(headers.get("retry-after").map(|value| value.to_str().unwrap()), retry_after);
    }
    for (code, body, start) in [(500, "scim", "{"), (502, "html", "<!doctype"), (503, "empty", "")] {
        lab.fault(json!({"kind": "status", "status": code, "body": body})).await;
        let (status, _, text) = lab.get("/Users").await.unwrap();
        assert_eq!(status, code);
        assert!(text.starts_with(start) && text.is_empty() == start.is_empty(), "{text}");
    }
    let (status, _, _) = lab.get("/Users").await.unwrap();
    assert_eq!(status, 200, "each fault hits once");
}

#[tokio::test]
async fn slow_answers_come_late_and_whole() {
    let lab = Lab::start();
    lab.fault(json!({"kind": "delay", "millis": 120})).await;
    let start = std::time::Instant::now();
    let (status, _, _) = lab.get("/Users").await.unwrap();
    assert!(status == 200 && start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn connections_close_before_or_after_the_deed() {
    let lab = Lab::start();
    let before = lab.total().await;
    lab.script(json!({"method": "POST", "fault": {"kind": "close_before"}})).await;
    assert!(lab.create("a@example.com").await.is_err());
    assert_eq!(lab.total().await, before);
    lab.script(json!({"method": "POST", "fault": {"kind": "close_after"}})).await;
    assert!(lab.create("a@example.com").await.is_err());
    assert_eq!(lab.total().await, before + 1);
}

#[tokio::test]
async fn bodies_end_early() {
    let lab = Lab::start();
    lab.fault(json!({"kind": "truncated_json", "bytes": 100})).await;
    let (status, _, text) = lab.get("/Users").await.unwrap();
    assert!(status == 200 && text.len() == 100);
    assert!(serde_json::from_str::<Value>(&text).is_err());
    lab.fault(json!({"kind": "truncated_body", "bytes": 100})).await;
    assert!(lab.get("/Users").await.is_err(), "the connection breaks");
}

#[tokio::test]
async fn lists_lie() {
    let lab = Lab::start();
    let whole = lab.list(json!({"kind": "nulls"})).await;
    assert_eq!(whole["Resources"][0]["externalId"], Value::Null);
    for (fault, expected) in [
        (json!({"kind": "total_results", "by": 3}), json!(8)),
        (json!({"kind": "total_results", "by": -2}), json!(3)),
        (json!({"kind": "total_results"}), Value::Null),
    ] {
        assert_eq!(lab.list(fault).await["totalResults"], expected);
    }
    let twice = lab.list(json!({"kind": "duplicate_entry"})).await;
    assert_eq!((ids(&twice).len(), ids(&twice)[0]), (6, ids(&twice)[5]));
    let missing = lab.list(json!({"kind": "missing_entry"})).await;
    assert_eq!(ids(&missing), ids(&whole)[1..]);
    assert_eq!(missing["totalResults"], json!(5));
    let short = lab.list(json!({"kind": "short_page", "entries": 2})).await;
    assert_eq!(ids(&short), ids(&whole)[..2]);
    assert!(lab.list(json!({"kind": "no_resources", "null": false})).await.get("Resources").is_none());
    assert!(lab.list(json!({"kind": "no_resources", "null": true})).await["Resources"].is_null());
    lab.fault(json!({"kind": "ignore_start_index"})).await;
    let (_, _, text) = lab.get("/Users?startIndex=4&count=2").await.unwrap();
    let repeated: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ids(&repeated), ids(&whole)[..2]);
}

#[tokio::test]
async fn users_are_odd() {
    let lab = Lab::start();
    assert!(lab.list(json!({"kind": "id_as_number"})).await["Resources"][0]["id"].is_number());
    assert!(lab.list(json!({"kind": "active_as_string"})).await["Resources"][0]["active"].is_string());
    assert_eq!(lab.list(json!({"kind": "unknown_members"})).await["Resources"][0]["x-unknown"]["deep"][0], json!(1));
    for name in ["emails", "userName", "meta", EXTENSION] {
        let list = lab.list(json!({"kind": "without_member", "name": name})).await;
        assert!(list["Resources"].as_array().unwrap().iter().all(|user| user.get(name).is_none()), "{name}");
    }
}

#[tokio::test]
async fn errors_and_types_are_odd() {
    let lab = Lab::start();
    lab.fault(json!({"kind": "content_type", "value": "text/html"})).await;
    let (_, headers, _) = lab.get("/Users").await.unwrap();
    assert_eq!(headers["content-type"].to_str().unwrap(), "text/html");
    lab.create("a@example.com").await.unwrap();
    lab.fault(json!({"kind": "plain_conflict"})).await;
    let (status, _, text) = lab.create("a@example.com").await.unwrap();
    assert!(status == 409 && !text.contains("scimType"), "{text}");
    lab.fault(json!({"kind": "not_found_for_empty_filter"})).await;
    let (status, _, _) = lab.get("/Users?filter=userName%20eq%20%22x%22").await.unwrap();
    assert_eq!(status, 404);
}

#[tokio::test]
async fn scripts_match_skip_and_count_and_are_checked() {
    let lab = Lab::start();
    lab.script(json!({"method": "GET", "contains": "startIndex=3", "skip": 1, "count": 1, "fault": {"kind": "status", "status": 503}})).await;
    let mut statuses = Vec::new();
    for path in ["/Users?startIndex=1", "/Users?startIndex=3", "/Users?startIndex=3", "/Users?startIndex=3"] {
        statuses.push(lab.get(path).await.unwrap().0);
    }
    assert_eq!(statuses, [200, 200, 503, 200]);
    for bad in [
        json!({"fault": {"kind": "status", "status": 200}}),
        json!({"fault": {"kind": "delay", "millis": 999_999}}),
        json!({"fault": {"kind": "nothing"}}),
    ] {
        let request = lab.client.post(format!("{}/lab/faults", lab.program.url));
        let reply = request.header("content-type", "application/json").body(bad.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 400, "{bad}");
    }
}
