//! What parses, into what, and where the rest is refused.

use proptest::prelude::*;

use crate::Error;
use crate::filter::{Filter, MAX_LENGTH_BYTES};
use crate::testing::{EXTENSION, resource_type};

/// Checks that a filter parses and how it reads when printed.
fn check(text: &str, expected: &str) {
    let filter = Filter::parse(text, &resource_type()).unwrap_or_else(|error| panic!("`{text}`: {error}"));
    assert_eq!(filter.to_string(), expected, "{text}");
}

/// Checks that a filter is refused, where, and with which words.
fn refuse(text: &str, position: usize, words: &str) {
    let error = Filter::parse(text, &resource_type()).expect_err(text);
    assert_eq!(error.position, position, "`{text}`: {error}");
    assert!(error.to_string().contains(words), "`{text}`: {error}");
    assert_eq!(Error::from(error).scim_type, Some(crate::ScimType::InvalidFilter));
}

#[test]
fn what_identity_providers_send_parses() {
    for text in [
        r#"userName eq "a@b.c""#,
        r#"externalId eq "guid""#,
        r#"emails[type eq "work"].value eq "a@b.c""#,
        r#"emails.value eq "a@b.c""#,
        r#"id eq "17" and active eq true"#,
        r#"userName eq "a@b.c" and active eq true"#,
        r#"meta.lastModified gt "2026-01-01T00:00:00Z""#,
        &format!("{EXTENSION}:editor eq true"),
    ] {
        check(text, text);
    }
    check(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a@b.c""#, r#"userName eq "a@b.c""#);
}

#[test]
fn case_and_spaces_do_not_matter() {
    check(r#"  USERNAME   EQ  "A"  "#, r#"userName eq "A""#);
    check("active eq True", "active eq true");
    check(r#"active eq "True""#, "active eq true");
    check("displayName EQ NULL", "displayName eq null");
    check("NOT(active PR)", "not (active pr)");
    check("not   ( active pr )", "not (active pr)");
    check(r#"emails[ TYPE eq "work" ]"#, r#"emails[type eq "work"]"#);
    check("logins ge -3.5e1", "logins ge -35.0");
}

#[test]
fn and_binds_tighter_than_or() {
    check("active pr or title pr and id pr", "active pr or title pr and id pr");
    check("(active pr or title pr) and id pr", "(active pr or title pr) and id pr");
    check("((active pr)) AND (title pr and (id pr))", "active pr and title pr and id pr");
    check("active pr or (title pr or id pr)", "active pr or title pr or id pr");
    check("not (active pr) and id pr", "not (active pr) and id pr");
    check("(active pr)", "active pr");
}

#[test]
fn strings_are_json_strings() {
    check(r#"displayName eq "\u0041\"\\\n""#, r#"displayName eq "A\"\\\n""#);
    check(r#"displayName eq "and or not ( ] ""#, r#"displayName eq "and or not ( ] ""#);
    check("displayName eq \"Zoë 😀\"", "displayName eq \"Zoë 😀\"");
    check(r#"displayName eq """#, r#"displayName eq """#);
}

#[test]
fn plural_attributes_are_compared_by_value() {
    check(r#"emails co "b.c""#, r#"emails.value co "b.c""#);
    check("emails pr", "emails pr");
    check(r#"emails[type eq "work"]"#, r#"emails[type eq "work"]"#);
    check(
        r#"emails[type eq "work" and not (primary eq true)].value pr"#,
        r#"emails[type eq "work" and not (primary eq true)].value pr"#,
    );
    check(r#"tags[value eq "x"]"#, r#"tags[value eq "x"]"#);
    check(r#"tags eq "x""#, r#"tags eq "x""#);
}

#[test]
fn recognised_attributes_parse() {
    check(r#"title eq "Dr""#, r#"title eq "Dr""#);
    check(r#"addresses[type eq "work"].locality eq "Ulm""#, r#"addresses[type eq "work"].locality eq "Ulm""#);
    check(r#"emails[display eq "x"]"#, r#"emails[display eq "x"]"#);
    check(r#"emails[type eq "work"].display eq "x""#, r#"emails[type eq "work"].display eq "x""#);
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr",
    );
}

#[test]
fn bad_filters_are_refused_where_they_are_bad() {
    refuse("", 1, "expected the name of an attribute");
    refuse("   ", 4, "expected the name of an attribute");
    refuse("userName", 9, "expected a space and an operator");
    refuse("userName ", 10, "expected an operator");
    refuse("userName eq", 12, "expected a space and a value");
    refuse("userName eq ", 13, "expected a value");
    refuse(r#"userName is "a""#, 10, "`is` is not an operator");
    refuse("userName eq a@b.c", 13, "`a@b.c` is not a value");
    refuse("userName eq 'a'", 13, "`'a'` is not a value");
    refuse(r#"userName eq "a"#, 13, "ends in a double quote");
    refuse(r#"userName eq "a\x""#, 13, "valid escapes");
    refuse("userName eq \"a\nb\"", 13, "valid escapes");
    refuse(r#"userName eq "a\"#, 13, "ends in a double quote");
    refuse(r#"userName eq "a"and active pr"#, 16, "`and`, `or` or the end");
    refuse("active pr and", 11, "`and`, `or` or the end");
    refuse("active pr and ", 15, "the name of an attribute");
    refuse("active pr xor id pr", 11, "`and`, `or` or the end");
    refuse("(active pr", 11, "`and`, `or` or `)`");
    refuse("active pr)", 10, "`and`, `or` or the end");
    refuse("not active pr", 1, "`not` is an attribute that no schema has");
    refuse("shoeSize eq 1", 1, "`shoeSize` is an attribute that no schema has");
    refuse("active pr and Zoë eq 1", 15, "not the name of an attribute");
    refuse("displayName eq \"Zoë\" und x", 22, "`and`, `or` or the end");
    refuse(r#"urn:example:User:userName eq "a""#, 1, "schema that this resource type does not have");
    refuse(&format!("{EXTENSION} pr"), 1, "is a schema, not an attribute");
    refuse("active gt true", 8, "`active` cannot be compared with `gt`");
    refuse(r#"active co "t""#, 8, "`active` cannot be compared with `co`");
    refuse(r#"active eq "yes""#, 11, "compared with true or false");
    refuse("active eq 1", 11, "compared with true or false");
    refuse(r#"name eq "Ada""#, 6, "`name` cannot be compared with `eq`");
    refuse(r#"addresses eq "Ulm""#, 11, "cannot be compared");
    refuse(r#"meta.created co "2026""#, 14, "cannot be compared with `co`");
    refuse(r#"meta.created gt "soon""#, 17, "a date and time");
    refuse(r#"meta.created gt "2026-01-01""#, 17, "a date and time");
    refuse("meta.created gt 2026", 17, "a date and time");
    refuse("userName gt null", 13, "only by `eq` and `ne`");
    refuse("userName eq true", 13, "text in double quotes");
    refuse("userName eq 5", 13, "text in double quotes");
    refuse(r#"logins eq "5""#, 11, "a number");
    refuse("logins co 5", 8, "cannot be compared");
    refuse(r#"emails[type eq "work""#, 22, "`and`, `or` or `]`");
    refuse("emails[]", 8, "the name of an attribute");
    refuse(r#"emails[type eq "work"] eq "a""#, 24, "`and`, `or` or the end");
    refuse(r#"emails[type eq "work"].value"#, 29, "a space and an operator");
    refuse(r#"emails[type eq "work"].shoe pr"#, 24, "`emails.shoe` is an attribute that no schema has");
    refuse(r#"emails[shoe eq "work"]"#, 8, "`emails.shoe` is an attribute that no schema has");
    refuse(r#"emails[emails.type eq "work"]"#, 8, "not the name of an attribute");
    refuse(r#"emails[value[type eq "work"]]"#, 13, "inside another");
    refuse(r#"emails.value[type eq "work"]"#, 1, "no parts to filter by");
    refuse(r#"userName[value eq "a"]"#, 1, "no parts to filter by");
    refuse("userName.eq \"a\"", 1, "no schema has");
    refuse("active eq\ttrue", 8, "is not an operator");
}

#[test]
fn numbers_compare_with_text_only_where_they_are_taken() {
    check("externalId eq 17", r#"externalId eq "17""#);
}

#[test]
fn length_and_depth_are_bounded() {
    let nested = |levels: usize| format!("{}active pr{}", "(".repeat(levels), ")".repeat(levels));
    check(&nested(32), "active pr");
    refuse(&nested(33), 33, "nests deeper than 32");
    refuse(&"(".repeat(5000), 33, "nests deeper than 32");
    refuse(&"not (".repeat(1000), 33 * 5, "nests deeper than 32");
    refuse(&format!("{}emails[type pr]{}", "(".repeat(32), ")".repeat(32)), 39, "nests deeper than 32");
    refuse(&" ".repeat(MAX_LENGTH_BYTES + 1), 1, "longer than 8192 bytes");
    let wide = vec!["active pr"; 580].join(" or ");
    assert!(wide.len() < MAX_LENGTH_BYTES);
    check(&wide, &wide);
}

#[test]
fn a_required_equality_is_found() {
    for (text, expected) in [
        (r#"userName eq "A@b.c""#, Some("A@b.c")),
        (r#"active eq true and (userName eq "a" and id pr)"#, Some("a")),
        (r#"userName eq "a" or active pr"#, None),
        (r#"not (userName eq "a")"#, None),
        (r#"userName ne "a""#, None),
        ("userName eq null", None),
        (r#"displayName eq "a""#, None),
    ] {
        let filter = Filter::parse(text, &resource_type()).unwrap();
        assert_eq!(filter.required_equality("userName"), expected, "{text}");
    }
}

/// Text made of the pieces that filters are made of, in any order.
fn jumble() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("userName"),
        Just("emails"),
        Just("active"),
        Just("meta.created"),
        Just("title"),
        Just(" "),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("."),
        Just("\""),
        Just("\\"),
        Just("eq"),
        Just("gt"),
        Just("pr"),
        Just(" and "),
        Just(" or "),
        Just("not "),
        Just("null"),
        Just("1e9999"),
        Just("true"),
        Just("\"x\""),
        Just("urn:"),
        Just(":"),
        Just("é"),
        Just(EXTENSION),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn valid(depth: u32) -> BoxedStrategy<String> {
    let term = prop_oneof![
        "[a-zA-Zß\"\\\\ ]{0,6}".prop_map(|text| format!("userName eq {}", serde_json::json!(text))),
        Just("active ne false".to_owned()),
        Just("displayName pr".to_owned()),
        Just(r#"emails[type eq "work" and value co "@"].value sw "a""#.to_owned()),
        Just(r#"emails[type eq "work" or primary eq true]"#.to_owned()),
        Just(format!("{EXTENSION}:editor eq null")),
        Just(r#"meta.created le "2026-01-01T00:00:00+01:00""#.to_owned()),
        (-5i32..5).prop_map(|number| format!("logins gt {number}")),
    ];
    if depth == 0 {
        return term.boxed();
    }
    let inner = valid(depth - 1);
    prop_oneof![
        term,
        (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
        (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) or {right}")),
        (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} or {right}) and {left}")),
        inner.prop_map(|inner| format!("not ({inner})")),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = Filter::parse(&text, &resource_type());
    }

    #[test]
    fn no_jumble_panics_and_positions_are_inside(text in jumble()) {
        if let Err(error) = Filter::parse(&text, &resource_type()) {
            prop_assert!(error.position >= 1 && error.position <= text.chars().count() + 1);
        }
    }

    #[test]
    fn a_printed_filter_parses_to_itself(text in valid(3)) {
        let resource_type = resource_type();
        let filter = Filter::parse(&text, &resource_type).unwrap();
        prop_assert_eq!(Filter::parse(&filter.to_string(), &resource_type).unwrap(), filter);
    }
}
