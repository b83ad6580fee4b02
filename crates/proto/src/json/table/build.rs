//! Builds the tables from the embedded descriptors.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
};

use super::{Enum, Field, Form, Kind, Message, Shape, Tables};

/// Returns the tables of every message and enum in the embedded descriptors.
pub(super) fn tables() -> Tables {
    #[expect(clippy::expect_used, reason = "the bytes are those that the build script wrote")]
    let set = FileDescriptorSet::decode(crate::FILE_DESCRIPTOR_SET).expect("embedded descriptors");
    let mut found = Found::default();
    for file in &set.file {
        found.file(file);
    }
    let names = Names {
        messages: places(found.messages.iter().map(|message| &message.name)),
        enums: places(found.enums.iter().map(|(name, _)| name)),
    };
    Tables {
        messages: found.messages.iter().map(|message| message.table(&names)).collect(),
        enums: found.enums.iter().map(|(name, values)| enumeration(name, values)).collect(),
        by_name: names.messages.iter().map(|(name, place)| ((*name).to_owned(), *place)).collect(),
    }
}

fn places<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<&'a str, usize> {
    names.enumerate().map(|(place, name)| (name.as_str(), place)).collect()
}

/// Where each message and each enum will be.
struct Names<'a> {
    messages: HashMap<&'a str, usize>,
    enums: HashMap<&'a str, usize>,
}

/// The descriptors with their full names, nested ones too.
#[derive(Default)]
struct Found<'a> {
    messages: Vec<FoundMessage<'a>>,
    enums: Vec<(String, &'a EnumDescriptorProto)>,
}

struct FoundMessage<'a> {
    name: String,
    descriptor: &'a DescriptorProto,
    is_proto3: bool,
}

impl<'a> Found<'a> {
    fn file(&mut self, file: &'a FileDescriptorProto) {
        let is_proto3 = file.syntax() == "proto3";
        for message in &file.message_type {
            self.message(file.package(), message, is_proto3);
        }
        for enumeration in &file.enum_type {
            self.enums.push((format!("{}.{}", file.package(), enumeration.name()), enumeration));
        }
    }

    fn message(&mut self, parent: &str, descriptor: &'a DescriptorProto, is_proto3: bool) {
        let name = format!("{parent}.{}", descriptor.name());
        for inner in &descriptor.nested_type {
            self.message(&name, inner, is_proto3);
        }
        for enumeration in &descriptor.enum_type {
            self.enums.push((format!("{name}.{}", enumeration.name()), enumeration));
        }
        self.messages.push(FoundMessage { name, descriptor, is_proto3 });
    }
}

impl FoundMessage<'_> {
    fn table(&self, names: &Names<'_>) -> Message {
        let mut fields: Vec<Field> = self
            .descriptor
            .field
            .iter()
            .filter_map(|field| {
                let kind = kind(field, names)?;
                Some(Field {
                    number: u32::try_from(field.number()).ok()?,
                    key: format!("\"{}\":", field.json_name()).into_bytes(),
                    kind,
                    shape: self.shape(field, kind),
                    oneof: real_oneof(field),
                })
            })
            .collect();
        fields.sort_by_key(|field| field.number);
        Message {
            form: form(&self.name),
            oneofs: fields.iter().filter_map(|field| field.oneof).max().map_or(0, |last| last + 1),
            fields,
            name: self.name.clone(),
        }
    }

    fn shape(&self, field: &FieldDescriptorProto, kind: Kind) -> Shape {
        let is_entry_here = |nested: &DescriptorProto| {
            nested.options.as_ref().is_some_and(MessageOptions::map_entry)
                && field.type_name().trim_start_matches('.') == format!("{}.{}", self.name, nested.name())
        };
        if field.label() == Label::Repeated {
            let is_map = self.descriptor.nested_type.iter().any(is_entry_here);
            if is_map { Shape::Map } else { Shape::Repeated }
        } else if self.is_proto3
            && !field.proto3_optional()
            && real_oneof(field).is_none()
            && !matches!(kind, Kind::Message(_))
        {
            Shape::Implicit
        } else {
            Shape::Explicit
        }
    }
}

/// Returns the place of the oneof of a field, unless it only stands for `optional`.
fn real_oneof(field: &FieldDescriptorProto) -> Option<usize> {
    if field.proto3_optional() {
        return None;
    }
    field.oneof_index.and_then(|place| usize::try_from(place).ok())
}

/// Returns `None` for what no message of the protocol has: groups, and types outside the set.
fn kind(field: &FieldDescriptorProto, names: &Names<'_>) -> Option<Kind> {
    let type_name = field.type_name().trim_start_matches('.');
    Some(match field.r#type() {
        Type::Bool => Kind::Bool,
        Type::Bytes => Kind::Bytes,
        Type::Double => Kind::Double,
        Type::Enum => Kind::Enum(*names.enums.get(type_name)?),
        Type::Fixed32 => Kind::Fixed32,
        Type::Fixed64 => Kind::Fixed64,
        Type::Float => Kind::Float,
        Type::Group => return None,
        Type::Int32 => Kind::Int32,
        Type::Int64 => Kind::Int64,
        Type::Message => Kind::Message(*names.messages.get(type_name)?),
        Type::Sfixed32 => Kind::Sfixed32,
        Type::Sfixed64 => Kind::Sfixed64,
        Type::Sint32 => Kind::Sint32,
        Type::Sint64 => Kind::Sint64,
        Type::String => Kind::String,
        Type::Uint32 => Kind::Uint32,
        Type::Uint64 => Kind::Uint64,
    })
}

fn form(name: &str) -> Form {
    match name.strip_prefix("google.protobuf.").unwrap_or_default() {
        "Any" => Form::Any,
        "Duration" => Form::Duration,
        "Empty" => Form::Empty,
        "FieldMask" => Form::FieldMask,
        "ListValue" => Form::ListValue,
        "Struct" => Form::Struct,
        "Timestamp" => Form::Timestamp,
        "Value" => Form::Value,
        "BoolValue" | "BytesValue" | "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value" | "StringValue"
        | "UInt32Value" | "UInt64Value" => Form::Wrapper,
        _ => Form::Object,
    }
}

fn enumeration(name: &str, descriptor: &EnumDescriptorProto) -> Enum {
    let mut values: Vec<(i32, String)> =
        descriptor.value.iter().map(|value| (value.number(), format!("\"{}\"", value.name()))).collect();
    // Stable: of two names of one number, the first is the canonical one.
    values.sort_by_key(|(number, _)| *number);
    values.dedup_by_key(|(number, _)| *number);
    Enum { is_null: name == "google.protobuf.NullValue", values }
}
