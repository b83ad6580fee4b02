//! Files become what the store knows, on both engines.
#![expect(clippy::indexing_slicing, clippy::assigning_clones, reason = "a test may panic, and need not be quick")]

mod basics;
mod holds;
mod keeping;
mod lists;
mod model;
mod world;
