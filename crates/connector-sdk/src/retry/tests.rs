use std::sync::Mutex;

use ids::ManualClock;
use jiff::SignedDuration;

use super::*;

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<u64>>);

#[async_trait]
impl Sleeper for Notes {
    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration.as_secs());
    }
}

fn unavailable() -> Error {
    Error::new(Code::Unavailable, "503")
}

fn limited(remaining: i64, reset_in_ms: i64) -> Error {
    unavailable().with_rate_limit(RateLimit {
        limit: 10,
        remaining,
        reset_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_millis(reset_in_ms)),
    })
}

/// Makes calls that fail with `errors` and then succeed; returns the waits in seconds and the final code.
async fn waits(policy: RetryPolicy, errors: Vec<Error>) -> (Vec<u64>, Code) {
    let notes = Arc::new(Notes::default());
    let clock = Arc::new(ManualClock::default());
    let retry = Retry::new(policy, clock, notes.clone(), CancellationToken::new());
    let mut errors = errors.into_iter();
    let result = retry.call(|| std::future::ready(errors.next().map_or(Ok(()), Err))).await;
    let waits = notes.0.lock().unwrap().clone();
    (waits, result.map_or_else(|error| error.code(), |()| Code::Ok))
}

#[tokio::test]
async fn waits_follow_the_policy_and_the_rate_limit() {
    let many = |n: usize| (0..n).map(|_| unavailable()).collect::<Vec<_>>();
    for (policy, errors, expect) in [
        (RetryPolicy::LISTING, many(3), (vec![1, 2, 3], Code::Ok)),
        (RetryPolicy::VALIDATE, many(9), (vec![1, 2, 3, 4, 5], Code::Unavailable)),
        (RetryPolicy::GRANT, many(9), (vec![15, 30, 45], Code::Unavailable)),
        (RetryPolicy::LISTING, vec![Error::new(Code::DeadlineExceeded, "")], (vec![1], Code::Ok)),
        (RetryPolicy::LISTING, vec![Error::new(Code::PermissionDenied, "")], (vec![], Code::PermissionDenied)),
        (RetryPolicy::LISTING, vec![limited(0, 2_000)], (vec![2], Code::Ok)),
        (RetryPolicy::LISTING, vec![limited(4, 10_000)], (vec![3], Code::Ok)),
        (RetryPolicy::LISTING, vec![limited(-1, 3_600_000)], (vec![60], Code::Ok)),
        (RetryPolicy::LISTING, vec![limited(0, -5_000)], (vec![1], Code::Ok)),
        (RetryPolicy::VALIDATE, vec![limited(0, 2_000), limited(0, 2_000)], (vec![2, 2], Code::Ok)),
    ] {
        assert_eq!(waits(policy, errors).await, expect);
    }
}

#[tokio::test]
async fn long_rows_of_failures_wait_a_minute_each() {
    let (waits, code) = waits(RetryPolicy::LISTING, (0..62).map(|_| unavailable()).collect()).await;
    assert_eq!(waits[59..], [60, 60, 60]);
    assert_eq!(code, Code::Ok);
}

#[tokio::test]
async fn a_success_starts_the_count_anew() {
    let notes = Arc::new(Notes::default());
    let clock = Arc::new(ManualClock::default());
    let retry = Retry::new(RetryPolicy::LISTING, clock, notes.clone(), CancellationToken::new());
    for _ in 0..2 {
        let mut errors = vec![unavailable(), unavailable()].into_iter();
        retry.call(|| std::future::ready(errors.next().map_or(Ok(()), Err))).await.unwrap();
    }
    assert_eq!(*notes.0.lock().unwrap(), [1, 2, 1, 2]);
}

#[tokio::test]
async fn cancelling_ends_a_call_that_hangs() {
    let cancel = CancellationToken::new();
    let clock = Arc::new(ManualClock::default());
    let retry = Retry::new(RetryPolicy::LISTING, clock, Arc::new(TimerSleeper), cancel.clone());
    let hanging = retry.call(std::future::pending::<Result<()>>);
    let (result, ()) = tokio::join!(hanging, async { cancel.cancel() });
    assert_eq!(result.unwrap_err().code(), Code::Canceled);
}
