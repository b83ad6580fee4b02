//! What a use case answers when it does not do what it was asked for.
//!
//! Source: governance §5 (codes are the canonical gRPC names), R-API-2.

use std::time::Duration;

/// The kind of a refusal: a canonical gRPC name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request itself cannot be what it is.
    InvalidArgument,
    /// Nobody is signed in, or the token is none.
    Unauthenticated,
    /// The actor sees the object, and may not do this to it.
    PermissionDenied,
    /// There is no such object, or the actor may not know of it.
    NotFound,
    /// There is one already.
    AlreadyExists,
    /// The object's state does not allow it.
    FailedPrecondition,
    /// The object has changed since the actor read it.
    Aborted,
    /// A limit is reached.
    ResourceExhausted,
    /// This cannot be done here.
    Unimplemented,
    /// Something is not reachable at the moment.
    Unavailable,
    /// A fault of Podium.
    Internal,
}

impl Code {
    /// The name in REST: `invalid_argument`, `not_found`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::FailedPrecondition => "failed_precondition",
            Self::Aborted => "aborted",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Unimplemented => "unimplemented",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A refusal: what a caller may be told, and the cause that stays inside.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    code: Code,
    detail: String,
    hint: Option<String>,
    field: Option<String>,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A refusal of this kind, in words for the caller.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), hint: None, field: None, cause: None }
    }

    /// The value of this field cannot be what it is.
    #[must_use]
    pub fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::InvalidArgument, detail) }
    }

    /// The state of things does not allow it.
    #[must_use]
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, detail)
    }

    /// There is no such object, as far as the actor may know.
    #[must_use]
    pub fn not_found(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {kind} `{id}`"))
    }

    /// The actor may not do this.
    #[must_use]
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, detail)
    }

    /// A fault of Podium, whose cause goes to the log and not to the caller.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal, "Podium failed to do this") }
    }

    /// With what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What is wrong, in words for the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The field of the request that it is about.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// After which time the same request may succeed; `None` when it will not by itself.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        match self.code {
            Code::Unavailable => Some(Duration::from_secs(1)),
            Code::ResourceExhausted => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let known = match &error {
            store::Error::Unavailable(_) => {
                Some(Self::new(Code::Unavailable, "the database is not available at the moment; nothing was changed"))
            }
            store::Error::Full(_) => Some(
                Self::new(Code::Unavailable, "the database has no space left; nothing was changed")
                    .with_hint("free some space on the server"),
            ),
            store::Error::Stale { kind, id } => Some(
                Self::new(Code::Aborted, format!("the {kind} `{id}` has changed since you read it"))
                    .with_hint("read it again, then decide again"),
            ),
            store::Error::Cursor => Some(
                Self::invalid("page_token", "this is no token of a page of this list").with_hint("begin without one"),
            ),
            _ => None,
        };
        match known {
            Some(known) => Self { cause: Some(Box::new(error)), ..known },
            None => Self::internal(error),
        }
    }
}
