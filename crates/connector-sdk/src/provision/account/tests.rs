use super::*;
use crate::error::Code;

/// Login, first address and profile of the account that the flags describe, or the code of the error.
fn account(login: &str, email: &str, profile: &str) -> Result<(String, String, String), Code> {
    let request = AccountRequest { login: login.to_owned(), email: email.to_owned(), profile: profile.to_owned() };
    let account = request.to_account_info().map_err(|error| error.code())?;
    let email = account.emails.first().map_or(String::new(), |email| {
        assert!(email.is_primary);
        email.address.clone()
    });
    let profile: Vec<String> =
        account.profile.unwrap().fields.iter().map(|(key, value)| format!("{key}={}", shown(value))).collect();
    Ok((account.login, email, profile.join(" ")))
}

fn shown(value: &Value) -> String {
    match value.kind.as_ref().unwrap() {
        Kind::StringValue(text) => format!("'{text}'"),
        Kind::NumberValue(number) => number.to_string(),
        Kind::BoolValue(bool) => bool.to_string(),
        Kind::ListValue(list) => format!("[{}]", list.values.iter().map(shown).collect::<Vec<_>>().join(",")),
        Kind::NullValue(_) => "null".to_owned(),
        Kind::StructValue(fields) => format!("{{{}}}", fields.fields.keys().cloned().collect::<Vec<_>>().join(",")),
    }
}

#[test]
fn flags_and_profile_make_the_account() {
    for (flags, expect) in [
        (("L", "", ""), ("L", "", "email='' login='L'")),
        (("L", "e@x.io", ""), ("L", "e@x.io", "email='e@x.io' login='L'")),
        (("", "", r#"{"login":"P","a":1,"B":[true,null]}"#), ("P", "", "B=[true,null] a=1 login='P'")),
        (("L", "e@x.io", r#"{"login":"P"}"#), ("P", "e@x.io", "email='e@x.io' login='P'")),
        (("L", "", r#"{"email":"p@x.io","o":{"k":1}}"#), ("L", "p@x.io", "email='p@x.io' login='L' o={k}")),
        (("", "", r#"{"email":"p@x.io","login":7}"#), ("", "p@x.io", "email='p@x.io' login=7")),
        (("L", "", "notjson"), ("L", "", "email='' login='L'")),
    ] {
        let expect = (expect.0.to_owned(), expect.1.to_owned(), expect.2.to_owned());
        assert_eq!(account(flags.0, flags.1, flags.2), Ok(expect), "{flags:?}");
    }
}

#[test]
fn nothing_to_go_by_is_no_action() {
    for profile in ["", "notjson", "[1]", "{}", "{'login':'x'}", r#"{"name":"x"}"#] {
        assert_eq!(account("", "", profile), Err(Code::Unknown), "{profile}");
    }
}

#[test]
fn an_address_has_to_be_one() {
    for (email, valid) in [
        ("a@example.com", true),
        ("a.b+c@sub.example.com", true),
        ("o'neil@example.com", true),
        ("Ann <ann@example.com>", true),
        ("a@localhost", true),
        ("ä@example.com", true),
        ("a", false),
        ("a@", false),
        ("@example.com", false),
        ("a b@example.com", false),
        ("a..b@example.com", false),
        ("a@b@example.com", false),
        ("a@example.com, b@example.com", false),
    ] {
        let expect = if valid { None } else { Some(Code::InvalidArgument) };
        assert_eq!(account("L", email, "").err(), expect, "{email}");
    }
}
