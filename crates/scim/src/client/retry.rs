//! When a request is repeated, and how long to wait before.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep};

use super::error::{Error, Fault};

/// Whether a request is repeated by the client itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Sent once; the caller decides what comes next.
    Once,
    /// Repeated after faults that pass, within two minutes in all.
    Retry,
}

/// The longest that one call keeps trying.
const BUDGET: Duration = Duration::from_mins(2);

/// The attempts of one call: 1, 2, 4, 8, 16 s apart with jitter, or as the service asks.
pub(super) struct Attempts {
    backoff: ExponentialBackoff,
    end: Instant,
    /// A 500 is less likely to pass than a 503: two repeats are enough.
    internal_errors: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(16))
            .without_max_times()
            .with_jitter()
            .build();
        Self { backoff, end: Instant::now() + BUDGET, internal_errors: 0 }
    }

    /// Waits before the next attempt; `None` when there must not be one.
    ///
    /// The wait that the service asks for is not added, since the transport holds every request back until then; but
    /// when that is after the end of the budget, there is no next attempt.
    pub(super) async fn wait(&mut self, error: &Error, held_until: Option<Instant>) -> Option<()> {
        match error.fault() {
            Fault::Status { status: 500, .. } => {
                self.internal_errors += 1;
                if self.internal_errors > 2 {
                    return None;
                }
            }
            Fault::Status { status: 429 | 502..=504, .. } | Fault::Unreachable | Fault::Broken | Fault::TimedOut(_) => {
            }
            _ => return None,
        }
        let wait = self.backoff.next()?;
        if Instant::now() + wait > self.end || held_until.is_some_and(|instant| instant > self.end) {
            return None;
        }
        tracing::warn!("the request is repeated: {error}");
        sleep(wait).await;
        Some(())
    }
}
