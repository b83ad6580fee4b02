//! The clock of the workspace: the system's, unless the lab moves it.

use std::sync::{Mutex, PoisonError};

use ids::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Clone, Copy, Default)]
enum Mode {
    #[default]
    System,
    Shifted(SignedDuration),
    Fixed(Timestamp),
}

/// A clock that follows the system until the lab shifts it or stops it.
#[derive(Debug, Default)]
pub struct LabClock(Mutex<Mode>);

impl LabClock {
    /// Stops the clock at an instant.
    pub fn stop_at(&self, now: Timestamp) {
        self.set(Mode::Fixed(now));
    }

    /// Moves the clock; a stopped one stays stopped, a running one runs on.
    pub fn advance(&self, by: SignedDuration) {
        let mode = match self.mode() {
            Mode::System => Mode::Shifted(by),
            Mode::Shifted(shift) => Mode::Shifted(shift.saturating_add(by)),
            Mode::Fixed(now) => Mode::Fixed(now.checked_add(by).unwrap_or(now)),
        };
        self.set(mode);
    }

    /// Lets the clock follow the system again.
    pub fn reset(&self) {
        self.set(Mode::System);
    }

    fn mode(&self) -> Mode {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, mode: Mode) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }
}

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        match self.mode() {
            Mode::System => SystemClock.now(),
            Mode::Shifted(shift) => {
                let now = SystemClock.now();
                now.checked_add(shift).unwrap_or(now)
            }
            Mode::Fixed(now) => now,
        }
    }
}
