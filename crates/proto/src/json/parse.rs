//! Reads messages from canonical protobuf JSON.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde::de::{DeserializeSeed as _, Deserializer, Error as _};

use super::Error;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the bytes are those that the build script wrote")]
    DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("embedded descriptors")
});

/// Returns the message that `json` describes.
///
/// Takes names in lowerCamelCase and as in the `.proto` file, enums as names and numbers, and an
/// `Any` by its `@type`. The entries of a map *inside an `Any`* are encoded in no fixed order.
///
/// # Errors
/// [`Error::Read`] when `json` is not JSON, has a field that `M` does not have or a value that does
/// not fit, or holds an `Any` of an unknown type; [`Error::UnknownType`] when `M` is not from this
/// crate.
pub fn from_str<M: Name + Default>(json: &str) -> Result<M, Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let message = read(&mut reader)?;
    reader.end().map_err(|source| Error::Read { message: M::full_name(), source })?;
    Ok(message)
}

/// Returns the message that the parsed `json` describes; see [`from_str`].
///
/// # Errors
/// As [`from_str`].
pub fn from_value<M: Name + Default>(json: serde_json::Value) -> Result<M, Error> {
    read(json)
}

fn read<'de, M, D>(reader: D) -> Result<M, Error>
where
    M: Name + Default,
    D: Deserializer<'de, Error = serde_json::Error>,
{
    let name = M::full_name();
    let Some(descriptor) = POOL.get_message_by_name(&name) else {
        return Err(Error::UnknownType(name));
    };
    descriptor
        .deserialize(reader)
        .and_then(|dynamic: DynamicMessage| {
            M::decode(dynamic.encode_to_vec().as_slice()).map_err(serde_json::Error::custom)
        })
        .map_err(|source| Error::Read { message: name, source })
}
