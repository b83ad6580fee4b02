use super::*;
use crate::ScimType;
use crate::testing::resource_type;
use serde_json::json;

/// Sorts `resources`, given as they were created, and returns their ids.
fn sorted(sort_by: &str, sort_order: &str, resources: &[Value]) -> String {
    let sort = Sort::new(Some(sort_by), Some(sort_order), &resource_type()).unwrap();
    let mut resources: Vec<Value> = resources
        .iter()
        .enumerate()
        .map(|(index, resource)| {
            let mut resource = resource.clone();
            resource["id"] = json!(char::from(b'a' + u8::try_from(index).unwrap()).to_string());
            resource["meta"] = json!({"created": format!("2026-01-01T00:00:{index:02}Z")});
            resource
        })
        .collect();
    resources.reverse();
    resources.sort_by_cached_key(|resource| sort.key(resource));
    resources.iter().filter_map(|resource| resource["id"].as_str()).collect()
}

#[test]
fn values_are_ordered_by_their_type() {
    let names =
        [json!({"userName": "b"}), json!({"userName": "A"}), json!({"userName": "C"}), json!({"userName": "a"})];
    assert_eq!(sorted("userName", "ascending", &names), "bdac");
    assert_eq!(sorted("userName", "Descending", &names), "cabd");
    let external = [json!({"externalId": "b"}), json!({"externalId": "A"}), json!({"externalId": "a"})];
    assert_eq!(sorted("externalId", "ascending", &external), "bca");
    let logins = [json!({"logins": 10}), json!({"logins": 9}), json!({"logins": -1})];
    assert_eq!(sorted("logins", "ascending", &logins), "cba");
    let active = [json!({"active": true}), json!({"active": false}), json!({"active": true})];
    assert_eq!(sorted("active", "descending", &active), "acb");
    assert_eq!(sorted("meta.created", "descending", &active), "cba");
}

#[test]
fn absent_values_are_last_or_first() {
    let names = [json!({}), json!({"displayName": "b"}), json!({"displayName": null}), json!({"displayName": "a"})];
    assert_eq!(sorted("displayName", "ascending", &names), "dbac");
    assert_eq!(sorted("displayName", "descending", &names), "acbd");
    assert_eq!(sorted("title", "descending", &names), "abcd");
    assert_eq!(sorted("addresses", "ascending", &names), "abcd");
}

#[test]
fn plural_values_are_ordered_by_the_primary_or_the_first() {
    let emails = [
        json!({"emails": [{"value": "c"}, {"value": "a"}]}),
        json!({"emails": [{"value": "z"}, {"value": "b", "primary": true}]}),
        json!({"emails": []}),
    ];
    assert_eq!(sorted("emails", "ascending", &emails), "bac");
    assert_eq!(sorted("emails.value", "descending", &emails), "cab");
    assert_eq!(sorted("tags", "ascending", &[json!({"tags": ["b", "a"]}), json!({"tags": ["a"]})]), "ba");
}

#[test]
fn the_beginning_of_a_long_text_counts() {
    let name = |letter: &str, end: &str| json!({"displayName": format!("{}{end}", letter.repeat(256))});
    let names = [name("b", ""), name("é", "b"), name("é", "a"), name("a", "")];
    assert_eq!(sorted("displayName", "ascending", &names), "dabc");
}

#[test]
fn what_cannot_be_sorted_by_is_refused() {
    for (sort_by, sort_order, scim_type) in [
        ("shoeSize", "ascending", ScimType::InvalidPath),
        ("", "ascending", ScimType::InvalidPath),
        ("name", "ascending", ScimType::InvalidPath),
        ("emails[type eq \"work\"]", "ascending", ScimType::InvalidPath),
        (crate::testing::EXTENSION, "ascending", ScimType::InvalidPath),
        ("userName", "up", ScimType::InvalidValue),
        ("userName", "", ScimType::InvalidValue),
    ] {
        let error = Sort::new(Some(sort_by), Some(sort_order), &resource_type()).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_type), "{sort_by}");
    }
}

#[test]
fn without_a_name_the_order_is_that_of_creation() {
    let sort = Sort::new(None, Some("descending"), &resource_type()).unwrap();
    assert!(sort.is_by_creation());
    let key = |created: &str, id: &str| sort.key(&json!({"id": id, "meta": {"created": created}}));
    assert!(key("2026-01-01T00:00:00Z", "b") < key("2026-01-01T00:00:00.001Z", "a"));
    assert!(key("2026-01-01T00:00:00Z", "a") < key("2026-01-01T01:00:00+01:00", "b"));
    let created = instant::parse("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(Key::by_creation(created, "a"), key("2026-01-01T00:00:00Z", "a"));
}

proptest::proptest! {
    #[test]
    fn keys_survive_serialisation(name in proptest::option::of(".{0,8}"), logins: i64) {
        let resource = json!({"id": "1", "displayName": name, "logins": logins, "meta": {"created": "2026-01-01T00:00:00.5Z"}});
        for by in ["displayName", "logins", "meta.created", "active"] {
            let key = Sort::new(Some(by), None, &resource_type()).unwrap().key(&resource);
            let text = serde_json::to_string(&key).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
        }
    }
}
