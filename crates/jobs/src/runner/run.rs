//! One run of one job, to its end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use store::Store;
use store::job::{Ending, Job};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::handler::{Context, Failure, Handler, Next};

/// The longest pause between two tries of a job.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How often it is tried to settle a job that nobody survived.
const SETTLE: i64 = 3;

/// How a run ended. `None`: it was stopped before its end, and another is to do it.
pub(super) type Outcome = Option<Ending>;

/// Does the job.
pub(super) async fn run(store: Store, handler: Arc<dyn Handler>, job: Job, cancel: CancellationToken) -> Outcome {
    if job.attempts > job.max_attempts {
        let error = "each process that did it fell silent".to_owned();
        if job.attempts <= job.max_attempts.saturating_add(SETTLE) {
            settle(handler.as_ref(), &job, &error).await;
        }
        return Some(Ending::Dead { error });
    }
    let context = Context { job: job.clone(), cancel: cancel.clone() };
    let runner = Arc::clone(&handler);
    // Its own task: a panic in a handler must not end more than its job.
    let result = AbortOnDropHandle::new(tokio::spawn(async move { runner.run(&context).await })).await;
    let error = match result {
        Ok(Ok(Next::Done)) => return Some(Ending::Done),
        Ok(Ok(Next::At(at))) => return Some(Ending::Again { at, error: None }),
        Ok(Err(Failure::Passing(_))) if cancel.is_cancelled() => return None,
        Ok(Err(Failure::Passing(error))) if job.attempts < job.max_attempts => {
            tracing::warn!(job.id = %job.id, job.kind = job.kind, job.attempt = job.attempts, error, "a job failed; it is tried again");
            return Some(Ending::Again { at: later(store.now(), job.attempts), error: Some(error) });
        }
        Ok(Err(Failure::Passing(error) | Failure::Lasting(error))) => error,
        Err(panic) => format!("the handler panicked: {panic}"),
    };
    tracing::error!(job.id = %job.id, job.kind = job.kind, error, "a job failed for good; somebody must look");
    settle(handler.as_ref(), &job, &error).await;
    Some(Ending::Dead { error })
}

async fn settle(handler: &dyn Handler, job: &Job, reason: &str) {
    if let Err(error) = handler.give_up(job, reason).await {
        let error = error.to_string();
        tracing::error!(job.id = %job.id, job.kind = job.kind, error, "what a failed job leaves behind cannot be settled");
    }
}

/// When to try again after this many tries: after 2, 4, 8 … seconds, 10 minutes at most.
fn later(now: Timestamp, attempts: i64) -> Timestamp {
    let exponent = u32::try_from(attempts.clamp(0, 10)).unwrap_or(10);
    let pause = SignedDuration::from_secs(2_i64.saturating_pow(exponent)).min(LONGEST_PAUSE);
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_ten_minutes() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let pauses = [1, 2, 3, 9, 10, i64::MAX].map(|tries| later(now, tries).duration_since(now).as_secs());
        assert_eq!(pauses, [2, 4, 8, 512, 600, 600]);
    }
}
