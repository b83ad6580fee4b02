//! JSON, case by case.

use std::collections::BTreeMap;
use std::error::Error as _;

use proto::c1::config::v1::StringMapField;
use proto::c1::connector::v2::{
    InvokeActionRequest, RawId, Resource, ResourceType, TicketCustomFieldNumberValue, resource_type,
};
use proto::c1::reader::v2::{SyncRun, SyncStats};
use proto::c1::transport::v1::Request;
use proto::json::{self, Error, Fault, Type};
use proto::{Any, Duration, Message, Name, Struct, Timestamp, Value, annotations};

fn check<M: Name>(message: &M, expect: &str) {
    assert_eq!(json::to_string(message).unwrap(), expect);
}

/// Returns what is wrong with the message `wire` of the type `name`, or `None`.
fn fault(name: &str, wire: &[u8]) -> Option<Fault> {
    let mut out = b"kept".to_vec();
    match json::write(&mut out, Type::named(name).unwrap(), wire) {
        Err(Error::Write { source, .. }) => {
            assert_eq!(out, b"kept");
            Some(source)
        }
        Err(error) => panic!("{error}"),
        Ok(()) => None,
    }
}

fn unknown() -> Any {
    Any { type_url: "type.googleapis.com/some.Unknown".to_owned(), value: vec![1, 2, 3] }
}

#[test]
fn defaults_are_left_out_and_numbers_of_64_bits_are_strings() {
    let stats = SyncStats {
        grants: i64::MAX,
        resources: -1,
        resources_by_resource_type: BTreeMap::from([("user".into(), 0), ("role".into(), 2)]),
        ..SyncStats::default()
    };
    check(
        &stats,
        r#"{"resources":"-1","grants":"9223372036854775807","resourcesByResourceType":{"role":"2","user":"0"}}"#,
    );
    check(&SyncStats::default(), "{}");
}

#[test]
fn enums_are_names_and_unknown_ones_numbers() {
    let traits = vec![resource_type::Trait::User.into(), 4711];
    check(&ResourceType { traits, ..ResourceType::default() }, r#"{"traits":["TRAIT_USER",4711]}"#);
}

#[test]
fn times_have_as_many_digits_as_they_need() {
    for (seconds, nanos, expect) in [
        (0, 0, "1970-01-01T00:00:00Z"),
        (1_795_420_800, 500_000_000, "2026-11-23T08:00:00.500Z"),
        (1_795_420_800, 1_000, "2026-11-23T08:00:00.000001Z"),
        (1_795_420_800, 1, "2026-11-23T08:00:00.000000001Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (253_402_300_799, 0, "9999-12-31T23:59:59Z"),
    ] {
        let started_at = Some(Timestamp { seconds, nanos });
        let run = SyncRun { started_at, ..SyncRun::default() };
        check(&run, &format!(r#"{{"startedAt":"{expect}"}}"#));
        assert_eq!(json::from_str::<SyncRun>(&json::to_string(&run).unwrap()).unwrap(), run);
    }
    for (seconds, nanos, expect) in
        [(0, 0, "0s"), (90, 0, "90s"), (1, 500_000_000, "1.500s"), (0, -1_000, "-0.000001s")]
    {
        let inline_wait = Some(Duration { seconds, nanos });
        let request = InvokeActionRequest { inline_wait, ..InvokeActionRequest::default() };
        check(&request, &format!(r#"{{"inlineWait":"{expect}"}}"#));
    }
}

#[test]
fn texts_are_escaped() {
    let id = "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}é🦀".to_owned();
    check(&RawId { id: id.clone() }, "{\"id\":\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\u{7f}é🦀\"}");
    assert_eq!(json::from_str::<RawId>(&json::to_string(&RawId { id: id.clone() }).unwrap()).unwrap().id, id);
}

#[test]
fn floats_have_the_fewest_digits() {
    for (value, expect) in [
        (1.0, r#"{"value":1}"#),
        (0.1, r#"{"value":0.1}"#),
        (-2.5, r#"{"value":-2.5}"#),
        (1e-9, r#"{"value":1e-9}"#),
        (3e38, r#"{"value":3e38}"#),
        (f32::NAN, r#"{"value":"NaN"}"#),
        (f32::NEG_INFINITY, r#"{"value":"-Infinity"}"#),
    ] {
        check(&TicketCustomFieldNumberValue { value: Some(value), ..Default::default() }, expect);
    }
}

#[test]
fn structs_are_plain_json() {
    let profile = serde_json::json!({
        "a": null, "b": true, "c": 1, "d": 1.5, "e": "text", "f": [1, [], {}], "g": {"h": {}}
    });
    let text = serde_json::json!({ "profile": profile }).to_string();
    let resource: Resource = json::from_str(&text).unwrap();
    check(&resource, &text);
    let unset = Struct { fields: BTreeMap::from([("x".to_owned(), Value { kind: None })]) };
    check(&Resource { profile: Some(unset), ..Resource::default() }, r#"{"profile":{"x":null}}"#);
    let infinite = Value::from(f64::INFINITY);
    assert_eq!(fault("google.protobuf.Value", &infinite.encode_to_vec()), Some(Fault::NotFinite));
}

#[test]
fn annotations_show_their_fields() {
    let wait = Any::from_msg(&Duration { seconds: 1, nanos: 0 }).unwrap();
    let own_host = Any {
        type_url: "example.com/c1.connector.v2.RawId".to_owned(),
        ..annotations::pack(&RawId { id: "7".to_owned() })
    };
    let resource = Resource { annotations: vec![wait, own_host], ..Resource::default() };
    let text = concat!(
        r#"{"annotations":[{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"},"#,
        r#"{"@type":"example.com/c1.connector.v2.RawId","id":"7"}]}"#,
    );
    check(&resource, text);
    assert_eq!(json::from_str::<Resource>(text).unwrap(), resource);
}

#[test]
fn annotations_of_unknown_types_are_left_out() {
    let known = annotations::pack(&RawId { id: "7".to_owned() });
    let annotations = vec![unknown(), known.clone(), unknown()];
    let known_json = r#"{"@type":"type.googleapis.com/c1.connector.v2.RawId","id":"7"}"#;
    check(
        &Resource { annotations, baton_resource: true, ..Resource::default() },
        &format!(r#"{{"annotations":[{known_json}],"batonResource":true}}"#),
    );
    check(
        &Resource { annotations: vec![unknown(); 3], baton_resource: true, ..Resource::default() },
        r#"{"batonResource":true}"#,
    );
    check(&Request { req: Some(unknown()), method: "m".into(), ..Request::default() }, r#"{"method":"m"}"#);
    let default_value = BTreeMap::from([("a".into(), unknown()), ("b".into(), known)]);
    check(
        &StringMapField { default_value, ..StringMapField::default() },
        &format!(r#"{{"defaultValue":{{"b":{known_json}}}}}"#),
    );
    let wrapped = Any::from_msg(&unknown()).unwrap();
    check(&Resource { annotations: vec![wrapped.clone()], ..Resource::default() }, "{}");
    assert_eq!(fault("google.protobuf.Any", &wrapped.encode_to_vec()), Some(Fault::UnknownAny));
}

#[test]
fn field_masks_are_paths_in_camel_case() {
    const NAME: &str = "google.protobuf.FieldMask";
    let mask = |path: &str| prost_types::FieldMask { paths: vec!["a_b.c".into(), path.into()] }.encode_to_vec();
    let mut out = Vec::new();
    json::write(&mut out, Type::named(NAME).unwrap(), &mask("user.display_name")).unwrap();
    assert_eq!(out, br#""aB.c,user.displayName""#);
    for bad in ["userName", "a__b", "a_1", "a_"] {
        assert_eq!(fault(NAME, &mask(bad)), Some(Fault::FieldMask));
    }
}

#[test]
fn damage_is_named() {
    for (wire, expect) in [
        (&[0x0a, 0x02, b'a'][..], Some(Fault::Truncated)),
        (&[0x0a], Some(Fault::Truncated)),
        (&[0x80], Some(Fault::Truncated)),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Some(Fault::Truncated)),
        (&[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], Some(Fault::Varint)),
        (&[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], None),
        (&[0x02, 0x00], Some(Fault::Tag)),
        (&[0x0f], Some(Fault::Tag)),
        (&[0x13, 0x10, 0x01], Some(Fault::Truncated)),
        (&[0x13, 0x1c], Some(Fault::Tag)),
        (&[0x13, 0x10, 0x01, 0x14], None),
        (&[0x08, 0x01], Some(Fault::WireType)),
        (&[0x08, 0x00], Some(Fault::WireType)),
        (&[0x0a, 0x01, 0xff], Some(Fault::Utf8)),
    ] {
        assert_eq!(fault("c1.connector.v2.RawId", wire), expect, "{wire:02x?}");
    }
    let deep_groups = [0x13].repeat(100_000);
    assert_eq!(fault("c1.connector.v2.RawId", &deep_groups), Some(Fault::TooDeep));
}

#[test]
fn times_that_do_not_exist_are_refused() {
    for (seconds, nanos) in [(253_402_300_800, 0), (-62_135_596_801, 0), (0, -1), (0, 1_000_000_000)] {
        let wire = Timestamp { seconds, nanos }.encode_to_vec();
        assert_eq!(fault("google.protobuf.Timestamp", &wire), Some(Fault::Timestamp), "{seconds} {nanos}");
    }
    for (seconds, nanos) in [(315_576_000_001, 0), (1, -1), (-1, 1), (0, 1_000_000_000)] {
        let wire = Duration { seconds, nanos }.encode_to_vec();
        assert_eq!(fault("google.protobuf.Duration", &wire), Some(Fault::Duration), "{seconds} {nanos}");
    }
}

#[test]
fn depth_has_a_limit() {
    // A Value in a ListValue in a Value …: two messages a level.
    let nested =
        |levels: usize| (0..levels).fold(Value::from(true), |value, _| Value::from(vec![value])).encode_to_vec();
    assert_eq!(fault("google.protobuf.Value", &nested(49)), None);
    assert_eq!(fault("google.protobuf.Value", &nested(50)), Some(Fault::TooDeep));
    assert_eq!(fault("google.protobuf.Value", &nested(2_000)), Some(Fault::TooDeep));
    let any = |levels: usize| {
        let start = annotations::pack(&RawId::default());
        (0..levels).fold(start, |any, _| Any::from_msg(&any).unwrap()).encode_to_vec()
    };
    assert_eq!(fault("google.protobuf.Any", &any(90)), None);
    assert_eq!(fault("google.protobuf.Any", &any(100)), Some(Fault::TooDeep));
}

#[test]
fn reading_refuses_what_does_not_fit() {
    for (text, expect) in
        [("{", "EOF"), (r#"{"id":1}"#, "string"), (r#"{"nonsense":"x"}"#, "nonsense"), (r#"{"id":"a"} x"#, "trailing")]
    {
        let error = json::from_str::<RawId>(text).unwrap_err();
        assert_eq!(error.to_string(), "read `c1.connector.v2.RawId` from JSON");
        let source = error.source().unwrap().to_string();
        assert!(source.contains(expect), "{text}: {source}");
    }
    let unknown = r#"{"annotations":[{"@type":"type.googleapis.com/some.Unknown"}]}"#;
    assert!(json::from_str::<Resource>(unknown).is_err());
}

#[test]
fn types_are_found_by_name() {
    assert_eq!(Type::named("c1.connector.v2.Grant").unwrap().name(), "c1.connector.v2.Grant");
    assert!(Type::named("c1.connector.v2.Nothing").is_none());
}
