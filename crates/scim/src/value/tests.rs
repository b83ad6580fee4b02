use super::*;
use serde_json::json;

fn check(attribute: &Attribute, given: &Value, expected: &Value) {
    let found = match coerce(attribute, given) {
        Ok(Some(value)) => value,
        Ok(None) => json!("unassigned"),
        Err(_) => json!("refused"),
    };
    assert_eq!(&found, expected, "{given} for {}", attribute.name);
}

#[test]
fn booleans_take_what_providers_send() {
    let active = Attribute::boolean("active");
    for (given, expected) in [
        (json!(true), json!(true)),
        (json!("True"), json!(true)),
        (json!(" FALSE "), json!(false)),
        (json!(["False"]), json!(false)),
        (json!([true]), json!(true)),
        (json!([{"value": "False"}]), json!(false)),
        (json!([{"Value": true}]), json!(true)),
        (json!(null), json!("unassigned")),
        (json!([]), json!("unassigned")),
        (json!(""), json!("refused")),
        (json!("yes"), json!("refused")),
        (json!(1), json!("refused")),
        (json!([true, false]), json!("refused")),
        (json!([[true]]), json!("refused")),
        (json!([{"value": [true]}]), json!("refused")),
        (json!({"value": true}), json!("refused")),
        (json!("undefined"), json!("refused")),
    ] {
        check(&active, &given, &expected);
    }
}

#[test]
fn words_for_no_value_belong_to_one_attribute() {
    let editor = Attribute::boolean("editor").unassigned_by(&["", "undefined"]);
    for (given, expected) in [
        (json!("true"), json!(true)),
        (json!(""), json!("unassigned")),
        (json!("Undefined"), json!("unassigned")),
        (json!(["undefined"]), json!("unassigned")),
        (json!(null), json!("unassigned")),
        (json!("admin"), json!("refused")),
        (json!("editor"), json!("refused")),
        (json!(1), json!("refused")),
    ] {
        check(&editor, &given, &expected);
    }
}

#[test]
fn strings_take_numbers_only_where_they_say_so() {
    let external = Attribute::string("externalId").accepting_numbers();
    check(&external, &json!(17), &json!("17"));
    check(&external, &json!([17]), &json!("17"));
    let name = Attribute::string("userName");
    for (given, expected) in [
        (json!("Ada"), json!("Ada")),
        (json!(""), json!("")),
        (json!(["Ada"]), json!("Ada")),
        (json!([null]), json!("unassigned")),
        (json!(17), json!("refused")),
        (json!(true), json!("refused")),
        (json!({}), json!("refused")),
        (json!(["a", "b"]), json!("refused")),
    ] {
        check(&name, &given, &expected);
    }
}

#[test]
fn other_types_are_checked() {
    check(&Attribute::date_time("at"), &json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T00:00:00Z"));
    check(&Attribute::date_time("at"), &json!("soon"), &json!("refused"));
    check(&Attribute::new("n", Kind::Integer), &json!(3), &json!(3));
    check(&Attribute::new("n", Kind::Integer), &json!(3.5), &json!("refused"));
    check(&Attribute::new("n", Kind::Decimal), &json!(3.5), &json!(3.5));
}

#[test]
fn complex_values_get_the_spelling_of_the_schema() {
    let name = Attribute::complex("name", [Attribute::string("givenName"), Attribute::string("familyName")]);
    check(&name, &json!({"GIVENNAME": "Ada", "familyName": null, "shoe": 1}), &json!({"givenName": "Ada"}));
    check(&name, &json!({}), &json!("unassigned"));
    check(&name, &json!("Ada"), &json!("refused"));
    check(&name, &json!({"givenName": 1}), &json!("refused"));
    let emails = name.multi_valued();
    check(&emails, &json!({"givenName": "a"}), &json!([{"givenName": "a"}]));
    check(&emails, &json!([{"givenName": "a"}, null, {}]), &json!([{"givenName": "a"}]));
    check(&emails, &json!([null]), &json!("unassigned"));
    check(&emails, &json!(["a"]), &json!("refused"));
}

#[test]
fn errors_name_the_attribute_and_hide_the_value() {
    let error = coerce(&Attribute::boolean("active"), &json!("s3cret")).unwrap_err();
    assert_eq!(error.to_string(), "the value of `active` is a string, expected true or false");
}
