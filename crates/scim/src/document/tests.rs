use super::*;
use crate::testing::{EXTENSION, resource_type};
use serde_json::json;

fn read(body: &Value) -> Result<Document, Error> {
    Document::read(body, &resource_type(), Strictness::Lenient)
}

fn check(body: &Value, expected: &Value) {
    let document = read(body).unwrap();
    assert_eq!(&Value::Object(document.values().clone()), expected, "{body}");
}

#[test]
fn spelling_types_and_places_are_those_of_the_schema() {
    check(
        &json!({
            "schemas": [crate::schema::rfc7643::USER], "ID": "x", "meta": {"resourceType": "User"},
            "USERNAME": "ada@example.com", "active": "True", "externalId": 17,
            "Name": {"GIVENNAME": "Ada", "middleName": "", "formatted": "Ada L."},
            "emails": {"value": "a@b.c", "primary": "true"},
            EXTENSION.to_uppercase(): {"Editor": "false"},
        }),
        &json!({
            "userName": "ada@example.com", "active": true, "externalId": "17", "name": {"givenName": "Ada"},
            "emails": [{"value": "a@b.c", "primary": true}], EXTENSION: {"editor": false},
        }),
    );
}

#[test]
fn absent_and_unassigned_differ() {
    let document = read(&json!({
        "displayName": null, "emails": [], "userName": "a", "name": {"givenName": "Ada"}, EXTENSION: {"editor": ""},
    }))
    .unwrap();
    let editor = format!("{EXTENSION}:editor");
    for (name, expected) in [
        ("displayName", Field::Unassigned),
        ("emails", Field::Unassigned),
        ("userName", Field::Assigned(&json!("a"))),
        ("active", Field::Absent),
        ("name.givenName", Field::Assigned(&json!("Ada"))),
        ("name.familyName", Field::Absent),
        (&editor, Field::Unassigned),
        (&format!("{EXTENSION}:team"), Field::Absent),
        ("urn:other:editor", Field::Absent),
    ] {
        assert_eq!(document.field(name), expected, "{name}");
    }
    for (body, expected) in [
        (json!({EXTENSION: null}), Field::Unassigned),
        (json!({EXTENSION: {}}), Field::Absent),
        (json!({EXTENSION: {"editor": null}}), Field::Unassigned),
        (json!({editor.clone(): "Undefined"}), Field::Unassigned),
        (json!({editor.clone(): "true"}), Field::Assigned(&json!(true))),
        (json!({}), Field::Absent),
    ] {
        assert_eq!(read(&body).unwrap().field(&editor), expected, "{body}");
    }
}

#[test]
fn what_has_no_effect_is_noted() {
    let document = read(&json!({
        "userName": "a", "title": null, "password": "s3cret", "badges": "whatever", "shoeSize": 43,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "x"},
        "urn:example:other": {}, "name": {"formatted": "x", "givenName": "y"},
    }))
    .unwrap();
    let dropped: Vec<_> = document.dropped.iter().map(|dropped| (dropped.path.as_str(), dropped.reason)).collect();
    assert_eq!(
        dropped,
        [
            ("title", DropReason::Unsupported),
            ("password", DropReason::Unsupported),
            ("badges", DropReason::NotWritable),
            ("shoeSize", DropReason::Unknown),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", DropReason::Unsupported),
            ("urn:example:other", DropReason::Unknown),
            ("name.formatted", DropReason::NotWritable),
        ]
    );
}

#[test]
fn schemas_are_lenient_unless_told_otherwise() {
    let user = crate::schema::rfc7643::USER;
    let enterprise = crate::schema::rfc7643::ENTERPRISE_USER;
    for (schemas, lenient, strict) in [
        (json!([user]), true, true),
        (json!([user, EXTENSION]), true, true),
        (json!([user, enterprise]), true, true),
        (json!(["urn:scim:schemas:core:1.0"]), true, false),
        (json!(["urn:scim:schemas:core:2.0"]), true, false),
        (json!([user, "urn:scim:schemas:core:1.0"]), true, false),
        (json!([EXTENSION]), true, false),
        (json!([]), true, false),
        (json!(null), true, false),
        (json!(user), false, false),
        (json!({}), false, false),
    ] {
        let body = json!({"schemas": schemas, "userName": "a"});
        for (strictness, expected) in [(Strictness::Lenient, lenient), (Strictness::Strict, strict)] {
            let found = Document::read(&body, &resource_type(), strictness);
            assert_eq!(found.is_ok(), expected, "{schemas} {strictness:?}");
            if let Err(error) = found {
                assert_eq!(error.scim_type, Some(crate::ScimType::InvalidSyntax));
            }
        }
    }
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    for body in [
        json!({"active": "yes"}),
        json!({"userName": 5}),
        json!({"name": "Ada"}),
        json!({EXTENSION: "x"}),
        json!({EXTENSION: {"editor": "admin"}}),
        json!({EXTENSION: {"editor": 1}}),
    ] {
        assert_eq!(read(&body).unwrap_err().scim_type, Some(crate::ScimType::InvalidValue), "{body}");
    }
    for body in [
        json!([]),
        json!("x"),
        json!(null),
        json!({"active": true, "urn:ietf:params:scim:schemas:core:2.0:User:active": false}),
        json!({EXTENSION: {"editor": true}, format!("{EXTENSION}:editor"): false}),
        json!({"name.givenName": "a", "name": {"givenName": "b"}}),
    ] {
        assert_eq!(read(&body).unwrap_err().scim_type, Some(crate::ScimType::InvalidSyntax), "{body}");
    }
}
