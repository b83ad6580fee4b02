//! Tells the server that a sync is still at work, and hears from it when the sync is to stop.
//!
//! Source: baton-service-mode §8.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::wait::asked;
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;

/// The interval when the server names none.
const DEFAULT: Duration = Duration::from_secs(30);
/// The shortest interval.
const LEAST: Duration = Duration::from_secs(1);
/// The longest interval.
const MOST: Duration = Duration::from_mins(5);
/// After so many failures in a row the sync is given up.
const MAX_FAILURES: u32 = 9;

/// The interval that the server asks for.
pub(super) fn interval(next: Option<&proto::Duration>) -> Duration {
    let wait = asked(next, MOST);
    if wait.is_zero() { DEFAULT } else { wait.max(LEAST) }
}

/// The heartbeat before the work: how long until the next one.
///
/// A second attempt bridges a connection that was found broken.
///
/// # Errors
/// The error of the server; `Canceled` when it has cancelled the task.
pub(super) async fn first(api: &Api, task_id: &str, runtime: &Runtime) -> Result<Duration> {
    let answer = match api.heartbeat(task_id).await {
        Err(error) if error.is_transient() => {
            runtime.sleeper.sleep(LEAST).await;
            api.heartbeat(task_id).await
        }
        answer => answer,
    }?;
    if answer.cancelled {
        return Err(cancelled());
    }
    Ok(interval(answer.next_heartbeat.as_ref()))
}

/// Heartbeats for ever, beginning after `wait`. Cancels `work` and says why when the server wants that, or can't be
/// reached any more; then it returns.
pub(super) async fn keep(
    api: &Api,
    task_id: &str,
    mut wait: Duration,
    runtime: &Runtime,
    work: &CancellationToken,
) -> Error {
    let mut failures = 0;
    let reason = loop {
        runtime.sleeper.sleep(wait).await;
        if failures >= MAX_FAILURES {
            break Error::new(Code::Canceled, "task failed heartbeat");
        }
        match api.heartbeat(task_id).await {
            Ok(answer) if answer.cancelled => break cancelled(),
            Ok(answer) => {
                failures = 0;
                wait = interval(answer.next_heartbeat.as_ref());
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(error = %error, task_id, failures, "heartbeat failed");
            }
        }
    };
    tracing::warn!(task_id, reason = reason.message(), "the sync is cancelled");
    work.cancel();
    reason
}

fn cancelled() -> Error {
    Error::new(Code::Canceled, "task was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_clamped() {
        for (seconds, expect) in
            [(None, 30), (Some(0), 30), (Some(-5), 30), (Some(1), 1), (Some(77), 77), (Some(301), 300)]
        {
            let next = seconds.map(|seconds| proto::Duration { seconds, nanos: 0 });
            assert_eq!(interval(next.as_ref()), Duration::from_secs(expect), "{seconds:?}");
        }
        assert_eq!(interval(Some(&proto::Duration { seconds: 0, nanos: 1 })), LEAST);
    }
}
