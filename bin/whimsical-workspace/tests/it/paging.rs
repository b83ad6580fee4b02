//! Pages under change: a cursor shows everybody who stays exactly once, an index keeps its order.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use serde_json::json;
use whimsical_workspace::model::switches::Switches;

use crate::bench::Bench;

#[derive(Debug, Clone)]
enum Between {
    Create(u32),
    Delete(usize),
    Touch(usize),
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        (0..1_000_u32).prop_map(Between::Create),
        (0..100_usize).prop_map(Between::Delete),
        (0..100_usize).prop_map(Between::Touch),
    ]
}

async fn change(bench: &Bench, change: &Between) {
    let ids: Vec<String> =
        bench.app.read(|workspace| workspace.directory().iter().map(|user| user.id.to_string()).collect());
    match change {
        Between::Create(number) => {
            let body = json!({"userName": format!("new{number}@example.com")});
            bench.scim("POST", "/Users", Some(&body)).await;
        }
        Between::Delete(at) => drop(bench.scim("DELETE", &format!("/Users/{}", ids[at % ids.len()]), None).await),
        Between::Touch(at) => {
            let name = format!("Name {at}");
            let operations = json!([{"op": "replace", "path": "displayName", "value": name}]);
            bench.patch(&ids[at % ids.len()], operations).await;
        }
    }
}

fn everybody(bench: &Bench) -> HashSet<String> {
    bench.app.read(|workspace| workspace.directory().iter().map(|user| user.id.to_string()).collect())
}

async fn walk(query: &str, count: usize, changes: &[Between]) {
    let bench = Bench::new(23, Switches::default());
    let at_first = everybody(&bench);
    let mut always = at_first.clone();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut cursor = String::new();
    for step in 0..100 {
        let path = format!("/Users?cursor={cursor}&count={count}{query}");
        let page = bench.scim("GET", &path, None).await.json();
        for user in page["Resources"].as_array().unwrap() {
            *seen.entry(user["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
        if let Some(deed) = changes.get(step) {
            change(&bench, deed).await;
            let now = everybody(&bench);
            always.retain(|id| now.contains(id));
        }
    }
    for id in &always {
        assert_eq!(seen.get(id), Some(&1), "{id} stayed throughout");
    }
    assert!(seen.values().all(|times| *times == 1), "nobody twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_cursor_walk_shows_who_stays_exactly_once(
        count in 1..12_usize,
        query in prop_oneof![Just(""), Just("&filter=active%20eq%20true%20or%20active%20eq%20false"), Just("&sortBy=userName"), Just("&sortBy=userName&sortOrder=descending")],
        changes in prop::collection::vec(between(), 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(query, count, &changes));
    }
}

#[tokio::test]
async fn an_index_walk_of_a_still_list_is_the_list_in_the_order_of_creation() {
    let bench = Bench::new(250, Switches::default());
    let mut ids = Vec::new();
    let mut created = Vec::new();
    for start in [1, 101, 201] {
        let page = bench.scim("GET", &format!("/Users?startIndex={start}&count=100"), None).await.json();
        assert_eq!(page["totalResults"], json!(250));
        assert_eq!(page["startIndex"], json!(start));
        for user in page["Resources"].as_array().unwrap() {
            ids.push(user["id"].as_str().unwrap().to_owned());
            created.push(user["meta"]["created"].as_str().unwrap().to_owned());
        }
    }
    assert!(created.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 250);
}

#[tokio::test]
async fn a_search_by_body_answers_as_the_query_does() {
    let bench = Bench::new(40, Switches::default());
    for (query, body) in [
        ("/Users?startIndex=3&count=5", json!({"startIndex": 3, "count": 5})),
        ("/Users?filter=active%20eq%20false", json!({"filter": "active eq false"})),
        (
            "/Users?sortBy=name.familyName&sortOrder=descending&attributes=userName,name.familyName&count=200",
            json!({"sortBy": "name.familyName", "sortOrder": "descending", "attributes": ["userName", "name.familyName"], "count": 200}),
        ),
        ("/Users?excludedAttributes=emails,meta", json!({"excludedAttributes": ["emails", "meta"]})),
    ] {
        let expected = bench.scim("GET", query, None).await.json();
        for path in ["/Users/.search", "/.search"] {
            let mut body = body.clone();
            body["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
            assert_eq!(bench.scim("POST", path, Some(&body)).await.json(), expected, "{query}");
        }
    }
}
