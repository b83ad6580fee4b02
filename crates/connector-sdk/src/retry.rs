//! When and how long to wait before a connector call is made again.
//!
//! Start at [`Retry`]. Only transient errors are retried ([`Error::is_transient`]); what the upstream said about its
//! rate limit goes before the linear waits.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ids::Clock;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::error::{Code, Error, RateLimit, Result};

/// From this time on a call is worth a warning.
const SLOW: Duration = Duration::from_mins(1);
/// The longest wait between two attempts.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Waits. Tests give one that only takes notes.
#[async_trait]
pub trait Sleeper: Debug + Send + Sync {
    /// Returns after `duration`. Cancel safe.
    async fn sleep(&self, duration: Duration);
}

/// Waits for real.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimerSleeper;

#[async_trait]
impl Sleeper for TimerSleeper {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How often a call is retried, and the wait before the first retry; the n-th wait is n times that, at most 60 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    first_wait: Duration,
    max_retries: Option<u32>,
}

impl RetryPolicy {
    /// Listing calls of a sync: without limit. Source: sync.md §3.1.
    pub const LISTING: Self = Self { first_wait: Duration::from_secs(1), max_retries: None };
    /// The credential check: five retries. Source: connector-cli §5.1.
    pub const VALIDATE: Self = Self { first_wait: Duration::from_secs(1), max_retries: Some(5) };
    /// Grant and revoke: three retries after 15, 30 and 45 s. Source: connector-cli §5.3.
    pub const GRANT: Self = Self { first_wait: Duration::from_secs(15), max_retries: Some(3) };

    /// Listing the kinds of ticket: ten retries.
    pub const TICKET_SCHEMAS: Self = Self { first_wait: Duration::from_secs(15), max_retries: Some(10) };

    /// How long to wait after the `attempt`-th failure in a row (from 1) with this rate limit.
    ///
    /// Source: sync.md §3.1.
    fn wait(self, attempt: u32, rate_limit: Option<RateLimit>, now: Timestamp) -> Duration {
        rate_limit
            .and_then(|limit| until_allowed(limit, now))
            .unwrap_or_else(|| self.first_wait.saturating_mul(attempt))
            .min(MAX_WAIT)
    }
}

/// The wait that a rate limit asks for; `None` when it tells no time in the future.
fn until_allowed(limit: RateLimit, now: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(limit.reset_at?.duration_since(now)).ok()?;
    if left.is_zero() {
        return None;
    }
    let Ok(remaining @ 1..) = u64::try_from(limit.remaining) else {
        return Some(left);
    };
    let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    Some(Duration::from_secs(millis.div_ceil(remaining.saturating_mul(1000))))
}

/// Carries out calls under a policy. The count of failures in a row is shared by everything that uses the same value.
#[derive(Debug)]
pub struct Retry {
    policy: RetryPolicy,
    failures: AtomicU32,
    clock: Arc<dyn Clock>,
    sleeper: Arc<dyn Sleeper>,
    cancel: CancellationToken,
}

impl Retry {
    /// A fresh count under this policy.
    #[must_use]
    pub fn new(
        policy: RetryPolicy,
        clock: Arc<dyn Clock>,
        sleeper: Arc<dyn Sleeper>,
        cancel: CancellationToken,
    ) -> Self {
        Self { policy, failures: AtomicU32::new(0), clock, sleeper, cancel }
    }

    /// Makes the call until it succeeds, fails for good, or the policy is used up.
    ///
    /// # Errors
    /// The last error of the call; [`Code::Canceled`] when the token was cancelled, whereupon the running call is
    /// dropped.
    pub async fn call<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        loop {
            let started = Instant::now();
            let answer = self.unless_cancelled(call()).await?;
            let elapsed = started.elapsed();
            if elapsed > SLOW {
                tracing::warn!(elapsed = elapsed.as_secs_f64(), "slow connector call");
            }
            let error = match answer {
                Ok(value) => {
                    self.failures.store(0, Ordering::Relaxed);
                    return Ok(value);
                }
                Err(error) => error,
            };
            if !error.is_transient() {
                return Err(error);
            }
            let attempt = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            if self.policy.max_retries.is_some_and(|max| attempt > max) {
                return Err(error);
            }
            let wait = self.policy.wait(attempt, error.rate_limit(), self.clock.now());
            tracing::warn!(wait = wait.as_secs_f64(), error = %error, "retrying operation");
            self.unless_cancelled(self.sleeper.sleep(wait)).await?;
        }
    }

    async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::new(Code::Canceled, "context canceled")),
            value = work => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests;
