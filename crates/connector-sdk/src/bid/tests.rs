use super::*;

fn id(resource_type: &str, resource: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned(), ..ResourceId::default() }
}

fn bid(resource_type: &str, resource: &str, parent: Option<(&str, &str)>) -> ResourceBid {
    ResourceBid { id: id(resource_type, resource), parent: parent.map(|(parent_type, parent)| id(parent_type, parent)) }
}

#[test]
fn resources_are_written_and_read() {
    for (text, value) in [
        ("bid:r:user/usr_1", bid("user", "usr_1", None)),
        ("bid:r:org/acme/team/red", bid("team", "red", Some(("org", "acme")))),
        (r"bid:r:file/a\/b\:c\\d", bid("file", r"a/b:c\d", None)),
        ("bid:r:user/ünï ©", bid("user", "ünï ©", None)),
    ] {
        assert_eq!(format_resource(&value).as_deref(), Ok(text));
        assert_eq!(parse_resource(text), Ok(value));
    }
}

#[test]
fn entitlements_and_grants_are_written_and_read() {
    let entitlement =
        EntitlementBid { resource: bid("role", "editor", Some(("org", "a:b"))), slug: "assigned".to_owned() };
    let text = r"bid:e:org/a\:b/role/editor:assigned";
    assert_eq!(format_entitlement(&entitlement).as_deref(), Ok(text));
    assert_eq!(parse_entitlement(text).as_ref(), Ok(&entitlement));

    let grant = GrantBid { entitlement, principal: bid("user", "u1", None) };
    let text = r"bid:g:org/a\:b/role/editor:assigned:user/u1";
    assert_eq!(format_grant(&grant).as_deref(), Ok(text));
    assert_eq!(parse_grant(text), Ok(grant));
}

#[test]
fn bad_texts_are_refused_with_the_place() {
    for (text, at) in [
        ("", 0),
        ("user/1", 0),
        ("bid:e:user/1:s", 4),
        ("bid:r:", 6),
        ("bid:r:user", 10),
        ("bid:r:user/", 11),
        ("bid:r:/1", 6),
        ("bid:r:a/b/c", 11),
        ("bid:r:a/b/c/d/e", 13),
        ("bid:r:a/b:slug", 9),
        (r"bid:r:a/b\x", 10),
        (r"bid:r:a/b\", 10),
    ] {
        match parse_resource(text) {
            Err(BidError::Syntax { at: found, .. }) => assert_eq!(found, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(parse_entitlement("bid:e:role/editor").is_err());
    assert!(parse_grant("bid:g:role/editor:assigned").is_err());
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let message = parse_resource("bid:r:user").unwrap_err().to_string();
    assert!(message.contains("bid:r:user\n          ^\n"), "{message}");
}

#[test]
fn empty_parts_have_no_id() {
    for (value, name) in [
        (bid("", "1", None), "resource type"),
        (bid("user", "", None), "resource id"),
        (bid("user", "1", Some(("org", ""))), "parent id"),
    ] {
        assert_eq!(format_resource(&value), Err(BidError::Empty(name)));
    }
}
