use super::*;
use crate::schema::{Schema, rfc7643};
use crate::testing::{EXTENSION, resource_type};
use serde_json::json;

fn ada() -> Value {
    json!({
        "schemas": [rfc7643::USER, EXTENSION], "id": "1", "externalId": "x", "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"}, "active": true,
        "emails": [{"value": "a@b.c", "type": "work"}, {"value": "d@e.f"}],
        EXTENSION: {"editor": true, "team": "x"},
        "meta": {"resourceType": "User", "version": "W/\"1\""},
    })
}

fn names(text: &str) -> Option<Vec<String>> {
    (!text.is_empty()).then(|| text.split(',').map(|name| name.trim().to_owned()).collect())
}

fn project(attributes: &str, excluded: &str) -> Value {
    let resource_type = resource_type();
    Projection::new(names(attributes).as_deref(), names(excluded).as_deref(), &resource_type)
        .unwrap()
        .apply(&ada(), &resource_type)
}

fn only(attributes: &str, expected: &Value) {
    assert_eq!(&project(attributes, ""), expected, "{attributes}");
}

#[test]
fn without_parameters_everything_is_shown() {
    assert_eq!(project("", ""), ada());
    assert_eq!(project("", "").as_object().unwrap().keys().next().map(String::as_str), Some("schemas"));
}

#[test]
fn attributes_show_what_they_name_and_what_is_always_shown() {
    let user = rfc7643::USER;
    only("userName", &json!({"schemas": [user], "id": "1", "userName": "ada@example.com"}));
    only(" USERNAME , active", &json!({"schemas": [user], "id": "1", "userName": "ada@example.com", "active": true}));
    only("shoeSize", &json!({"schemas": [user], "id": "1"}));
    only("title", &json!({"schemas": [user], "id": "1"}));
    only("id", &json!({"schemas": [user], "id": "1"}));
    only("name", &json!({"schemas": [user], "id": "1", "name": {"givenName": "Ada", "familyName": "Lovelace"}}));
    only("name.givenName", &json!({"schemas": [user], "id": "1", "name": {"givenName": "Ada"}}));
    only("name.formatted", &json!({"schemas": [user], "id": "1"}));
    only("emails.type", &json!({"schemas": [user], "id": "1", "emails": [{"type": "work"}]}));
    only("meta.version", &json!({"schemas": [user], "id": "1", "meta": {"version": "W/\"1\""}}));
    only(
        &format!("{user}:userName,{EXTENSION}:editor"),
        &json!({"schemas": [user, EXTENSION], "id": "1", "userName": "ada@example.com", EXTENSION: {"editor": true}}),
    );
    only(EXTENSION, &json!({"schemas": [user, EXTENSION], "id": "1", EXTENSION: {"editor": true, "team": "x"}}));
    let core = project(user, "");
    assert!(core.get("userName").is_some() && core.get(EXTENSION).is_none() && core.get("meta").is_none());
}

#[test]
fn excluded_attributes_are_missing_unless_always_shown() {
    for (excluded, missing) in [
        ("userName", vec!["userName"]),
        ("id,schemas", vec![]),
        ("NAME, meta", vec!["name", "meta"]),
        (EXTENSION, vec![EXTENSION]),
        ("name.givenName,name.familyName", vec!["name"]),
        ("shoeSize,title", vec![]),
    ] {
        let mut expected = ada();
        for name in &missing {
            expected.as_object_mut().unwrap().shift_remove(*name);
        }
        if missing.contains(&EXTENSION) {
            expected["schemas"] = json!([rfc7643::USER]);
        }
        assert_eq!(project("", excluded), expected, "{excluded}");
    }
    assert_eq!(project("", "name.givenName")["name"], json!({"familyName": "Lovelace"}));
    assert_eq!(project("", "emails.value")["emails"], json!([{"type": "work"}]));
    assert_eq!(project("", &format!("{EXTENSION}:team"))[EXTENSION], json!({"editor": true}));
    assert_eq!(project("", &format!("{EXTENSION}:team,{EXTENSION}:editor")).get(EXTENSION), None);
}

#[test]
fn both_lists_are_refused() {
    let names = ["userName".to_owned()];
    let error = Projection::new(Some(&names), Some(&names), &resource_type()).unwrap_err();
    assert_eq!(error.scim_type, Some(crate::ScimType::InvalidValue));
}

#[test]
fn returned_is_respected() {
    let schema = Schema::new(
        "urn:x",
        "X",
        "",
        [
            Attribute::string("always").returned(Returned::Always),
            Attribute::string("never").returned(Returned::Never),
            Attribute::string("request").returned(Returned::Request),
            Attribute::complex(
                "c",
                [
                    Attribute::string("n").returned(Returned::Never),
                    Attribute::string("r").returned(Returned::Request),
                    Attribute::string("a").returned(Returned::Always),
                    Attribute::string("d"),
                ],
            ),
        ],
    );
    let resource_type = ResourceType::new("X", "", "/X", schema);
    let resource = json!({"always": "1", "never": "2", "request": "3", "c": {"n": "4", "r": "5", "a": "6", "d": "7"}});
    for (attributes, excluded, expected) in [
        ("", "", json!({"always": "1", "c": {"a": "6", "d": "7"}})),
        ("never,request", "", json!({"always": "1", "request": "3"})),
        ("c.n", "", json!({"always": "1"})),
        ("c.r", "", json!({"always": "1", "c": {"r": "5", "a": "6"}})),
        ("", "always,c.a,c.d", json!({"always": "1", "c": {"a": "6"}})),
    ] {
        let mut shown = Projection::new(names(attributes).as_deref(), names(excluded).as_deref(), &resource_type)
            .unwrap()
            .apply(&resource, &resource_type);
        shown.as_object_mut().unwrap().shift_remove("schemas");
        assert_eq!(shown, expected, "{attributes} / {excluded}");
    }
}
