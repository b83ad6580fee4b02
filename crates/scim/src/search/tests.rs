use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ScimType;
use crate::page::Methods;
use crate::testing::resource_type;

const NOW: Timestamp = Timestamp::constant(1_767_000_000, 0);
const LIMITS: Limits = Limits { default_count: 100, max_count: 200, methods: Methods::IndexAndCursor };

fn user(number: usize) -> Value {
    json!({
        "schemas": [crate::schema::rfc7643::USER], "id": format!("u{number:03}"),
        "userName": format!("user{}@example.com", number % 7), "active": number.is_multiple_of(2),
        "meta": {"created": format!("2026-01-01T00:{:02}:00Z", number % 60)},
    })
}

fn answer(parameters: &[(&str, &str)], users: &[Value]) -> Result<Value, Error> {
    let resource_type = resource_type();
    let listing = Query::from_parameters(parameters).resolve(&resource_type, LIMITS)?;
    let seal = Seal::new(&[1; 32], Duration::from_hours(1));
    listing.answer(users, &resource_type, &seal, "w1", NOW).map(ListResponse::into_json)
}

fn ids(answer: &Value) -> Vec<String> {
    let resources = answer["Resources"].as_array().unwrap();
    resources.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn parameters_and_body_mean_the_same() {
    let parameters = Query::from_parameters(&[
        ("aadOptscim062020", ""),
        ("attributes", "userName, name.givenName,"),
        ("filter", "active eq true"),
        ("filter", "ignored"),
        ("sortBy", "userName"),
        ("sortOrder", "descending"),
        ("startIndex", "2"),
        ("count", "10"),
    ]);
    let body = json!({
        "schemas": [SEARCH_REQUEST], "attributes": ["userName", " name.givenName"], "filter": "active eq true",
        "SORTBY": "userName", "sortOrder": "descending", "startIndex": 2, "count": 10, "excludedAttributes": [],
        "cursor": null, "other": {},
    });
    assert_eq!(Query::from_json(&body, Strictness::Strict).unwrap(), parameters);
    assert!(parameters.resolve(&resource_type(), LIMITS).is_ok());
    let cursor = Query::from_json(&json!({"cursor": "", "count": "5"}), Strictness::Lenient).unwrap();
    assert_eq!((cursor.cursor.as_deref(), cursor.count.as_deref()), (Some(""), Some("5")));
}

#[test]
fn bodies_of_the_wrong_shape_are_refused() {
    for (body, scim_type) in [
        (json!([]), ScimType::InvalidSyntax),
        (json!({"schemas": ["urn:other"]}), ScimType::InvalidSyntax),
        (json!({"schemas": SEARCH_REQUEST}), ScimType::InvalidSyntax),
        (json!({"filter": 5}), ScimType::InvalidValue),
        (json!({"attributes": [1]}), ScimType::InvalidValue),
        (json!({"attributes": {}}), ScimType::InvalidValue),
        (json!({"count": []}), ScimType::InvalidValue),
        (json!({"cursor": 1}), ScimType::InvalidValue),
    ] {
        let error = Query::from_json(&body, Strictness::Lenient).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_type), "{body}");
    }
    assert!(Query::from_json(&json!({}), Strictness::Strict).is_err());
    let query = Query::from_json(&json!({"count": 1.5}), Strictness::Lenient).unwrap();
    assert_eq!(query.resolve(&resource_type(), LIMITS).unwrap_err().scim_type, Some(ScimType::InvalidValue));
}

#[test]
fn bad_queries_get_the_error_of_their_part() {
    for (parameters, scim_type) in [
        (&[("filter", "shoeSize eq 1")][..], ScimType::InvalidFilter),
        (&[("filter", "active gt true")], ScimType::InvalidFilter),
        (&[("filter", "")], ScimType::InvalidFilter),
        (&[("attributes", "a"), ("excludedAttributes", "b")], ScimType::InvalidValue),
        (&[("sortBy", "shoeSize")], ScimType::InvalidPath),
        (&[("sortBy", "userName"), ("sortOrder", "up")], ScimType::InvalidValue),
        (&[("count", "abc")], ScimType::InvalidValue),
        (&[("startIndex", "abc")], ScimType::InvalidValue),
        (&[("cursor", ""), ("startIndex", "1")], ScimType::InvalidValue),
        (&[("cursor", "broken")], ScimType::InvalidCursor),
        (&[("cursor", ""), ("count", "201")], ScimType::InvalidCount),
    ] {
        let error = answer(parameters, &[user(1)]).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_type), "{parameters:?}");
    }
}

#[test]
fn pages_by_index_have_their_numbers() {
    let users: Vec<_> = (0..5).rev().map(user).collect();
    for (parameters, total, start, expected) in [
        (&[][..], 5, 1, &["u000", "u001", "u002", "u003", "u004"][..]),
        (&[("startIndex", "-5"), ("count", "-1")], 5, 1, &[]),
        (&[("startIndex", "4"), ("count", "2")], 5, 4, &["u003", "u004"]),
        (&[("startIndex", "9")], 5, 9, &[]),
        (&[("filter", "active eq true"), ("count", "2")], 3, 1, &["u000", "u002"]),
        (&[("filter", "userName eq \"nobody\"")], 0, 1, &[]),
        (&[("sortBy", "userName"), ("sortOrder", "descending"), ("count", "2")], 5, 1, &["u004", "u003"]),
    ] {
        let answer = answer(parameters, &users).unwrap();
        assert_eq!(ids(&answer), expected, "{parameters:?}");
        assert_eq!(answer["totalResults"], total);
        assert_eq!(answer["startIndex"], start);
        assert_eq!(answer["itemsPerPage"], expected.len());
    }
    let shown = answer(&[("attributes", "shoeSize"), ("count", "1")], &users).unwrap();
    assert_eq!(shown["Resources"], json!([{"schemas": [crate::schema::rfc7643::USER], "id": "u000"}]));
}

#[test]
fn a_cursor_belongs_to_its_query() {
    let users: Vec<_> = (0..5).map(user).collect();
    let first = answer(&[("cursor", ""), ("count", "2"), ("filter", "id pr")], &users).unwrap();
    assert_eq!((&first["totalResults"], first.get("startIndex")), (&json!(5), None));
    let next = first["nextCursor"].as_str().unwrap();
    let second = answer(&[("cursor", next), ("count", "2"), ("filter", "ID  PR")], &users).unwrap();
    assert_eq!(ids(&second), ["u002", "u003"]);
    for (parameters, scim_type) in [
        (&[("cursor", next), ("count", "2")][..], ScimType::InvalidCursor),
        (&[("cursor", next), ("filter", "active pr")], ScimType::InvalidCursor),
        (&[("cursor", next), ("filter", "id pr"), ("sortBy", "id")], ScimType::InvalidCursor),
        (&[("cursor", next), ("filter", "id pr"), ("count", "3")], ScimType::InvalidCount),
    ] {
        assert_eq!(answer(parameters, &users).unwrap_err().scim_type, Some(scim_type));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Users below 30 stay throughout; the others come and go between the pages.
    #[test]
    fn a_walk_shows_everyone_who_stays_exactly_once(
        count in 1usize..9,
        changes in proptest::collection::vec(proptest::collection::btree_set(30usize..60, 0..20), 1..60),
        order in 0usize..3,
    ) {
        let (by, order) = [("userName", "ascending"), ("userName", "descending"), ("meta.created", "descending")][order];
        let sorting = [vec![], vec![("sortBy", by), ("sortOrder", order)]];
        for sort in sorting {
            let count = count.to_string();
            let mut seen = Vec::new();
            let mut cursor = String::new();
            for step in 0.. {
                let others = &changes[step % changes.len()];
                let users: Vec<_> = (0..30).chain(others.iter().copied()).map(user).collect();
                let mut parameters = vec![("cursor", cursor.as_str()), ("count", count.as_str())];
                parameters.extend(sort.clone());
                let page = answer(&parameters, &users).unwrap();
                seen.extend(ids(&page));
                match page.get("nextCursor") {
                    Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
                    None => break,
                }
                prop_assert!(step < 200, "the walk does not end");
            }
            for number in 0..30 {
                let id = format!("u{number:03}");
                prop_assert_eq!(seen.iter().filter(|seen| **seen == id).count(), 1, "{} in {:?}", id, seen);
            }
        }
    }

    #[test]
    fn no_parameters_panic(name in "attributes|filter|sortBy|sortOrder|count|startIndex|cursor", value in ".{0,30}") {
        let _ = answer(&[(name.as_str(), value.as_str())], &[user(1)]);
    }
}
