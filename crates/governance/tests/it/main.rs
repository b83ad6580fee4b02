//! Use cases on both engines.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod schedule;
mod world;
