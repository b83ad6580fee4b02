//! Why the program ends with another status than 0.

use std::fmt;

use crate::error::{Code, Error};

/// A status to exit with, and the bare text for the last line of stderr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    code: Code,
    text: String,
}

impl Failure {
    /// A wrong flag or setting, or anything else without a gRPC status: exit status 2.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::new(Code::Unknown, text)
    }

    /// With the number of this code as exit status.
    pub(super) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The exit status. Source: connector-cli §8.
    pub(super) fn status(&self) -> u8 {
        self.code.number()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl fmt::Display for Failure {
    /// The text; a hint that is all of the second line joins the first, since scripts read the last line only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.split_once("\nhint: ") {
            Some((text, hint)) if !text.contains('\n') && !hint.contains('\n') => write!(f, "{text}; hint: {hint}"),
            _ => f.write_str(&self.text),
        }
    }
}
