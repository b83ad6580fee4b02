//! What goes wrong between a client and its service.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::rate::RateLimit;
use super::walk::Stuck;

/// A failed call: what happened, and what the service said of its rate limit.
#[derive(Debug)]
pub struct Error {
    fault: Fault,
    rate_limit: Option<RateLimit>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The service refused the request or failed.
    #[error("{status} {reason}{}", detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default())]
    Status {
        /// The HTTP status.
        status: u16,
        /// Its standard phrase.
        reason: &'static str,
        /// The kind of a SCIM error (RFC 7644 §3.12), when the service tells it.
        scim_type: Option<Box<str>>,
        /// What the service said, at most 200 characters; the body of a web page is left out.
        detail: Option<Box<str>>,
    },
    /// No connection came about, so nothing was sent.
    #[error("the service cannot be reached")]
    Unreachable,
    /// The connection broke; the request may have been carried out.
    #[error("the connection broke before the answer was complete")]
    Broken,
    /// The answer did not come in time; the request may have been carried out.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The service answered 2xx with something that is not SCIM.
    #[error("the answer is not SCIM JSON")]
    Unreadable,
    /// The service answered 2xx with a page for people.
    #[error("the answer is a web page, not SCIM: check the base URL, and whether a login page or proxy is in between")]
    WebPage,
    /// The answer is larger than a client reads.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The most that is read.
        limit_bytes: usize,
    },
    /// The service wants the request sent elsewhere, where the token must not go.
    #[error("{status}: the service redirects to another address: check the base URL")]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// A user was to be found among all users, and the listing cannot be read to its end.
    #[error("list users: {0}")]
    Listing(Stuck),
    /// Too many users of a page cannot be read.
    #[error("{bad} of {all} users of a page cannot be read")]
    TooManyBad {
        /// How many cannot be read.
        bad: usize,
        /// How many the page holds.
        all: usize,
    },
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: is the token free of spaces and line ends?")]
    SetUp,
}

impl Error {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, rate_limit: None, source: None }
    }

    pub(super) fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    pub(super) fn with_rate_limit(self, rate_limit: Option<RateLimit>) -> Self {
        Self { rate_limit, ..self }
    }

    /// Returns what happened.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Returns the HTTP status of an answer that was not 2xx.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.fault {
            Fault::Status { status, .. } | Fault::Redirect { status } => Some(status),
            _ => None,
        }
    }

    /// Returns the `scimType` of an answer that was not 2xx, when the service tells one.
    #[must_use]
    pub fn scim_type(&self) -> Option<&str> {
        match &self.fault {
            Fault::Status { scim_type, .. } => scim_type.as_deref(),
            _ => None,
        }
    }

    /// Whether the service may have carried the request out all the same.
    pub(super) fn is_outcome_unknown(&self) -> bool {
        match self.fault {
            Fault::Status { status, .. } => status >= 500 && status != 501,
            Fault::Broken | Fault::TimedOut(_) | Fault::TooLarge { .. } => true,
            _ => false,
        }
    }

    /// Returns what the service said of its rate limit.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.rate_limit
    }

    /// Whether the answer came and made no sense; repeating may help, but not for ever.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self.fault, Fault::Unreadable | Fault::Broken)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
