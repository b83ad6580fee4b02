//! What each operation does to each sort of attribute (RFC 7644 §3.5.2.1 to §3.5.2.3).

use super::*;

#[test]
fn single_values_are_set_and_removed() {
    for op in ["add", "replace"] {
        check(&json!([{"op": op, "path": "displayName", "value": "A"}]), &json!({"displayName": "A"}));
        check(&json!([{"op": op, "path": "displayName", "value": ["A"]}]), &json!({"displayName": "A"}));
        check(&json!([{"op": op, "path": "displayName", "value": ""}]), &json!({"displayName": ""}));
        check(&json!([{"op": op, "path": "displayName", "value": null}]), &json!({"displayName": null}));
        check(&json!([{"op": op, "path": "externalId", "value": 17}]), &json!({"externalId": "17"}));
        check(&json!([{"op": op, "path": "logins", "value": 4}]), &json!({"logins": 4}));
        check(&json!([{"op": op, "path": "displayName", "value": "Ada"}]), &json!({}));
    }
    check(&json!([{"op": "remove", "path": "displayName", "value": "other"}]), &json!({"displayName": null}));
    check(&json!([{"op": "remove", "path": "externalId"}]), &json!({"externalId": null}));
    check(&json!([{"op": "remove", "path": "logins"}]), &json!({}));
}

#[test]
fn complex_values_are_merged() {
    for op in ["add", "replace"] {
        for value in [json!({"FamilyName": "King"}), json!([{"familyName": "King"}])] {
            check(
                &json!([{"op": op, "path": "name", "value": value}]),
                &json!({"name": {"givenName": "Ada", "familyName": "King"}}),
            );
        }
    }
    let declared = |operation: Value| {
        let rules = Declared(Strictness::Lenient);
        let body = message(&json!([operation]));
        apply(&body, &ada(), &resource_type(), &rules, Strictness::Lenient).unwrap().resource
    };
    assert_eq!(declared(json!({"op": "remove", "path": "name"})).get("name"), None);
    assert_eq!(declared(json!({"op": "replace", "path": "name", "value": []})).get("name"), None);
    assert_eq!(declared(json!({"op": "remove", "path": "name.givenName"})).get("name"), None);
    assert_eq!(declared(json!({"op": "add", "path": "name", "value": {"givenName": null}})).get("name"), None);
}

#[test]
fn an_extension_comes_and_goes_with_its_urn() {
    let rules = Declared(Strictness::Strict);
    let run = |resource: &Value, operation: Value| {
        let body = message(&json!([operation]));
        apply(&body, resource, &resource_type(), &rules, Strictness::Strict).unwrap().resource
    };
    let removed = run(&ada(), json!({"op": "remove", "path": EXTENSION}));
    assert_eq!(removed.get(EXTENSION), None);
    assert_eq!(removed["schemas"], json!([crate::schema::rfc7643::USER]));
    let added = run(&removed, json!({"op": "add", "value": {format!("{EXTENSION}:team"): "x"}}));
    assert_eq!(added[EXTENSION], json!({"team": "x"}));
    assert_eq!(added["schemas"], ada()["schemas"]);
    let whole = json!({"op": "add", "path": EXTENSION, "value": {"schemas": [EXTENSION], "team": "y"}});
    assert_eq!(run(&removed, whole)[EXTENSION], json!({"team": "y"}));
}

#[test]
fn add_appends_what_is_new() {
    check(&json!([{"op": "add", "path": "tags", "value": ["math", "b", "b"]}]), &json!({"tags": ["math", "b"]}));
    check(&json!([{"op": "add", "path": "tags", "value": "b"}]), &json!({"tags": ["math", "b"]}));
    check(&json!([{"op": "add", "path": "tags", "value": []}]), &json!({}));
    check(
        &json!([{"op": "add", "path": "emails", "value": [{"type": "home", "value": "ada@home.example"}]}]),
        &json!({}),
    );
    check(
        &json!([{"op": "add", "path": "emails", "value": {"value": "c@d.e", "primary": "True"}}]),
        &json!({"emails": [
            {"value": "ada@example.com", "type": "work", "primary": false},
            {"value": "ada@home.example", "type": "home"},
            {"value": "c@d.e", "primary": true},
        ]}),
    );
}

#[test]
fn replace_without_filter_swaps_the_set() {
    check(&json!([{"op": "replace", "path": "tags", "value": ["x", "y", "x"]}]), &json!({"tags": ["x", "y"]}));
    check(&json!([{"op": "replace", "path": "tags", "value": []}]), &json!({"tags": null}));
    check(&json!([{"op": "replace", "path": "tags", "value": null}]), &json!({"tags": null}));
    check(
        &json!([{"op": "replace", "path": "emails", "value": [{"value": "a"}]}]),
        &json!({"emails": [{"value": "a"}]}),
    );
    refuse(
        &json!([{"op": "replace", "path": "emails", "value": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}]),
        Strictness::Lenient,
        ScimType::InvalidValue,
    );
    let many: Vec<_> = (0..1001).collect();
    let many: Vec<_> = many.iter().map(ToString::to_string).collect();
    refuse(&json!([{"op": "add", "path": "tags", "value": many}]), Strictness::Lenient, ScimType::InvalidValue);
}

#[test]
fn remove_takes_all_or_the_listed() {
    check(&json!([{"op": "remove", "path": "tags"}]), &json!({"tags": null}));
    check(&json!([{"op": "Remove", "path": "tags", "value": ["math", "other"]}]), &json!({"tags": null}));
    check(
        &json!([{"op": "Remove", "path": "emails", "value": [{"value": "ada@home.example"}]}]),
        &json!({"emails": [{"value": "ada@example.com", "type": "work", "primary": true}]}),
    );
    check(&json!([{"op": "Remove", "path": "emails", "value": [{"value": "other"}]}]), &json!({}));
}

#[test]
fn a_filter_selects_elements() {
    let work = json!({"value": "ada@example.com", "type": "work", "primary": true});
    let home = json!({"value": "ada@home.example", "type": "home"});
    for (operation, emails) in [
        (
            json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new"}),
            json!([{"value": "new", "type": "work", "primary": true}, home]),
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"home\"].primary", "value": "True"}),
            json!([{"value": "ada@example.com", "type": "work", "primary": false},
                   {"value": "ada@home.example", "type": "home", "primary": true}]),
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "h"}}),
            json!([work, {"value": "h", "type": "home"}]),
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": [{"value": "h"}]}),
            json!([work, {"value": "h", "type": "home"}]),
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"value": "h"}}),
            json!([work, {"value": "h", "type": "home"}]),
        ),
        (json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": null}), json!([work])),
        (json!({"op": "remove", "path": "emails[type eq \"home\"]"}), json!([work])),
        (json!({"op": "remove", "path": "emails[value co \"ada\"]"}), json!(null)),
        (
            json!({"op": "remove", "path": "emails[type eq \"work\"].primary"}),
            json!([{"value": "ada@example.com", "type": "work"}, home]),
        ),
        (
            json!({"op": "remove", "path": "emails.type"}),
            json!([{"value": "ada@example.com", "primary": true}, {"value": "ada@home.example"}]),
        ),
        (
            json!({"op": "replace", "path": "emails.type", "value": "x"}),
            json!([{"value": "ada@example.com", "type": "x", "primary": true}, {"value": "ada@home.example", "type": "x"}]),
        ),
    ] {
        check(&json!([operation]), &json!({"emails": emails}));
    }
    check(
        &json!([{"op": "replace", "path": "tags[value eq \"MATH\"]", "value": "maths"}]),
        &json!({"tags": ["maths"]}),
    );
    check(&json!([{"op": "remove", "path": "tags[value eq \"math\"]"}]), &json!({"tags": null}));
    for path in ["emails[value pr].primary", "emails.primary"] {
        refuse(&json!([{"op": "add", "path": path, "value": true}]), Strictness::Lenient, ScimType::InvalidValue);
    }
}

#[test]
fn an_unmatched_equality_makes_the_element() {
    let emails = |created: Value| {
        let mut emails = ada()["emails"].as_array().unwrap().clone();
        emails.push(created);
        json!({"emails": emails})
    };
    for op in ["Add", "Replace"] {
        check(
            &json!([{"op": op, "path": "emails[type eq \"other\"].value", "value": "o@x.y"}]),
            &emails(json!({"type": "other", "value": "o@x.y"})),
        );
        check(
            &json!([{"op": op, "path": "emails[type eq \"other\" and value eq \"o\"]", "value": {"primary": false}}]),
            &emails(json!({"type": "other", "value": "o", "primary": false})),
        );
        for path in ["emails[type eq \"other\"].value", "emails[type eq \"other\"]"] {
            let operation = json!([{"op": op, "path": path, "value": "o@x.y"}]);
            refuse(&operation, Strictness::Strict, ScimType::NoTarget);
        }
        for path in [
            "emails[type sw \"other\"].value",
            "emails[type eq \"other\" or type eq \"x\"].value",
            "emails[not (value pr)].value",
            "emails[type eq \"a\" and type eq \"b\"].value",
            "emails[display eq \"a\"].value",
            "tags[value eq \"other\"]",
        ] {
            let operation = json!([{"op": op, "path": path, "value": "o@x.y"}]);
            refuse(&operation, Strictness::Lenient, ScimType::NoTarget);
        }
    }
    check(
        &json!([{"op": "add", "path": "emails[type eq \"other\" and primary eq true].value", "value": "o"}]),
        &json!({"emails": [
            {"value": "ada@example.com", "type": "work", "primary": false},
            {"value": "ada@home.example", "type": "home"},
            {"type": "other", "primary": true, "value": "o"},
        ]}),
    );
}
