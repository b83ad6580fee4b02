//! The shapes that identity providers send, and messages that are not acceptable.

use proptest::prelude::*;

use super::*;
use crate::document::{DropReason, Dropped};

#[test]
fn every_shape_of_deactivation_deactivates() {
    for operation in [
        json!({"op": "replace", "path": "active", "value": false}),
        json!({"op": "Replace", "path": "active", "value": "False"}),
        json!({"op": "add", "path": "active", "value": "false"}),
        json!({"op": "Add", "path": "ACTIVE", "value": [false]}),
        json!({"op": "replace", "value": {"active": false}}),
        json!({"op": "REPLACE", "value": {"Active": "False"}}),
        json!({"OP": "replace", "Path": " active ", "Value": [{"value": "False"}]}),
        json!({"op": "replace", "path": "", "value": {"active": false}}),
        json!({"op": "replace", "path": null, "value": {"active": false}}),
        json!({"op": "replace", "value": {"id": "1", "schemas": [], "meta": {"version": "x"}, "active": false}}),
        json!({"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false}),
        json!({"op": "replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User": {"active": false}}}),
    ] {
        check(&json!([operation]), &json!({"active": false}));
    }
}

#[test]
fn every_shape_of_a_role_change_changes_the_role() {
    let path = format!("{EXTENSION}:editor");
    for operation in [
        json!({"op": "replace", "path": path, "value": false}),
        json!({"op": "Add", "path": path, "value": "false"}),
        json!({"op": "add", "path": path.to_uppercase(), "value": "False"}),
        json!({"op": "replace", "path": EXTENSION, "value": {"editor": false}}),
        json!({"op": "replace", "value": {EXTENSION: {"editor": "false"}}}),
        json!({"op": "replace", "value": {path.clone(): false}}),
    ] {
        check(&json!([operation]), &json!({EXTENSION: {"editor": false}}));
    }
}

#[test]
fn a_role_without_value_stays() {
    let path = format!("{EXTENSION}:editor");
    for operation in [
        json!({"op": "replace", "path": path, "value": null}),
        json!({"op": "replace", "path": path, "value": ""}),
        json!({"op": "replace", "path": path, "value": "Undefined"}),
        json!({"op": "replace", "path": path, "value": []}),
        json!({"op": "remove", "path": path}),
        json!({"op": "remove", "path": EXTENSION}),
        json!({"op": "replace", "path": EXTENSION, "value": {}}),
        json!({"op": "replace", "path": EXTENSION, "value": null}),
        json!({"op": "replace", "value": {EXTENSION: {"editor": null}}}),
        json!({"op": "replace", "value": {EXTENSION: null}}),
        json!({"op": "replace", "value": {}}),
    ] {
        check(&json!([operation]), &json!({}));
    }
    for value in [json!("admin"), json!("editor"), json!(1), json!({})] {
        refuse(&json!([{"op": "replace", "path": path, "value": value}]), Strictness::Lenient, ScimType::InvalidValue);
    }
}

#[test]
fn several_attributes_in_one_operation() {
    check(
        &json!([{"op": "replace", "value": {
            "displayName": "Ada K.", "name.givenName": "Augusta", "name.familyName": "King",
            format!("{EXTENSION}:editor"): "false",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "7",
            "emails[type eq \"work\"].value": "ada@new.example",
        }}]),
        &json!({
            "displayName": "Ada K.", "name": {"givenName": "Ada", "familyName": "King"}, EXTENSION: {"editor": false},
            "emails": [
                {"value": "ada@new.example", "type": "work", "primary": true},
                {"value": "ada@home.example", "type": "home"},
            ],
        }),
    );
    check(
        &json!([
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ada@example.com"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]),
        &json!({"active": false}),
    );
}

#[test]
fn what_is_only_recognised_has_no_effect() {
    let outcome = run(
        &json!([
            {"op": "add", "path": "nickName", "value": "Lovi"},
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Ulm"},
            {"op": "replace", "path": "name.middleName", "value": 5},
            {"op": "replace", "value": {"title": null, "password": "s3cret", "name": {"honorificPrefix": "Dr"}}},
            {"op": "remove", "path": "groups"},
            {"op": "replace", "path": crate::schema::rfc7643::ENTERPRISE_USER, "value": {"department": "x"}},
            {"op": "replace", "path": "emails[type eq \"work\"].display", "value": "x"},
        ]),
        Strictness::Strict,
    )
    .unwrap();
    assert!(!outcome.is_changed);
    assert_eq!(outcome.resource, ada());
    let paths: Vec<_> = outcome.dropped.iter().map(|dropped| dropped.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "nickName",
            "addresses.locality",
            "name.middleName",
            "title",
            "password",
            "name.honorificPrefix",
            "groups",
            crate::schema::rfc7643::ENTERPRISE_USER,
            "emails.display",
        ]
    );
    assert!(outcome.dropped.iter().all(|dropped| dropped.reason == DropReason::Unsupported));
}

#[test]
fn what_is_not_writable_is_noted_or_refused() {
    for operation in [
        json!({"op": "replace", "path": "name.givenName", "value": "Augusta"}),
        json!({"op": "replace", "path": "name.givenName", "value": 5}),
        json!({"op": "replace", "path": "id", "value": "2"}),
        json!({"op": "replace", "path": "meta.created", "value": "never"}),
        json!({"op": "remove", "path": "meta"}),
        json!({"op": "add", "path": "badges", "value": [{"value": "c"}]}),
        json!({"op": "replace", "path": "badges[type eq \"silver\"].value", "value": "c"}),
        json!({"op": "remove", "path": "badges"}),
        json!({"op": "replace", "path": "name", "value": {"givenName": "Augusta"}}),
        json!({"op": "remove", "path": "name"}),
    ] {
        let operations = json!([operation]);
        let outcome = run(&operations, Strictness::Lenient).unwrap();
        assert_eq!(outcome.resource, ada(), "{operations}");
        assert!(
            matches!(outcome.dropped.as_slice(), [Dropped { reason: DropReason::NotWritable, .. }, ..]),
            "{operations}"
        );
        refuse(&operations, Strictness::Strict, ScimType::Mutability);
    }
}

#[test]
fn messages_of_the_wrong_shape_are_refused() {
    let ok = json!({"op": "replace", "path": "active", "value": false});
    for (body, lenient, strict) in [
        (json!([]), false, false),
        (json!({}), false, false),
        (json!({"Operations": []}), false, false),
        (json!({"Operations": {}}), false, false),
        (json!({"Operations": [ok]}), true, false),
        (json!({"operations": [ok], "SCHEMAS": [PATCH_OP.to_uppercase()]}), true, true),
        (json!({"schemas": [], "Operations": [ok]}), true, false),
        (json!({"schemas": ["urn:other"], "Operations": [ok]}), false, false),
        (json!({"schemas": PATCH_OP, "Operations": [ok]}), false, false),
        (message(&json!([ok])), true, true),
        (message(&json!([ok, 5])), false, false),
        (message(&json!([{"path": "active", "value": false}])), false, false),
        (message(&json!([{"op": 1, "path": "active", "value": false}])), false, false),
        (message(&json!([{"op": "move", "path": "active", "value": false}])), false, false),
        (message(&json!([{"op": "add", "path": 1, "value": false}])), false, false),
        (message(&json!([{"op": "replace", "value": [{"active": false}]}])), false, false),
        (message(&json!([{"op": "replace", "value": "{}"}])), false, false),
        (message(&json!(vec![ok.clone(); 100])), true, true),
        (message(&json!(vec![ok.clone(); 101])), false, false),
    ] {
        for (strictness, expected) in [(Strictness::Lenient, lenient), (Strictness::Strict, strict)] {
            let found = apply(&body, &ada(), &resource_type(), &Declared(strictness), strictness);
            assert_eq!(found.is_ok(), expected, "{strictness:?} {body}");
            if let Err(error) = found {
                assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{body}: {error}");
            }
        }
    }
}

#[test]
fn operations_that_cannot_be_done_are_refused() {
    for (operation, scim_type) in [
        (json!({"op": "remove"}), ScimType::NoTarget),
        (json!({"op": "remove", "path": "", "value": {"active": true}}), ScimType::NoTarget),
        (json!({"op": "replace", "path": "shoeSize", "value": 43}), ScimType::InvalidPath),
        (json!({"op": "replace", "value": {"shoeSize": 43}}), ScimType::InvalidPath),
        (json!({"op": "replace", "value": {EXTENSION: {"shoeSize": 43}}}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "name", "value": {"shoeSize": 43}}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "editor", "value": true}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "urn:other:User:active", "value": true}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "emails[type eq", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "emails[type gt 5]", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "emails[type pr] x", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "name[givenName pr]", "value": {}}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "active eq true", "value": true}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "active"}), ScimType::InvalidValue),
        (json!({"op": "add"}), ScimType::InvalidValue),
        (json!({"op": "add", "path": "active", "value": "yes"}), ScimType::InvalidValue),
        (json!({"op": "add", "path": "userName", "value": 5}), ScimType::InvalidValue),
        (json!({"op": "add", "path": "emails", "value": ["x"]}), ScimType::InvalidValue),
        (json!({"op": "add", "path": EXTENSION, "value": "x"}), ScimType::InvalidValue),
        (json!({"op": "remove", "path": "userName"}), ScimType::Mutability),
        (json!({"op": "remove", "path": "active"}), ScimType::Mutability),
        (json!({"op": "replace", "path": "active", "value": null}), ScimType::Mutability),
        (json!({"op": "remove", "path": crate::schema::rfc7643::USER}), ScimType::Mutability),
        (json!({"op": "remove", "path": "emails[type eq \"other\"]"}), ScimType::NoTarget),
        (json!({"op": "remove", "path": "emails[type eq \"other\"].value"}), ScimType::NoTarget),
    ] {
        refuse(&json!([operation]), Strictness::Lenient, scim_type);
    }
}

#[test]
fn the_first_error_wins_and_nothing_changes() {
    let operations = json!([
        {"op": "replace", "path": "active", "value": false},
        {"op": "replace", "path": "shoeSize", "value": 43},
        {"op": "explode"},
    ]);
    refuse(&operations, Strictness::Lenient, ScimType::InvalidPath);
    // Later operations see what earlier ones did.
    check(
        &json!([
            {"op": "add", "path": "tags", "value": "a"},
            {"op": "remove", "path": "tags[value eq \"math\"]"},
            {"op": "add", "path": "tags", "value": "math"},
        ]),
        &json!({"tags": ["a", "math"]}),
    );
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!("False")),
        Just(json!("a")),
        Just(json!("work")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((path(), inner), 0..3)
                .prop_map(|members| { Value::Object(members.into_iter().collect()) }),
        ]
    })
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("active".to_owned()),
        Just("value".to_owned()),
        Just("type".to_owned()),
        Just("primary".to_owned()),
        Just("emails".to_owned()),
        Just("emails.value".to_owned()),
        Just("emails.primary".to_owned()),
        Just("emails[type eq \"work\"]".to_owned()),
        Just("emails[type eq \"new\" and primary eq true].value".to_owned()),
        Just("emails[value pr].primary".to_owned()),
        Just("tags".to_owned()),
        Just("tags[value sw \"m\"]".to_owned()),
        Just("name".to_owned()),
        Just("name.givenName".to_owned()),
        Just("displayName".to_owned()),
        Just("schemas".to_owned()),
        Just("meta".to_owned()),
        Just("title".to_owned()),
        Just(EXTENSION.to_owned()),
        Just(format!("{EXTENSION}:editor")),
        Just(format!("{EXTENSION}:team")),
        Just("badges[type eq \"x\"].value".to_owned()),
        ".{0,10}",
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop_oneof![Just("add"), Just("Replace"), Just("remove")];
    (op, proptest::option::of(path()), anything())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

proptest! {
    #[test]
    fn no_body_panics(body in anything()) {
        let _ = apply(&body, &body, &resource_type(), &Declared(Strictness::Lenient), Strictness::Lenient);
    }

    #[test]
    fn whatever_is_applied_keeps_the_shape_of_the_schema(operations in proptest::collection::vec(operation(), 1..5), strict: bool) {
        let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
        let before = ada();
        if let Ok(outcome) = run(&json!(operations), strictness) {
            let resource = &outcome.resource;
            for untouched in ["id", "meta", "badges"] {
                prop_assert_eq!(&resource[untouched], &before[untouched]);
            }
            prop_assert!(resource["active"].is_boolean() && resource["userName"].is_string());
            prop_assert!(resource[EXTENSION]["editor"].is_boolean());
            prop_assert_eq!(&resource["schemas"], &before["schemas"]);
            let primaries = resource["emails"].as_array().map_or(0, |emails| {
                emails.iter().filter(|email| email["primary"] == json!(true)).count()
            });
            prop_assert!(primaries <= 1, "{}", resource);
            prop_assert!(resource.as_object().unwrap().values().all(crate::path::is_present), "{}", resource);
            prop_assert_eq!(outcome.is_changed, *resource != before);
            // What was applied is already so: a repeated `replace` changes nothing more, unless it
            // replaced what its own value filter looks for.
            let text = json!(operations).to_string();
            let is_filtered = text.contains("[type") || text.contains("[value");
            if operations.len() == 1 && operations[0]["op"] == "Replace" && !is_filtered {
                let again = apply(&message(&json!(operations)), resource, &resource_type(), &Product(strictness), strictness);
                prop_assert_eq!(&again.unwrap().resource, resource);
            }
        }
    }
}
