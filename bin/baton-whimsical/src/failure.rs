//! What a failed SCIM call means for the caller of the connector: a status code and a text with the next step.
//!
//! Source: connector-cli §8 (codes), §11.9 (hints).

use connector_sdk::error::{Code, Error, RateLimit};
use scim::client::Fault;

/// What the call was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The probe before everything else.
    Validate,
    /// A page of a listing.
    Listing,
    /// A page of a listing that came back unreadable too often.
    LastListing,
    /// A single read.
    Read,
    /// A change.
    Write,
}

/// Returns the error of a call.
pub(crate) fn of(error: scim::client::Error, call: Call) -> Error {
    let text = match hint(&error, call) {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    let limit = error.rate_limit().map(|limit| RateLimit {
        limit: limit.limit,
        remaining: limit.remaining,
        reset_at: limit.reset_at,
    });
    let failure = Error::new(code(&error, call), text).with_source(error);
    match limit {
        Some(limit) => failure.with_rate_limit(limit),
        None => failure,
    }
}

fn code(error: &scim::client::Error, call: Call) -> Code {
    match error.fault() {
        Fault::Status { status, .. } => match status {
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            // For a listing, "not found" would pass for an empty one.
            404 if matches!(call, Call::Listing | Call::LastListing) => Code::FailedPrecondition,
            404 => Code::NotFound,
            408 => Code::DeadlineExceeded,
            409 => Code::AlreadyExists,
            501 => Code::Unimplemented,
            429 | 500.. => Code::Unavailable,
            _ => Code::InvalidArgument,
        },
        Fault::TimedOut(_) => Code::DeadlineExceeded,
        Fault::Unreadable | Fault::Broken if call == Call::LastListing => Code::Internal,
        Fault::Unreachable | Fault::Broken => Code::Unavailable,
        Fault::Unreadable if call == Call::Listing => Code::Unavailable,
        Fault::Unreadable | Fault::WebPage | Fault::TooLarge { .. } | Fault::TooManyBad { .. } | Fault::Listing(_) => {
            Code::Internal
        }
        Fault::Redirect { .. } => Code::FailedPrecondition,
        Fault::SetUp => Code::InvalidArgument,
    }
}

fn hint(error: &scim::client::Error, call: Call) -> Option<&'static str> {
    match (error.status()?, call) {
        (401, _) => Some(
            "the token is wrong or has been rotated, or SCIM or SAML is switched off: reveal the token again in the \
             workspace settings",
        ),
        // A refused change has its own reasons, and the service tells them.
        (403, Call::Write) => None,
        (403, _) => Some("SCIM provisioning or SAML is switched off in the workspace settings"),
        (404, Call::Validate | Call::Listing | Call::LastListing) => {
            Some("the base URL is wrong, or SCIM provisioning is switched off in the workspace settings")
        }
        (404, Call::Read) => Some("the user is not in the workspace"),
        _ => None,
    }
}
