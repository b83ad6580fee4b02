//! Lists of `google.protobuf.Any` that travel with every object and answer.
//!
//! Start at [`Annotations`]. Unknown annotations stay as they came, byte for byte.

use proto::{Any, Message, Name};

pub use proto::annotations::{contains, is, pack};

use crate::error::{Code, Error};

/// An annotation list, in order.
///
/// Source: sync.md §7, annotation list rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations(Vec<Any>);

impl Annotations {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The list with this annotation added at the end.
    #[must_use]
    pub fn with<M: Message + Name>(mut self, message: &M) -> Self {
        self.append(message);
        self
    }

    /// Adds the annotation at the end, even when there is one of its type.
    pub fn append<M: Message + Name>(&mut self, message: &M) {
        proto::annotations::append(&mut self.0, message);
    }

    /// Replaces every annotation of the message's type, or appends it when there is none.
    pub fn update<M: Message + Name>(&mut self, message: &M) {
        proto::annotations::update(&mut self.0, message);
    }

    /// The first annotation of this type; `None` when there is none.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] when its bytes are not such a message.
    pub fn pick<M: Message + Name + Default>(&self) -> Result<Option<M>, Error> {
        pick(&self.0)
    }

    /// Whether an annotation of this type is present.
    #[must_use]
    pub fn has<M: Name>(&self) -> bool {
        contains::<M>(&self.0)
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Any] {
        &self.0
    }
}

impl From<Vec<Any>> for Annotations {
    fn from(entries: Vec<Any>) -> Self {
        Self(entries)
    }
}

impl From<Annotations> for Vec<Any> {
    fn from(annotations: Annotations) -> Self {
        annotations.0
    }
}

/// The first entry of this type; `None` when there is none.
///
/// # Errors
/// [`Code::InvalidArgument`] when its bytes are not such a message.
pub fn pick<M: Message + Name + Default>(entries: &[Any]) -> Result<Option<M>, Error> {
    proto::annotations::pick(entries).map_err(|error| {
        let name = M::full_name();
        Error::new(Code::InvalidArgument, format!("annotation {name} cannot be decoded")).with_source(error)
    })
}
