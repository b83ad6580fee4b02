//! What upstream's connector wrote, and the JSON that upstream's explorer printed of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use proto::{Name, json};

/// Calls `check` with the bytes and the JSON of each message of the type `M`.
fn each<M: Name>(check: impl Fn(&[u8], &serde_json::Value)) {
    let cases: Vec<serde_json::Value> = serde_json::from_str(include_str!("../fixtures/users25.json")).unwrap();
    let cases = cases.iter().filter(|case| case["message"] == M::full_name().as_str());
    let mut checked = 0;
    for case in cases {
        check(&STANDARD.decode(case["wire"].as_str().unwrap()).unwrap(), &case["json"]);
        checked += 1;
    }
    assert!(checked >= 2, "only {checked} fixtures of {}", M::full_name());
}

fn check<M: Name + Default + PartialEq>() {
    let message_type = json::Type::of::<M>().unwrap();
    each::<M>(|wire, expect| {
        let mut text = Vec::new();
        json::write(&mut text, message_type, wire).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&text).unwrap(), *expect);

        let message = M::decode(wire).unwrap();
        assert_eq!(json::to_value(&message).unwrap(), *expect);
        assert_eq!(message.encode_to_vec(), wire, "encoding gives the bytes of Go");
        let read: M = json::from_str(std::str::from_utf8(&text).unwrap()).unwrap();
        assert_eq!(json::to_value(&read).unwrap(), *expect, "read back");
        let read: M = json::from_value(expect.clone()).unwrap();
        assert_eq!(json::to_value(&read).unwrap(), *expect, "read from what upstream printed");
    });
}

#[test]
fn resource_types_are_as_upstream_prints_them() {
    check::<ResourceType>();
}

#[test]
fn resources_are_as_upstream_prints_them() {
    check::<Resource>();
}

#[test]
fn entitlements_are_as_upstream_prints_them() {
    check::<Entitlement>();
}

#[test]
fn grants_are_as_upstream_prints_them() {
    check::<Grant>();
}
