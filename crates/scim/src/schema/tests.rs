use serde_json::json;

use super::*;
use crate::testing::{EXTENSION, resource_type};

#[test]
fn a_schema_reads_as_the_rfc_has_it() {
    let schema = Schema::new(
        "urn:x:User",
        "User",
        "A user",
        [
            Attribute::string("userName").described("Name").required().unique(Uniqueness::Server),
            Attribute::complex(
                "emails",
                [Attribute::string("type").canonical_values(&["work"]).returned(Returned::Request)],
            )
            .multi_valued()
            .read_only(),
            Attribute::new("photo", Kind::Reference).referring_to(&["external"]).mutability(Mutability::WriteOnly),
        ],
    );
    assert_eq!(
        schema.to_json("https://x/scim-v2"),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": "urn:x:User", "name": "User", "description": "A user",
            "attributes": [
                {"name": "userName", "type": "string", "multiValued": false, "description": "Name", "required": true,
                 "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server"},
                {"name": "emails", "type": "complex", "multiValued": true, "description": "", "required": false,
                 "caseExact": false, "mutability": "readOnly", "returned": "default", "uniqueness": "none",
                 "subAttributes": [
                    {"name": "type", "type": "string", "multiValued": false, "description": "", "required": false,
                     "caseExact": false, "canonicalValues": ["work"], "mutability": "readWrite",
                     "returned": "request", "uniqueness": "none"},
                 ]},
                {"name": "photo", "type": "reference", "multiValued": false, "description": "", "required": false,
                 "caseExact": true, "mutability": "writeOnly", "returned": "default", "uniqueness": "none",
                 "referenceTypes": ["external"]},
            ],
            "meta": {"resourceType": "Schema", "location": "https://x/scim-v2/Schemas/urn:x:User"},
        })
    );
}

#[test]
fn a_resource_type_reads_as_the_rfc_has_it() {
    assert_eq!(
        resource_type().to_json("https://x/scim-v2"),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "User", "name": "User", "description": "Test user", "endpoint": "/Users",
            "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
            "schemaExtensions": [{"schema": EXTENSION, "required": false}],
            "meta": {"resourceType": "ResourceType", "location": "https://x/scim-v2/ResourceTypes/User"},
        })
    );
}

#[test]
fn a_resource_names_the_schemas_it_uses() {
    let user = rfc7643::USER;
    for (resource, expected) in [
        (json!({"userName": "a"}), vec![user]),
        (json!({"id": "1", EXTENSION: {"editor": true}}), vec![user, EXTENSION]),
        (json!({}), vec![user]),
        (json!([]), vec![user]),
    ] {
        let found = resource_type().schemas_in(&resource);
        assert_eq!(found.iter().map(|urn| &**urn).collect::<Vec<_>>(), expected, "{resource}");
    }
}

#[test]
fn every_attribute_of_the_rfc_is_recognised() {
    let user = rfc7643::user();
    for name in [
        "nickname",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "password",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "groups",
        "entitlements",
        "roles",
        "x509Certificates",
    ] {
        assert!(user.attribute(name).is_some(), "{name}");
    }
    assert!(rfc7643::enterprise_user().attribute("manager").is_some_and(|it| it.sub_attribute("$REF").is_some()));
}
