use proto::c1::connector::v2::account_info::Email;
use proto::{Struct, Value as ProtoValue};

use super::*;

fn account(login: &str, emails: &[(&str, bool)], profile: &[(&str, ProtoValue)]) -> AccountInfo {
    AccountInfo {
        login: login.to_owned(),
        emails: emails
            .iter()
            .map(|(address, is_primary)| Email { address: (*address).to_owned(), is_primary: *is_primary })
            .collect(),
        profile: Some(Struct {
            fields: profile.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }),
        ..AccountInfo::default()
    }
}

#[test]
fn the_address_is_found_wherever_it_is_and_folded() {
    for (account, expected) in [
        (account("", &[], &[("email", "Ada@Example.com".into())]), "ada@example.com"),
        (account("l@x.io", &[("b@x.io", false), ("C@x.io", true)], &[]), "c@x.io"),
        (account("l@x.io", &[("b@x.io", false)], &[]), "b@x.io"),
        (account(" L@x.io ", &[], &[("email", "".into())]), "l@x.io"),
    ] {
        assert_eq!(Request::read(&account).unwrap().email, expected);
    }
    for wrong in ["", "ada", "ada@", "@x.io", "a b@x.io", "ada@localhost"] {
        let error = Request::read(&account(wrong, &[], &[])).unwrap_err();
        assert_eq!(error.code(), connector_sdk::error::Code::InvalidArgument, "{wrong}");
        assert!(error.message().contains(wrong), "{error}");
    }
}

#[test]
fn names_and_role_are_sent_only_when_they_are_known() {
    let body = |profile: &[(&str, ProtoValue)]| Request::read(&account("a@x.io", &[], profile)).unwrap().body();
    let bare = body(&[]);
    assert_eq!(bare.get("name"), None);
    assert_eq!((&bare["schemas"], bare.get(EXTENSION)), (&json!([CORE]), None));
    for profile in [
        [("first_name", "Ada".into()), ("last_name", "King".into())],
        [("firstName", "Ada".into()), ("lastName", "King".into())],
        [("display_name", "Ada King".into()), ("editor", ProtoValue::from(String::new()))],
    ] {
        assert_eq!(body(&profile)["name"], json!({"givenName": "Ada", "familyName": "King"}), "{profile:?}");
    }
    for (editor, expected) in
        [(ProtoValue::from(true), true), (ProtoValue::from("TRUE"), true), (ProtoValue::from("false"), false)]
    {
        let body = body(&[("editor", editor)]);
        assert_eq!(body["schemas"], json!([CORE, EXTENSION]));
        assert_eq!(body[EXTENSION], json!({"editor": expected}));
    }
    assert!(Request::read(&account("a@x.io", &[], &[("editor", "admin".into())])).is_err());
    assert!(Request::read(&account("a@x.io", &[], &[("editor", ProtoValue::from(1.0))])).is_err());
}
