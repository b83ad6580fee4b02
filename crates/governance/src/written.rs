//! What a use case answers that may have changed something.

/// The result of a change, with its place in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// The result.
    pub value: T,
    /// The place of the change's last audit row; none when everything was already so.
    pub seq: Option<i64>,
}

impl<T> Written<T> {
    /// A change that the commit put at this place.
    #[must_use]
    pub const fn new(value: T, seq: Option<i64>) -> Self {
        Self { value, seq }
    }

    /// The same change with another view of its result.
    #[must_use]
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Written<U> {
        Written { value: view(self.value), seq: self.seq }
    }
}
