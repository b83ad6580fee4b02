//! The requests of Okta, Entra ID, JumpCloud, OneLogin and connectors, and bad ones, replayed with golden answers.
//!
//! `tests/corpus/*.json` holds scenarios, each on a fresh workspace. A step is a request, its status, what must be true
//! `then`, and the golden `answer`. To write the answers anew, run with `UPDATE_CORPUS=1` and read the difference.

use std::collections::HashMap;
use std::path::PathBuf;

use axum::body::Body;
use http::Request;
use http::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use whimsical_workspace::model::switches::Switches;

use crate::bench::{Bench, Reply, TOKEN};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    users: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    switches: Option<Value>,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    method: String,
    path: String,
    /// Besides the defaults; null takes one away, an array sends it several times.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    headers: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// A body that is no JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    /// A body of so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fill: Option<usize>,
    status: u16,
    /// Where addresses stand, and counts of seats, mails and ledger lines.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    then: Map<String, Value>,
    /// Variables for later steps, by JSON pointer into the answer.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    save: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    answer_headers: Map<String, Value>,
    /// The golden answer; none if there is no body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
}

#[tokio::test]
async fn okta() {
    replay("okta").await;
}

#[tokio::test]
async fn entra() {
    replay("entra").await;
}

#[tokio::test]
async fn jumpcloud() {
    replay("jumpcloud").await;
}

#[tokio::test]
async fn onelogin() {
    replay("onelogin").await;
}

#[tokio::test]
async fn connector() {
    replay("connector").await;
}

#[tokio::test]
async fn negative() {
    replay("negative").await;
}

async fn replay(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/corpus/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut scenarios: Vec<Scenario> = serde_json::from_str(&text).unwrap();
    assert!(scenarios.iter().all(|scenario| !scenario.steps.is_empty()) && !scenarios.is_empty());
    let is_update = std::env::var_os("UPDATE_CORPUS").is_some();
    for scenario in &mut scenarios {
        run(scenario, is_update).await;
    }
    if is_update {
        std::fs::write(&path, serde_json::to_string_pretty(&scenarios).unwrap() + "\n").unwrap();
    }
}

async fn run(scenario: &mut Scenario, is_update: bool) {
    let switches: Switches =
        scenario.switches.clone().map(|switches| serde_json::from_value(switches).unwrap()).unwrap_or_default();
    let bench = Bench::new(scenario.users, switches);
    let mut variables = HashMap::new();
    for step in &mut scenario.steps {
        let place = format!("{} / {}", scenario.name, step.name);
        let reply = bench.send(request(step, &variables)).await;
        assert_eq!(reply.status.as_u16(), step.status, "{place}: {}", reply.text);
        for (name, expected) in &step.answer_headers {
            let found = reply.headers.get(name).and_then(|value| value.to_str().ok());
            assert_eq!(found, expected.as_str(), "{place}: header {name}");
        }
        check_always(&place, step, &reply);
        check_then(&place, &bench, &step.then);
        for (name, pointer) in &step.save {
            let value = reply.json().pointer(pointer.as_str().unwrap()).and_then(Value::as_str).map(str::to_owned);
            variables.insert(name.clone(), value.unwrap_or_else(|| panic!("{place}: no {name}")));
        }
        let is_secret = step.path.ends_with("/rotate");
        let answer = (!reply.text.is_empty() && !is_secret).then(|| redacted(reply.json()));
        if is_update {
            step.answer = answer;
        } else {
            assert_eq!(answer, step.answer, "{place}");
        }
    }
}

fn request(step: &Step, variables: &HashMap<String, String>) -> Request<Body> {
    let filled = |text: &str| {
        variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let body = match (&step.body, &step.raw, step.fill) {
        (Some(body), _, _) => Body::from(filled(&body.to_string())),
        (None, Some(raw), _) => Body::from(raw.clone()),
        (None, None, Some(bytes)) => Body::from(vec![b' '; bytes]),
        (None, None, None) => Body::empty(),
    };
    let mut headers = Map::from_iter([
        ("authorization".to_owned(), json!(format!("Bearer {TOKEN}"))),
        ("content-type".to_owned(), json!("application/scim+json")),
    ]);
    headers.extend(step.headers.clone());
    let path = filled(&step.path).replace('"', "%22").replace(' ', "%20");
    let mut request = Request::builder().method(step.method.as_str()).uri(path).body(body).unwrap();
    for (name, value) in &headers {
        let values = match value {
            Value::Null => &[][..],
            Value::Array(values) => values,
            one => std::slice::from_ref(one),
        };
        for value in values {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, filled(value.as_str().unwrap()).parse().unwrap());
        }
    }
    request
}

/// Checks what holds for every SCIM answer.
fn check_always(place: &str, step: &Step, reply: &Reply) {
    if step.path.starts_with("/api") || step.path.starts_with("/lab") {
        return;
    }
    let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("cache-control"), Some("no-store"), "{place}");
    assert!(header("x-request-id").is_some(), "{place}");
    if reply.text.is_empty() {
        assert!(matches!(step.status, 204 | 304), "{place}: a body is missing");
        return;
    }
    assert_eq!(header("content-type"), Some("application/scim+json"), "{place}");
    let body = reply.json();
    assert!(!reply.text.contains("demo-Only-1"), "{place}: a password came back");
    if step.status >= 400 {
        assert_eq!(body["status"], step.status.to_string(), "{place}: the status is a string");
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{place}");
    } else if body.get("userName").is_some() {
        assert_eq!(header("etag"), body["meta"]["version"].as_str(), "{place}");
        let location = body["meta"]["location"].as_str();
        assert!(header("location") == location || header("content-location") == location, "{place}");
    }
}

fn check_then(place: &str, bench: &Bench, then: &Map<String, Value>) {
    for (what, expected) in then {
        let found = bench.app.read(|workspace| match what.as_str() {
            "seats" => Some(workspace.directory().counts().editors),
            "mails" => Some(workspace.outbox().iter().filter(|mail| !mail.is_void).count()),
            "lines" => Some(workspace.ledger().count()),
            _ => None,
        });
        let found = found.map_or_else(|| json!(bench.state(what)), |count| json!(count));
        assert_eq!(found, *expected, "{place}: {what}");
    }
}

/// Takes out what differs from run to run, and the middle of long lists.
fn redacted(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) => *text = redacted_text(text),
        Value::Array(elements) if elements.len() > 3 && elements.iter().all(Value::is_object) => {
            let count = elements.len();
            let kept = [elements.first(), elements.last()].map(|element| redacted(element.cloned().unwrap()));
            let [first, last] = kept;
            return json!({"[entries]": count, "first": first, "last": last});
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| *element = redacted(element.take())),
        Value::Object(members) => {
            for (name, member) in members {
                *member = if name == "nextCursor" { json!("[cursor]") } else { redacted(member.take()) };
            }
        }
        _ => {}
    }
    value
}

/// Replaces every UUID in a text.
fn redacted_text(text: &str) -> String {
    let is_uuid = |part: &str| {
        part.len() == 36
            && part.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    text.split('/').map(|part| if is_uuid(part) { "[id]" } else { part }).collect::<Vec<_>>().join("/")
}
