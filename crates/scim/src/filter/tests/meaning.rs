//! What matches: a table of examples, and a property for each row of the rules.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::filter::Filter;
use crate::testing::{EXTENSION, resource_type};
use crate::{fold, instant};

fn ada() -> Value {
    json!({
        "id": "Id-1", "externalId": "Guid", "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "displayName": "Ada Lovelace", "active": true, "logins": 3,
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": true},
            {"value": "countess@home.example", "type": "home"},
        ],
        "tags": ["Math", "poetry"],
        EXTENSION: {"editor": true},
        "meta": {"resourceType": "User", "created": "2026-01-05T09:00:00.000Z",
                 "lastModified": "2026-01-05T10:00:00.500+01:00", "version": "W/\"1\""},
    })
}

fn matches(text: &str, resource: &Value) -> bool {
    Filter::parse(text, &resource_type()).unwrap_or_else(|error| panic!("`{text}`: {error}")).matches(resource)
}

fn check(text: &str, expected: bool) {
    assert_eq!(matches(text, &ada()), expected, "{text}");
}

#[test]
fn terms_match_by_type() {
    for text in [
        r#"userName eq "ADA@example.COM""#,
        r#"id eq "Id-1" and active eq true"#,
        r#"name.givenName sw "aD""#,
        r#"emails.value eq "countess@HOME.example""#,
        r#"emails[type eq "work"].value eq "ada@example.com""#,
        r#"emails eq "countess@home.example""#,
        r#"emails ne "countess@home.example""#,
        r#"tags eq "MATH""#,
        r#"tags[value sw "p"]"#,
        r#"active eq "True""#,
        "logins ge 3",
        "logins lt 3.5",
        "name pr",
        "emails pr",
        r#"meta.created eq "2026-01-05T10:00:00+01:00""#,
        r#"meta.lastModified gt "2026-01-05T09:00:00Z""#,
        r#"meta.version eq "W/\"1\"""#,
        r#"externalId sw "Gu""#,
        "schemas eq null",
    ] {
        check(text, true);
    }
    for text in [
        r#"id eq "id-1""#,
        r#"externalId eq "guid""#,
        r#"emails[type eq "home"].value eq "ada@example.com""#,
        r#"emails[type eq "home" and primary eq true]"#,
        "active eq false",
        "logins gt 3",
        r#"meta.version eq "w/\"1\"""#,
    ] {
        check(text, false);
    }
    check(&format!("{EXTENSION}:editor eq true"), true);
    check(&format!("{EXTENSION}:editor ne true"), false);
    check(&format!("{EXTENSION}:team pr"), false);
}

#[test]
fn conditions_hold_within_one_element() {
    check(r#"emails[type eq "home" and value sw "countess"]"#, true);
    check(r#"emails[type eq "home" and value sw "ada"]"#, false);
    check(r#"emails.type eq "home" and emails.value sw "ada""#, true);
    check(r#"emails[not (type eq "home")]"#, true);
    check(r#"not (emails[type eq "home"])"#, false);
}

#[test]
fn absent_compares_as_false_except_by_ne() {
    for (text, expected) in [
        (r#"title eq "x""#, false),
        (r#"title ne "x""#, true),
        (r#"title co """#, false),
        ("title eq null", true),
        ("title ne null", false),
        ("title pr", false),
        (r#"not (title eq "x")"#, true),
        ("userName eq null", false),
        ("userName ne null", true),
        ("userName co \"\"", true),
        ("userName sw \"\"", true),
        ("userName ew \"\"", true),
        (r#"addresses[type eq "work"].locality ne "Ulm""#, true),
        (r#"addresses[type ne "work"]"#, false),
        (r#"emails[type eq "other"].value ne "x""#, true),
        (r#"emails[type eq "other"].value eq null"#, true),
    ] {
        check(text, expected);
    }
}

#[test]
fn unassigned_is_absent() {
    for resource in [
        json!({}),
        json!({"displayName": null, "emails": [], "name": {}, "tags": []}),
        json!({"emails": [{}], "name": {"givenName": null}, "tags": [null]}),
        json!({"emails": null, EXTENSION: null}),
    ] {
        for text in ["displayName pr", "emails pr", "name pr", "tags pr", "emails.value pr"] {
            assert!(!matches(text, &resource), "{text} {resource}");
        }
        assert!(matches("emails eq null and tags eq null", &resource), "{resource}");
    }
}

#[test]
fn empty_text_is_a_value_and_not_present() {
    let resource = json!({"displayName": "", "name": {"givenName": ""}, "emails": [{"value": ""}]});
    for text in ["displayName pr", "name pr", "emails pr", "emails.value pr", "displayName ne null"] {
        assert!(!matches(text, &resource), "{text}");
    }
    for text in ["displayName eq null", "displayName eq \"\"", "displayName lt \"a\"", "emails eq \"\""] {
        assert!(matches(text, &resource), "{text}");
    }
}

#[test]
fn resources_of_another_shape_do_not_panic() {
    for resource in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"userName": 5, "active": "x", "meta": [], EXTENSION: 3,
        "emails": "a", "tags": {"a": 1}, "logins": "x", "name": 3}),
    ] {
        for text in [
            r#"userName eq "x""#,
            "active eq true",
            r#"meta.created gt "2026-01-01T00:00:00Z""#,
            "logins gt 1",
            r#"emails[type eq "work"].value eq "x""#,
            r#"emails eq "a""#,
            r#"name.givenName eq "x""#,
        ] {
            assert!(!matches(text, &resource), "{text} {resource}");
        }
    }
}

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// The textbook meaning of an operator on text.
fn textbook(operator: &str, value: &str, wanted: &str) -> bool {
    match operator {
        "eq" => value == wanted,
        "ne" => value != wanted,
        "co" => value.contains(wanted),
        "sw" => value.starts_with(wanted),
        "ew" => value.ends_with(wanted),
        "gt" => value > wanted,
        "ge" => value >= wanted,
        "lt" => value < wanted,
        _ => value <= wanted,
    }
}

fn text() -> impl Strategy<Value = String> {
    "[aAbBßÄäΣςσ \"\\\\İ]{0,4}"
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

proptest! {
    #[test]
    fn text_without_case_exact_compares_folded(value in text(), wanted in text(), operator in 0usize..9) {
        let operator = OPERATORS[operator];
        let expected = textbook(operator, &fold::folded(&value), &fold::folded(&wanted));
        let filter = format!("displayName {operator} {}", quoted(&wanted));
        prop_assert_eq!(matches(&filter, &json!({"displayName": value})), expected);
    }

    #[test]
    fn text_with_case_exact_compares_code_points(value in text(), wanted in text(), operator in 0usize..9) {
        let operator = OPERATORS[operator];
        let filter = format!("externalId {operator} {}", quoted(&wanted));
        prop_assert_eq!(matches(&filter, &json!({"externalId": value})), textbook(operator, &value, &wanted));
    }

    #[test]
    fn booleans_take_eq_ne_and_pr_only(value: bool, wanted: bool, operator in 0usize..9) {
        let operator = OPERATORS[operator];
        for literal in [wanted.to_string(), format!("\"{}\"", if wanted { "True" } else { "FALSE" })] {
            let filter = format!("active {operator} {literal}");
            match operator {
                "eq" => prop_assert_eq!(matches(&filter, &json!({"active": value})), value == wanted),
                "ne" => prop_assert_eq!(matches(&filter, &json!({"active": value})), value != wanted),
                _ => prop_assert!(Filter::parse(&filter, &resource_type()).is_err()),
            }
        }
    }

    #[test]
    fn instants_compare_across_offsets(value in 0i64..4_000_000, wanted in 0i64..4_000_000, hours in -12i8..=12, operator in 0usize..9) {
        let at = |milliseconds| jiff::Timestamp::from_millisecond(1_767_000_000_000 + milliseconds).unwrap();
        let operator = OPERATORS[operator];
        let literal = at(wanted).display_with_offset(jiff::tz::offset(hours)).to_string();
        let filter = format!("meta.created {operator} {}", quoted(&literal));
        let resource = json!({"meta": {"created": instant::text(at(value))}});
        if matches!(operator, "co" | "sw" | "ew") {
            prop_assert!(Filter::parse(&filter, &resource_type()).is_err());
        } else {
            // Texts of one width order like the numbers.
            let expected = textbook(operator, &format!("{value:09}"), &format!("{wanted:09}"));
            prop_assert_eq!(matches(&filter, &resource), expected);
        }
    }

    #[test]
    fn complex_takes_pr_only(given in proptest::option::of(text()), operator in 0usize..9) {
        let is_there = given.as_ref().is_some_and(|given| !given.is_empty());
        prop_assert_eq!(matches("name pr", &json!({"name": {"givenName": given}})), is_there);
        let filter = format!("name {} \"x\"", OPERATORS[operator]);
        prop_assert!(Filter::parse(&filter, &resource_type()).is_err());
    }

    #[test]
    fn plural_means_any_element(values in proptest::collection::vec(text(), 1..4), wanted in text(), operator in 0usize..9) {
        let operator = OPERATORS[operator];
        let resource = json!({"emails": values.iter().map(|value| json!({"value": value})).collect::<Vec<_>>()});
        let wanted_folded = fold::folded(&wanted);
        let expected = values.iter().any(|value| textbook(operator, &fold::folded(value), &wanted_folded));
        for name in ["emails", "emails.value"] {
            let filter = format!("{name} {operator} {}", quoted(&wanted));
            prop_assert_eq!(matches(&filter, &resource), expected, "{}", filter);
        }
        let filter = format!("emails[value {operator} {}]", quoted(&wanted));
        prop_assert_eq!(matches(&filter, &resource), expected, "{}", filter);
    }

    #[test]
    fn not_and_and_or_are_two_valued(left in 0usize..4, right in 0usize..4) {
        let terms = ["active eq true", "title eq \"x\"", "title ne \"x\"", "name.givenName eq \"Ada\""];
        let (left, right) = (terms[left], terms[right]);
        let ada = ada();
        let (a, b) = (matches(left, &ada), matches(right, &ada));
        prop_assert_eq!(matches(&format!("not ({left})"), &ada), !a);
        prop_assert_eq!(matches(&format!("{left} and {right}"), &ada), a && b);
        prop_assert_eq!(matches(&format!("{left} or {right}"), &ada), a || b);
        prop_assert_eq!(matches(&format!("{left} or {right} and not ({left})"), &ada), a || b);
    }

    #[test]
    fn ordering_of_numbers_is_exact(value: i64, wanted: i64) {
        let resource = json!({"logins": value});
        prop_assert_eq!(matches(&format!("logins gt {wanted}"), &resource), value > wanted);
        prop_assert_eq!(matches(&format!("logins eq {wanted}"), &resource), value == wanted);
    }
}
