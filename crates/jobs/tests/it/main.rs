//! Jobs on both engines: each is done, also when whoever does it dies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod crash;
mod runner;
mod scene;
