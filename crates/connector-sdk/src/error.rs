//! What goes wrong in a connector call: a gRPC status code with a message, and what is known about the rate limit.
//!
//! Start at [`Error`]. The code decides everything that follows: whether the engine retries, whether a failed run is
//! worth resuming, and the exit status of the program. Errors of storage and configuration have code
//! [`Code::Unknown`], as every error without a status has in the Baton ecosystem.

use std::error::Error as StdError;
use std::fmt;

use jiff::Timestamp;

/// The seventeen status codes of gRPC; their numbers are the exit statuses of a one-shot run.
///
/// Source: connector-cli §8; the gRPC status code table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// No error.
    Ok = 0,
    /// The caller gave up.
    Canceled = 1,
    /// An error without a status: configuration, storage, a broken upstream answer.
    Unknown = 2,
    /// The request is wrong whatever the state of the system.
    InvalidArgument = 3,
    /// Too late; the next attempt may succeed.
    DeadlineExceeded = 4,
    /// The thing asked for does not exist.
    NotFound = 5,
    /// The thing to create exists.
    AlreadyExists = 6,
    /// The caller is known and not allowed.
    PermissionDenied = 7,
    /// A quota is used up.
    ResourceExhausted = 8,
    /// The system is not in the state that the operation needs.
    FailedPrecondition = 9,
    /// The operation has to start over. See [`Error::restart`] for what a listing says with it.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// Not offered.
    Unimplemented = 12,
    /// An invariant is broken.
    Internal = 13,
    /// Not reachable now; the next attempt may succeed.
    Unavailable = 14,
    /// Data is lost for good.
    DataLoss = 15,
    /// No valid credentials.
    Unauthenticated = 16,
}

impl Code {
    /// Every code, in numeric order.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Canceled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The number on the wire, 0 to 16; also the exit status of the process.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code with this number; [`Code::Unknown`] for any other number.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        Self::ALL.into_iter().find(|code| i32::from(code.number()) == number).unwrap_or(Self::Unknown)
    }

    /// The name as gRPC for Go prints it, for example `PermissionDenied`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Canceled => "Canceled",
            Self::Unknown => "Unknown",
            Self::InvalidArgument => "InvalidArgument",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::PermissionDenied => "PermissionDenied",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::FailedPrecondition => "FailedPrecondition",
            Self::Aborted => "Aborted",
            Self::OutOfRange => "OutOfRange",
            Self::Unimplemented => "Unimplemented",
            Self::Internal => "Internal",
            Self::Unavailable => "Unavailable",
            Self::DataLoss => "DataLoss",
            Self::Unauthenticated => "Unauthenticated",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the upstream said about its rate limit beside an error.
///
/// Source: `c1.connector.v2.RateLimitDescription`, which travels as a status detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in the window.
    pub limit: i64,
    /// Requests left in the window.
    pub remaining: i64,
    /// When the window starts anew, if known.
    pub reset_at: Option<Timestamp>,
}

/// A failed connector call or engine step: a status code and a message.
///
/// Displayed as `rpc error: code = NotFound desc = MESSAGE`, the form that wrappers of connectors search for; an
/// error of code [`Code::Unknown`] is displayed as its bare message, since it never had a status.
///
/// Source: connector-cli §7.1, §8.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    rate_limit: Option<RateLimit>,
    declined: Option<String>,
    restart: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of a connector call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with this code and message.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), rate_limit: None, declined: None, restart: false, source: None }
    }

    /// An error without a status: configuration, storage, anything local.
    #[must_use]
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Code::Unknown, message)
    }

    /// The thing does not exist. During a sync this is a warning, not a failure (sync.md §3.1).
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// The connector does not offer the operation.
    #[must_use]
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// The request is wrong whatever the state of the system.
    #[must_use]
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// The upstream listing moved under a resumed cursor, so the pages already stored cannot be completed.
    ///
    /// Returned by the first listing call after a resume, it makes the engine abandon the unfinished sync and start
    /// a new one, once per run. At any other moment it fails the sync with [`Code::Aborted`].
    #[must_use]
    pub fn restart(message: impl Into<String>) -> Self {
        Self { restart: true, ..Self::new(Code::Aborted, message) }
    }

    /// The connector refuses a grant on purpose, for this reason: a decision, not a failure.
    ///
    /// Whoever asked is told so, and nothing is retried. Source: baton-service-mode §9, declined.
    #[must_use]
    pub fn declined(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { declined: Some(reason.clone()), ..Self::new(Code::FailedPrecondition, reason) }
    }

    /// The same error with what the upstream said about its rate limit.
    #[must_use]
    pub fn with_rate_limit(mut self, rate_limit: RateLimit) -> Self {
        self.rate_limit = Some(rate_limit);
        self
    }

    /// The same error with the error that caused it; the cause is not part of the text.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, its text preceded by what was tried: `rpc error: code = C desc = TRIED: rpc error: …`.
    ///
    /// Code, rate limit and restart request stay.
    #[must_use]
    pub fn context(self, tried: impl fmt::Display) -> Self {
        Self { message: format!("{tried}: {self}"), ..self }
    }

    /// The status code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The message without the code.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the upstream said about its rate limit, if anything.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.rate_limit
    }

    /// Why the connector refused, when the error was made by [`Error::declined`].
    #[must_use]
    pub fn declined_because(&self) -> Option<&str> {
        self.declined.as_deref()
    }

    /// Whether the error was made by [`Error::restart`].
    #[must_use]
    pub fn asks_for_restart(&self) -> bool {
        self.restart
    }

    /// Whether the same call may succeed later: [`Code::Unavailable`] and [`Code::DeadlineExceeded`] only.
    ///
    /// Source: sync.md §3.1.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::DeadlineExceeded)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Code::Unknown => f.write_str(&self.message),
            code => write!(f, "rpc error: code = {code} desc = {}", self.message),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<c1z::Error> for Error {
    /// An error of the file, without a status.
    fn from(error: c1z::Error) -> Self {
        Self::unknown(error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests;
