//! Clock and randomness, given to code instead of taken by it.
//!
//! Code that needs the time or random bytes asks for a [`Clock`] or an [`Rng`] and never calls the
//! operating system itself, so that a test, a demo or a replay decides both. Start at [`Clock`].
//!
//! This crate deliberately makes no identifiers: each format keeps its own beside the code that
//! reads and writes it (the KSUIDs of a sync live in `c1z`).

mod clock;
mod random;

pub use clock::{Clock, ManualClock, SystemClock};
pub use random::{Rng, SeededRng, SystemRng};
