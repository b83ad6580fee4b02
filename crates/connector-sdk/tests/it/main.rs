//! The SDK as a connector and the command line see it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod capabilities;
mod cli;
mod derived;
mod fake;
mod file;
mod provision;
mod second_connector;
mod service;
mod service_tasks;
mod sync;
