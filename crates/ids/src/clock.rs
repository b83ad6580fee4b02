//! The time: from the system, or set by hand.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tells the time.
///
/// A clock may step backwards (the system's can); measure durations with
/// [`std::time::Instant`] instead.
pub trait Clock: Debug + Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until somebody moves it; for tests, demos and the lab.
///
/// Clones share one time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Returns a clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.lock() = now;
    }

    /// Moves the time by `by`, backwards when that is negative.
    ///
    /// Stops at the ends of what [`Timestamp`] can hold (the years -9999 and 9999).
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.lock();
        let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        *now = now.checked_add(by).unwrap_or(end);
    }

    // A timestamp is never half written, so a poisoned lock still holds a good one.
    fn lock(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    /// Returns a clock that stands at the Unix epoch.
    fn default() -> Self {
        Self::new(Timestamp::UNIX_EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_stands_still_until_moved() {
        let clock = ManualClock::new("2026-11-23T08:00:00Z".parse().unwrap());
        let shared = clock.clone();
        assert_eq!(clock.now(), clock.now());
        clock.advance(SignedDuration::from_mins(90));
        assert_eq!(shared.now().to_string(), "2026-11-23T09:30:00Z");
        shared.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn manual_clock_stops_at_the_ends_of_time() {
        let clock = ManualClock::default();
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        clock.advance(SignedDuration::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }

    #[test]
    fn system_clock_tells_the_present() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let written: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(clock.now() > written, "the clock of this machine is before {written}");
    }
}
