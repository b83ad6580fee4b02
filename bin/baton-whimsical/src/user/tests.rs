use proto::Message as _;

use super::*;

fn user(json: &str) -> User {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let strict = serde_json::from_value::<User>(value.clone()).ok().filter(Entry::is_regular);
    strict.unwrap_or_else(|| User::from_loose(&value).unwrap())
}

fn trait_of(user: &User) -> UserTrait {
    let resource = user.resource();
    UserTrait::decode(resource.annotations.first().unwrap().value.as_slice()).unwrap()
}

#[test]
fn the_role_is_read_from_every_shape_and_never_guessed() {
    for (members, role) in [
        (r#""EXT":{"editor":true}"#, Some(Role::Editor)),
        (r#""EXT":{"editor":false}"#, Some(Role::Viewer)),
        (r#""EXT":{"editor":"True"}"#, Some(Role::Editor)),
        (r#""EXT":{"Editor":"false"}"#, Some(Role::Viewer)),
        (r#""EXT":{"editor":null}"#, Some(Role::Viewer)),
        (r#""EXT":{}"#, Some(Role::Viewer)),
        (r#""EXT:editor":true"#, Some(Role::Editor)),
        (r#""EXT":null"#, None),
        (r#""userName":"a@example.com""#, None),
    ] {
        let json = format!(r#"{{"id":"1",{members}}}"#).replace("EXT", EXTENSION);
        assert_eq!(user(&json).role(), role, "{json}");
        let json = json.replace(EXTENSION, &EXTENSION.to_uppercase());
        assert_eq!(user(&json).role(), role, "{json}");
    }
}

#[test]
fn one_who_was_removed_holds_no_role() {
    let removed = user(&format!(r#"{{"id":"1","active":false,"{EXTENSION}":{{"editor":true}}}}"#));
    assert_eq!((removed.role(), removed.held_role()), (Some(Role::Editor), None));
    assert_eq!(trait_of(&removed).status.unwrap().status, i32::from(user_trait::status::Status::Disabled));
    for active in ["true", "null", "\"TRUE\""] {
        let json = format!(r#"{{"id":"1","active":{active},"{EXTENSION}":{{"editor":true}}}}"#);
        assert_eq!(user(&json).held_role(), Some(Role::Editor), "{json}");
    }
}

#[test]
fn the_primary_address_comes_first_and_none_comes_twice() {
    for (members, expected) in [
        (
            r#""emails":[{"value":"a@x.io"},{"value":"b@x.io","primary":true},{"value":"a@x.io"}]"#,
            vec!["b@x.io", "a@x.io"],
        ),
        (r#""emails":[{"value":"a@x.io"},{"value":"b@x.io"}]"#, vec!["a@x.io", "b@x.io"]),
        (r#""emails":null,"userName":"a@x.io""#, vec!["a@x.io"]),
        (r#""emails":[],"userName":"ada""#, vec![]),
        (r#""emails":"a@x.io""#, vec!["a@x.io"]),
        (r#""emails":{"value":"a@x.io","primary":"true"}"#, vec!["a@x.io"]),
    ] {
        let emails = trait_of(&user(&format!(r#"{{"id":"1",{members}}}"#))).emails;
        let addresses: Vec<&str> = emails.iter().map(|email| email.address.as_str()).collect();
        assert_eq!(addresses, expected, "{members}");
        assert!(emails.iter().enumerate().all(|(index, email)| email.is_primary == (index == 0)), "{members}");
    }
}

#[test]
fn the_name_shown_is_the_best_there_is() {
    for (members, expected) in [
        (r#""displayName":"Ada L","name":{"givenName":"Ada"},"userName":"a@x.io""#, "Ada L"),
        (r#""displayName":"  ","name":{"givenName":"Ada","familyName":"King"},"userName":"a@x.io""#, "Ada King"),
        (r#""name":null,"userName":"a@x.io""#, "a@x.io"),
        (r#""active":true"#, "7"),
    ] {
        assert_eq!(user(&format!(r#"{{"id":7,{members}}}"#)).resource().display_name, expected, "{members}");
    }
}

#[test]
fn a_user_becomes_the_resource_that_the_model_says() {
    let json = format!(
        r#"{{"id":"u1","userName":"ada@example.com","name":{{"givenName":"Ada","familyName":"Lovelace"}},"active":true,
        "emails":[{{"value":"ada@example.com","type":"work","primary":true}}],"{EXTENSION}":{{"editor":true}},
        "meta":{{"created":"2026-01-05T09:00:00.000Z"}}}}"#
    );
    let json: serde_json::Value = proto::json::to_value(&user(&json).resource()).unwrap();
    let profile = serde_json::json!({
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "login": "ada@example.com",
        "user_id": "u1", "editor": true, "role": "editor"
    });
    let expected = serde_json::json!({
        "id": {"resourceType": "user", "resource": "u1"},
        "displayName": "Ada Lovelace",
        "annotations": [{
            "@type": "type.googleapis.com/c1.connector.v2.UserTrait",
            "emails": [{"address": "ada@example.com", "isPrimary": true}],
            "status": {"status": "STATUS_ENABLED"},
            "profile": profile,
            "accountType": "ACCOUNT_TYPE_HUMAN",
            "login": "ada@example.com",
            "createdAt": "2026-01-05T09:00:00Z",
            "structuredName": {"givenName": "Ada", "familyName": "Lovelace"}
        }],
        "profile": profile,
        "status": {"status": "RESOURCE_STATUS_ENABLED"},
        "createdAt": "2026-01-05T09:00:00Z"
    });
    assert_eq!(json, expected);
}
