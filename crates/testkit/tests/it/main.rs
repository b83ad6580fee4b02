//! The programs together: the connector against the local workspace, read by the explorer, over real HTTP and files.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod backup;
mod clocks;
mod crash;
mod deploy;
mod documents;
mod edge;
mod faults;
mod just_in_time;
mod outages;
mod scene;
mod self_hosted;
mod server;
mod server_crash;
mod sign_in;
