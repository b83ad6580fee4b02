//! Canonical protobuf JSON of every message of the protocol.
//!
//! The rules: lowerCamelCase names, enums as names, 64-bit integers as strings, timestamps in
//! RFC 3339 with 0, 3, 6 or 9 fraction digits and `Z`, bytes in Base64, default values left out, a
//! `google.protobuf.Any` as `{"@type": …}` with the fields of its message. Fields go by number and
//! the entries of a map by key, so equal messages give equal text.
//!
//! Two things differ from the letter of the mapping, as upstream's explorer does it: an `Any` of a
//! type that is not in this crate is **left out** (the mapping has no text for it), and a `Value`
//! that was never set reads `null`. Extensions are left out as well.
//!
//! [`write()`] turns encoded messages into text without decoding them first; it is what large
//! listings want. [`to_string`] and [`to_value`] take a message, [`from_str`] reads one.
//!
//! Source: <https://protobuf.dev/programming-guides/json/>.

mod known;
mod parse;
mod table;
mod text;
mod wire;
mod write;

use prost::Name;

pub use parse::{from_str, from_value};
pub use table::Type;

/// How many messages may stand in each other, counted through `Any`.
pub const MAX_DEPTH: usize = 100;

/// Why a message could not be written as JSON or read from it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No message of this name is in this crate.
    #[error("`{0}` is not a message of the protocol")]
    UnknownType(String),
    /// The encoded message is damaged, or holds what JSON cannot.
    #[error("write `{message}` as JSON")]
    Write {
        /// The full name of the outermost message.
        message: &'static str,
        /// What is wrong with it.
        #[source]
        source: Fault,
    },
    /// The text is not JSON, or not of this message.
    #[error("read `{message}` from JSON")]
    Read {
        /// The full name of the outermost message.
        message: String,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
}

/// What is wrong with an encoded message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It ends in the middle of a field.
    #[error("it ends in the middle of a field")]
    Truncated,
    /// A number has more than 64 bits.
    #[error("a number has more than 64 bits")]
    Varint,
    /// The number or the wire type of a field does not exist, or a group is not closed.
    #[error("a field has an impossible number or wire type")]
    Tag,
    /// A known field has the wire type of another kind of value.
    #[error("a field has the wire type of another kind of value")]
    WireType,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    Utf8,
    /// Messages are nested deeper than [`MAX_DEPTH`].
    #[error("it is nested deeper than {MAX_DEPTH} messages")]
    TooDeep,
    /// A timestamp is outside the years 1 to 9999.
    #[error("a timestamp is outside the years 1 to 9999")]
    Timestamp,
    /// A duration is longer than 10,000 years, or its parts have different signs.
    #[error("a duration is longer than 10,000 years, or its parts have different signs")]
    Duration,
    /// A `google.protobuf.Value` holds an infinite number, or none.
    #[error("a google.protobuf.Value holds an infinite number, or none")]
    NotFinite,
    /// A path of a field mask does not survive the way to lowerCamelCase and back.
    #[error("a path of a field mask has no lowerCamelCase form")]
    FieldMask,
    /// The message is an `Any` of a type that is not in this crate.
    #[error("it is a google.protobuf.Any of an unknown type")]
    UnknownAny,
}

/// Appends the JSON of the encoded message `wire` to `out`.
///
/// Takes time linear in the length of `wire` (and `n log n` where it is out of order). `out` is as
/// before when this fails.
///
/// # Errors
/// [`Error::Write`] when `wire` is damaged, nested too deeply, or holds what JSON cannot.
pub fn write(out: &mut Vec<u8>, message: Type, wire: &[u8]) -> Result<(), Error> {
    let start = out.len();
    write::transcode(out, message, wire).map_err(|source| {
        out.truncate(start);
        Error::Write { message: message.name(), source }
    })
}

/// Returns the JSON of `message`.
///
/// # Errors
/// [`Error::Write`] when `message` holds what JSON cannot (a time after the year 9999, say).
pub fn to_string<M: Name>(message: &M) -> Result<String, Error> {
    let (message_type, json) = to_vec(message)?;
    String::from_utf8(json).map_err(|_| Error::Write { message: message_type.name(), source: Fault::Utf8 })
}

/// Returns the JSON of `message`, parsed.
///
/// # Errors
/// As [`to_string`]; [`Error::Read`] when the JSON nests deeper than `serde_json` reads.
pub fn to_value<M: Name>(message: &M) -> Result<serde_json::Value, Error> {
    serde_json::from_slice(&to_vec(message)?.1).map_err(|source| Error::Read { message: M::full_name(), source })
}

fn to_vec<M: Name>(message: &M) -> Result<(Type, Vec<u8>), Error> {
    let message_type = Type::of::<M>()?;
    let mut out = Vec::new();
    write(&mut out, message_type, &message.encode_to_vec())?;
    Ok((message_type, out))
}
