//! Errors as the server gets them: `google.rpc.Status`, in the words of a Go connector.
//!
//! Start at [`status`]. A Go connector consists of two processes, and each of them adds a layer to the text; servers
//! look at code and details, people at the innermost text.
//!
//! Source: baton-service-mode §9, how an error becomes `status`.

use proto::Any;
use proto::c1::connector::v2::RateLimitDescription;
use proto::c1::connector::v2::rate_limit_description::Status as Limit;
use proto::google::rpc::{ErrorInfo, Status};

use crate::annotations::pack;
use crate::error::{Code, Error, RateLimit};

/// The second line of the text of an error that must not be retried.
const NON_RETRYABLE: &str = "task failed and is non-retryable";
/// Longer texts are cut: a server has to store and show them.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The status of a failed connector call.
///
/// Details say what is known about the rate limit, and that a grant was declined.
#[must_use]
pub fn status(error: &Error) -> Status {
    Status { code: error.code().number().into(), message: cut(error.message()), details: details(error) }
}

/// The status of a failed connector call that must not be retried: the text says so.
#[must_use]
pub fn non_retryable_status(error: &Error) -> Status {
    let Status { code, message, details } = status(error);
    let name = Code::from_number(code).name();
    Status { code, message: format!("rpc error: code = {name} desc = {message}\n{NON_RETRYABLE}"), details }
}

/// The status of a task that is refused before any call because it makes no sense.
#[must_use]
pub fn malformed_status(text: &str) -> Status {
    Status { code: Code::Unknown.number().into(), message: format!("{text}\n{NON_RETRYABLE}"), details: Vec::new() }
}

fn details(error: &Error) -> Vec<Any> {
    let declined = error.declined_because().map(|reason| {
        pack(&ErrorInfo {
            reason: "grant_cancelled".to_owned(),
            domain: "github.com/conductorone/baton-sdk".to_owned(),
            metadata: [("reason".to_owned(), cut(reason))].into(),
        })
    });
    declined.into_iter().chain(error.rate_limit().map(|limit| pack(&description(limit)))).collect()
}

fn description(limit: RateLimit) -> RateLimitDescription {
    let status = if limit.remaining > 0 { Limit::Ok } else { Limit::Overlimit };
    let reset_at = limit.reset_at.map(|at| proto::Timestamp {
        // Both parts have the same sign in one type and not in the other; before 1970 nothing resets.
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond().max(0),
    });
    RateLimitDescription { status: status.into(), limit: limit.limit, remaining: limit.remaining, reset_at }
}

/// The beginning of the text, as much of it as is sent.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
