//! What a handler comes back with, and the layers around a connector call.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use proto::google::rpc::Status;
use proto::{Any, Message, Name};

use super::TaskOutcome;
use crate::annotations::pack;
use crate::error::{Code, Error, Result};
use crate::service::status;

/// The most annotations that fit into a report. Source: the field rules of `FinishTaskRequest`.
const MAX_ANNOTATIONS: usize = 16;
/// The longest answer that is sent: the usual limit of gRPC with room for what is around the answer.
///
/// Source: baton-service-mode §16, client item 16.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024 - 64 * 1024;

/// A task that is done.
#[derive(Debug)]
pub(super) struct Answer {
    response: Any,
    annotations: Vec<Any>,
}

impl Answer {
    /// The answer of the connector, and what the report says beside it.
    pub(super) fn new<M: Message + Name>(response: &M, annotations: Vec<Any>) -> Self {
        Self { response: pack(response), annotations }
    }

    /// The answer to a question, unless it is too long to send.
    pub(super) fn of_read<M: Message + Name>(response: &M, annotations: Vec<Any>) -> Result<Self> {
        let size = response.encoded_len();
        if size > MAX_BYTES {
            let text = format!("the answer has {size} bytes, more than the {MAX_BYTES} that can be sent");
            return Err(Error::new(Code::ResourceExhausted, text));
        }
        Ok(Self::new(response, annotations))
    }
}

/// A task that failed.
#[derive(Debug)]
pub(super) struct Fault {
    status: Status,
    non_retryable: bool,
    annotations: Vec<Any>,
}

impl Fault {
    /// The task makes no sense; trying it again would make none either.
    pub(super) fn malformed(text: &str) -> Self {
        Self { status: status::malformed_status(text), non_retryable: true, annotations: Vec::new() }
    }

    /// The task is refused without having asked the connector.
    pub(super) fn local(text: &str) -> Self {
        Self::retryable(&Error::unknown(text))
    }

    /// The call failed, and may be made again.
    pub(super) fn retryable(error: &Error) -> Self {
        Self { status: status::status(error), non_retryable: false, annotations: Vec::new() }
    }

    /// The call failed, and must not be made again: nobody knows how far it came.
    pub(super) fn non_retryable(error: &Error) -> Self {
        Self { status: status::non_retryable_status(error), non_retryable: true, annotations: Vec::new() }
    }

    /// The same with these annotations in the report.
    pub(super) fn annotated(self, annotations: &[Any]) -> Self {
        Self { annotations: annotations.to_vec(), ..self }
    }
}

/// What the work comes to; a panic in it is an error without further words.
pub(super) async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // Nothing of a handler is used after its panic.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("the connector panicked in a task");
        Err(Error::new(Code::Internal, "Internal Server Error"))
    })
}

/// The work of a task that writes: its errors are final.
pub(super) async fn write(work: impl Future<Output = Result<Answer>>) -> Result<Answer, Fault> {
    guarded(work).await.map_err(|error| Fault::non_retryable(&error))
}

/// The work of a task that asks: its errors may be gone later.
pub(super) async fn read(work: impl Future<Output = Result<Answer>>) -> Result<Answer, Fault> {
    guarded(work).await.map_err(|error| Fault::retryable(&error))
}

impl From<Answer> for TaskOutcome {
    fn from(Answer { response, mut annotations }: Answer) -> Self {
        annotations.truncate(MAX_ANNOTATIONS);
        Self::Success { response: Some(response), annotations }
    }
}

impl From<Fault> for TaskOutcome {
    fn from(Fault { status, non_retryable, mut annotations }: Fault) -> Self {
        annotations.truncate(MAX_ANNOTATIONS);
        Self::Failure { status, non_retryable, annotations }
    }
}
