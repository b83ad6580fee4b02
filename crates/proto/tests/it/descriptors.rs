//! The `.proto` files are complete: counts and samples, taken from the descriptors of upstream's
//! SDK v0.25.0.

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind};

/// Files that the protocol only borrows.
const BORROWED: [&str; 2] = ["google/", "validate/"];

fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap()
}

fn is_own(file: &str) -> bool {
    !BORROWED.iter().any(|folder| file.starts_with(folder))
}

#[test]
fn nothing_is_missing() {
    let pool = pool();
    let files = pool.files().filter(|file| is_own(file.name())).count();
    let messages: Vec<_> =
        pool.all_messages().filter(|message| is_own(message.parent_file().name()) && !message.is_map_entry()).collect();
    let fields: usize = messages.iter().map(|message| message.fields().len()).sum();
    let enums = pool.all_enums().filter(|kind| is_own(kind.parent_file().name())).count();
    let methods: usize = pool.services().map(|service| service.methods().len()).sum();
    assert_eq!((files, messages.len(), fields, enums), (56, 436, 1357, 35));
    assert_eq!((pool.services().len(), methods), (27, 69));
}

#[test]
fn numbers_and_labels_are_those_of_upstream() {
    let pool = pool();
    for (path, expect) in [
        ("c1.connector.v2.Resource.annotations", "4 repeated google.protobuf.Any"),
        ("c1.connector.v2.Grant.sources", "5 one c1.connector.v2.GrantSources"),
        ("c1.connector.v2.GrantSources.sources", "1 map c1.connector.v2.GrantSources.SourcesEntry"),
        ("c1.connector.v2.UserTrait.login", "6 one string"),
        ("c1.connector.v2.CredentialOptions.sso", "102 options c1.connector.v2.CredentialOptions.SSO"),
        ("c1.config.v1.Int64Rules.eq", "1 optional int64"),
        ("c1.storage.v3.IndexOption.unique", "2 optional bool"),
        ("c1.c1z.v3.IndexedFrameIndex.manifest_xxh64", "4 one fixed64"),
        (
            "c1.connectorapi.baton.v1.BatonServiceUploadAssetRequest.eof",
            "102 msg c1.connectorapi.baton.v1.BatonServiceUploadAssetRequest.UploadEOF",
        ),
    ] {
        let (message, field) = path.rsplit_once('.').unwrap();
        let message = pool.get_message_by_name(message).unwrap();
        assert_eq!(describe(&message.get_field_by_name(field).unwrap()), expect, "{path}");
    }
}

fn describe(field: &FieldDescriptor) -> String {
    let label = if field.is_map() {
        "map".to_owned()
    } else if field.is_list() {
        "repeated".to_owned()
    } else if field.field_descriptor_proto().proto3_optional() {
        "optional".to_owned()
    } else if let Some(oneof) = field.containing_oneof() {
        oneof.name().to_owned()
    } else if field.supports_presence() && !matches!(field.kind(), Kind::Message(_)) {
        "optional".to_owned()
    } else {
        "one".to_owned()
    };
    let kind = match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(kind) => kind.full_name().to_owned(),
        kind => format!("{kind:?}").to_lowercase(),
    };
    format!("{} {label} {kind}", field.number())
}

#[test]
fn what_was_taken_back_stays_reserved() {
    let pool = pool();
    let encoding = pool.get_enum_by_name("c1.c1z.v3.PayloadEncoding").unwrap();
    let events = pool.get_enum_by_name("c1.connector.v2.EventType").unwrap();
    let grant = pool.get_message_by_name("c1.storage.v3.GrantRecord").unwrap();
    // The ends of the ranges of an enum are inside, those of a message outside.
    assert!(encoding.reserved_ranges().any(|range| range.contains(&4)));
    assert!(events.reserved_ranges().any(|range| range.contains(&2)));
    assert!(grant.reserved_ranges().eq(std::iter::once(1..2)));
    assert_eq!(grant.reserved_names().collect::<Vec<_>>(), ["sync_id"]);
}

#[test]
fn streams_are_streams() {
    let streams: Vec<String> = pool()
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(|method| method.is_client_streaming() || method.is_server_streaming())
        .map(|method| format!("{} {}", method.full_name(), method.is_client_streaming()))
        .collect();
    assert_eq!(
        streams,
        ["c1.connector.v2.AssetService.GetAsset false", "c1.connectorapi.baton.v1.BatonService.UploadAsset true",]
    );
}

#[test]
fn storage_hints_are_readable() {
    let pool = pool();
    let table = pool.get_extension_by_name("c1.storage.v3.table").unwrap();
    let grant = pool.get_message_by_name("c1.storage.v3.GrantRecord").unwrap();
    let options = grant.options();
    let name = options.get_extension(&table);
    let name = name.as_message().unwrap().get_field_by_name("name").unwrap();
    assert_eq!((table.number(), name.as_str()), (90000, Some("grants")));
}

/// The JSON writer takes every map for one with strings as keys.
#[test]
fn every_map_has_strings_as_keys() {
    for entry in pool().all_messages().filter(prost_reflect::MessageDescriptor::is_map_entry) {
        assert_eq!(entry.map_entry_key_field().kind(), Kind::String, "{}", entry.full_name());
    }
}
