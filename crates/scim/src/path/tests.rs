use super::*;
use crate::testing::{EXTENSION, resource_type};

fn check(text: &str, expected: &str) {
    let resource_type = resource_type();
    let found = match Reference::parse(text, &resource_type) {
        Ok(Reference::Attribute(path)) => {
            format!("{path}{}", if path.is_supported() { "" } else { " unsupported" })
        }
        Ok(Reference::Schema(urn, _)) => format!("schema {urn}"),
        Err(PathError::Malformed { .. }) => "malformed".to_owned(),
        Err(PathError::UnknownSchema { .. }) => "unknown schema".to_owned(),
        Err(PathError::UnknownAttribute { .. }) => "unknown".to_owned(),
        Err(PathError::WholeSchema { .. }) => "whole".to_owned(),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn names_resolve_to_the_spelling_of_the_schema() {
    check("userName", "userName");
    check("USERNAME", "userName");
    check(" userName ", "userName");
    check("name.GIVENNAME", "name.givenName");
    check("meta.lastmodified", "meta.lastModified");
    check("externalid", "externalId");
    check("emails.value", "emails.value");
}

#[test]
fn the_longest_known_urn_is_taken_off() {
    check("urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName");
    check("URN:IETF:params:scim:schemas:core:2.0:user:Name.familyname", "name.familyName");
    check("urn:ietf:params:scim:schemas:core:2.0:User:id", "id");
    check(&format!("{EXTENSION}:EDITOR"), &format!("{EXTENSION}:editor"));
    check(EXTENSION, &format!("schema {EXTENSION}"));
    check(&EXTENSION.to_uppercase(), &format!("schema {EXTENSION}"));
    check("urn:example:other:2.0:User:userName", "unknown schema");
    check("urn:ietf:params:scim:schemas:core:2.0:UserName", "unknown schema");
}

#[test]
fn extension_attributes_need_their_urn() {
    check("editor", "unknown");
    check(&format!("{EXTENSION}:userName"), "unknown");
}

#[test]
fn recognised_attributes_are_not_unknown() {
    check("title", "title unsupported");
    check("name.middleName", "name.middleName unsupported");
    check("emails.display", "emails.display unsupported");
    check("manager", "unknown");
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName unsupported",
    );
}

#[test]
fn other_text_is_refused() {
    for text in ["", " ", "9lives", "a b", "name.", ".name", "name.givenName.x", "näme", "a[b]", "-"] {
        check(text, "malformed");
    }
    check("shoeSize", "unknown");
    check("userName.length", "unknown");
    check(":", "unknown schema");
    assert!(matches!(AttributePath::parse(EXTENSION, &resource_type()), Err(PathError::WholeSchema { .. })));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = Reference::parse(&text, &resource_type());
    }

    #[test]
    fn no_text_around_a_urn_panics(cut in 0usize..70, tail in ".{0,5}") {
        let head = EXTENSION.get(..cut.min(EXTENSION.len())).unwrap_or_default();
        let _ = Reference::parse(&format!("{head}{tail}"), &resource_type());
    }
}
