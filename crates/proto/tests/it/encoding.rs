//! What happens to a message between Rust and its bytes.

use proto::c1::connector::v2::{Grant, GrantSources, PlaintextData, RawId, Resource, grant_sources};
use proto::{Any, Message, Name, Struct, Value, annotations};

/// A resource whose annotation nobody knows, with the fields of the payload out of order.
fn strange() -> (Resource, Any) {
    let any = Any {
        type_url: "example.com/some.Unknown".to_owned(),
        value: vec![0x12, 0x01, b'b', 0x0a, 0x01, b'a', 0xff, 0x00],
    };
    (Resource { annotations: vec![any.clone()], ..Resource::default() }, any)
}

#[test]
fn annotations_of_unknown_types_come_back_byte_for_byte() {
    let (resource, any) = strange();
    let wire = resource.encode_to_vec();
    let mut read = Resource::decode(wire.as_slice()).unwrap();
    assert_eq!(read.annotations, [any]);
    assert_eq!(read.encode_to_vec(), wire);
    annotations::append(&mut read.annotations, &RawId { id: "1".to_owned() });
    let read = Resource::decode(read.encode_to_vec().as_slice()).unwrap();
    assert_eq!(read.annotations[0], resource.annotations[0]);
}

#[test]
fn a_known_annotation_is_not_encoded_anew() {
    // The only field, twice: decoding and encoding would leave one of them.
    let any = Any { value: vec![0x0a, 0x01, b'a', 0x0a, 0x01, b'b'], ..annotations::pack(&RawId::default()) };
    let resource = Resource { annotations: vec![any.clone()], ..Resource::default() };
    let read = Resource::decode(resource.encode_to_vec().as_slice()).unwrap();
    assert_eq!(annotations::pick(&read.annotations), Ok(Some(RawId { id: "b".to_owned() })));
    assert_eq!(read.annotations, [any]);
}

#[test]
fn equal_messages_have_equal_bytes() {
    let keys: Vec<String> = (0..100).map(|n| format!("key {n}")).collect();
    let sources = |keys: &mut dyn Iterator<Item = &String>| {
        let sources = keys.map(|key| (key.clone(), grant_sources::GrantSource { is_direct: true }));
        let sources = Some(GrantSources { sources: sources.collect() });
        Grant { sources, ..Grant::default() }.encode_to_vec()
    };
    assert_eq!(sources(&mut keys.iter()), sources(&mut keys.iter().rev()));
    let profile = |keys: &mut dyn Iterator<Item = &String>| {
        let fields = keys.map(|key| (key.clone(), Value::from(key.as_str())));
        Struct { fields: fields.collect() }.encode_to_vec()
    };
    assert_eq!(profile(&mut keys.iter()), profile(&mut keys.iter().rev()));
}

#[test]
fn names_are_those_of_go() {
    assert_eq!(Grant::full_name(), "c1.connector.v2.Grant");
    assert_eq!(grant_sources::GrantSource::full_name(), "c1.connector.v2.GrantSources.GrantSource");
    assert_eq!(Grant::type_url(), "type.googleapis.com/c1.connector.v2.Grant");
    assert_eq!(Any::from_msg(&Grant::default()), Ok(annotations::pack(&Grant::default())));
}

#[test]
fn secrets_are_not_printed() {
    let secret = PlaintextData { name: "password".to_owned(), bytes: b"hunter2".to_vec(), ..PlaintextData::default() };
    assert_eq!(format!("{secret:?}"), "PlaintextData { .. }");
}
