//! The error that goes over the wire (RFC 7644 §3.12).
//!
//! Every part of this crate that judges a request has an error of its own, with positions and
//! names; all of them turn into an [`Error`] by `From`, and the provider answers that.

use http::StatusCode;
use serde_json::{Value, json};

/// The schema of an error message.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What exactly is wrong with a request (RFC 7644 §3.12; RFC 9865 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// A filter does not parse, or compares what cannot be compared.
    InvalidFilter,
    /// More results than the provider is willing to give.
    TooMany,
    /// A value is taken already.
    Uniqueness,
    /// The attribute may not be changed.
    Mutability,
    /// The message is not of the right shape.
    InvalidSyntax,
    /// A path does not parse, or names what no schema knows.
    InvalidPath,
    /// A path selects nothing to work on.
    NoTarget,
    /// A value is missing or of the wrong type.
    InvalidValue,
    /// That version of the protocol is not offered.
    InvalidVers,
    /// The request would put something secret into a URL.
    Sensitive,
    /// A cursor was not made here, or not for this query.
    InvalidCursor,
    /// A cursor is too old.
    ExpiredCursor,
    /// A page size does not fit the cursor.
    InvalidCount,
}

impl ScimType {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
    ];

    /// Returns the keyword of the RFC.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }

    /// Returns the type of that keyword, whatever its case; none for others.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(keyword))
    }
}

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", status.as_u16())]
pub struct Error {
    /// The HTTP status.
    pub status: StatusCode,
    /// The keyword, where the RFC has one for the case.
    pub scim_type: Option<ScimType>,
    /// A sentence for people; never holds secrets.
    pub detail: String,
}

impl Error {
    /// Returns an error without a keyword.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// Returns a 400 with a keyword, or a 409 for [`ScimType::Uniqueness`] and a 403 for
    /// [`ScimType::Sensitive`].
    #[must_use]
    pub fn of(scim_type: ScimType, detail: impl Into<String>) -> Self {
        let status = match scim_type {
            ScimType::Uniqueness => StatusCode::CONFLICT,
            ScimType::Sensitive => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// Returns a 400 `invalidFilter`.
    #[must_use]
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidFilter, detail)
    }

    /// Returns a 400 `invalidSyntax`.
    #[must_use]
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidSyntax, detail)
    }

    /// Returns a 400 `invalidPath`.
    #[must_use]
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidPath, detail)
    }

    /// Returns a 400 `invalidValue`.
    #[must_use]
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidValue, detail)
    }

    /// Returns a 400 `noTarget`.
    #[must_use]
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::of(ScimType::NoTarget, detail)
    }

    /// Returns a 400 `mutability`.
    #[must_use]
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::of(ScimType::Mutability, detail)
    }

    /// Returns a 409 `uniqueness`.
    #[must_use]
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::of(ScimType::Uniqueness, detail)
    }

    /// Returns a 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Returns the message body. `status` is a string in it, as the RFC has it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut body = json!({"schemas": [ERROR], "status": self.status.as_u16().to_string()});
        if let Some(body) = body.as_object_mut() {
            if let Some(scim_type) = self.scim_type {
                body.insert("scimType".to_owned(), scim_type.as_str().into());
            }
            body.insert("detail".to_owned(), self.detail.clone().into());
        }
        body
    }
}

/// Returns at most the first 80 characters of a client's text, for use in a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LIMIT_CHARS: usize = 80;
    let mut excerpt: String = text.chars().take(LIMIT_CHARS).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_a_string_and_the_keyword_optional() {
        assert_eq!(
            Error::uniqueness("A user with this e-mail address already exists.").to_json(),
            json!({"schemas": [ERROR], "status": "409", "scimType": "uniqueness",
                   "detail": "A user with this e-mail address already exists."})
        );
        assert_eq!(
            Error::not_found("No such user.").to_json(),
            json!({"schemas": [ERROR], "status": "404", "detail": "No such user."})
        );
    }

    #[test]
    fn keywords_read_back() {
        for kind in ScimType::ALL {
            assert_eq!(ScimType::from_keyword(kind.as_str()), Some(kind));
        }
        assert_eq!(ScimType::from_keyword("INVALIDPATH"), Some(ScimType::InvalidPath));
        assert_eq!(ScimType::from_keyword("other"), None);
    }
}
