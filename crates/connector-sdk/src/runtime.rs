//! What the engine and the single operations take from their surroundings: time, randomness, waiting, cancellation.
//!
//! Start at [`Runtime`].

use std::sync::Arc;

use ids::{Clock, Rng, SystemClock, SystemRng};
use tokio_util::sync::CancellationToken;

use crate::retry::{Retry, RetryPolicy, Sleeper, TimerSleeper};

/// The surroundings of a run. [`Runtime::default`] is the real world.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives the random part of sync ids.
    pub rng: Arc<dyn Rng>,
    /// Waits between attempts.
    pub sleeper: Arc<dyn Sleeper>,
    /// Ends the run early: what is done is kept, and the run fails with `Canceled`.
    pub cancel: CancellationToken,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            sleeper: Arc::new(TimerSleeper),
            cancel: CancellationToken::new(),
        }
    }
}

impl Runtime {
    /// A fresh count of failures under this policy.
    pub(crate) fn retry(&self, policy: RetryPolicy) -> Retry {
        Retry::new(policy, Arc::clone(&self.clock), Arc::clone(&self.sleeper), self.cancel.clone())
    }
}
