//! What the writer must know of each message, worked out once from the descriptors.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost::Name;

use super::Error;

mod build;

/// The tables of all messages and enums.
#[derive(Debug, Default)]
pub(super) struct Tables {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    by_name: HashMap<String, usize>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(build::tables);

impl Tables {
    pub(super) fn get() -> &'static Self {
        &TABLES
    }

    pub(super) fn message(&self, place: usize) -> Option<&Message> {
        self.messages.get(place)
    }

    pub(super) fn enumeration(&self, place: usize) -> Option<&Enum> {
        self.enums.get(place)
    }
}

/// A type of message that JSON can be written of.
#[derive(Debug, Clone, Copy)]
pub struct Type(pub(super) &'static Message);

impl Type {
    /// Returns the type of the messages `M`.
    ///
    /// # Errors
    /// [`Error::UnknownType`] when `M` is not from this crate.
    pub fn of<M: Name>() -> Result<Self, Error> {
        let name = M::full_name();
        Self::named(&name).ok_or(Error::UnknownType(name))
    }

    /// Returns the type with the full name `name` (`c1.connector.v2.Grant`), or `None` when there
    /// is none in this crate.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let index = TABLES.by_name.get(name)?;
        TABLES.messages.get(*index).map(Self)
    }

    /// Returns the full name.
    #[must_use]
    pub fn name(self) -> &'static str {
        &self.0.name
    }
}

#[derive(Debug)]
pub(super) struct Message {
    name: String,
    pub(super) form: Form,
    /// By number.
    pub(super) fields: Vec<Field>,
    pub(super) oneofs: usize,
}

impl Message {
    /// Returns the place of the field with this number; `near` is a place to look at first.
    pub(super) fn find(&self, number: u32, near: usize) -> Option<usize> {
        let is_at = |place: &usize| self.fields.get(*place).is_some_and(|f| f.number == number);
        [near, near + 1]
            .into_iter()
            .find(is_at)
            .or_else(|| self.fields.binary_search_by_key(&number, |field| field.number).ok())
    }
}

/// The form of a message in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An object with the fields.
    Object,
    Any,
    Duration,
    Empty,
    FieldMask,
    ListValue,
    Struct,
    Timestamp,
    Value,
    Wrapper,
}

#[derive(Debug)]
pub(super) struct Field {
    number: u32,
    /// The name in quotes, and a colon.
    pub(super) key: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    pub(super) oneof: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Left out when it has the default value.
    Implicit,
    /// Written whenever it is there.
    Explicit,
    Repeated,
    Map,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Double,
    /// The place among the enums.
    Enum(usize),
    Fixed32,
    Fixed64,
    Float,
    Int32,
    Int64,
    /// The place among the messages.
    Message(usize),
    Sfixed32,
    Sfixed64,
    Sint32,
    Sint64,
    String,
    Uint32,
    Uint64,
}

#[derive(Debug)]
pub(super) struct Enum {
    /// `google.protobuf.NullValue`, which reads `null`.
    pub(super) is_null: bool,
    /// The numbers and the names in quotes, by number.
    values: Vec<(i32, String)>,
}

impl Enum {
    /// Returns the name of `number` in quotes.
    pub(super) fn name(&self, number: i32) -> Option<&str> {
        let place = self.values.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.values.get(place).map(|(_, name)| name.as_str())
    }
}
