//! Lists of `google.protobuf.Any` that travel with every object and answer.
//!
//! Start at [`Annotations`]. Unknown annotations stay as they came, byte for byte.

use proto::{Any, Message, Name};

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
        self.0.push(pack(message));
    }

    /// Replaces every annotation of the message's type, or appends it when there is none.
    pub fn update<M: Message + Name>(&mut self, message: &M) {
        let packed = pack(message);
        let mut found = false;
        for entry in self.0.iter_mut().filter(|entry| is::<M>(entry)) {
            entry.clone_from(&packed);
            found = true;
        }
        if !found {
            self.0.push(packed);
        }
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
        has::<M>(&self.0)
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

/// The message as an `Any` with the type URL `type.googleapis.com/FULL.NAME`.
#[must_use]
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

/// Whether the entry holds a message of this type: the part of the type URL after the last `/` decides.
#[must_use]
pub fn is<M: Name>(entry: &Any) -> bool {
    let name = entry.type_url.rsplit('/').next().unwrap_or_default();
    name.strip_prefix(M::PACKAGE).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| rest == M::NAME)
}

/// Whether an entry of this type is in the list.
#[must_use]
pub fn has<M: Name>(entries: &[Any]) -> bool {
    entries.iter().any(is::<M>)
}

/// The first entry of this type; `None` when there is none.
///
/// # Errors
/// [`Code::InvalidArgument`] when its bytes are not such a message.
pub fn pick<M: Message + Name + Default>(entries: &[Any]) -> Result<Option<M>, Error> {
    let Some(entry) = entries.iter().find(|entry| is::<M>(entry)) else {
        return Ok(None);
    };
    M::decode(entry.value.as_slice()).map(Some).map_err(|error| {
        Error::new(Code::InvalidArgument, format!("annotation {} cannot be decoded", M::full_name())).with_source(error)
    })
}
