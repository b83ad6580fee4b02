//! Who is calling, on both engines.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod call;
mod credential;
mod machine;
mod setup;
mod token;
mod world;
