//! Connectors against the server, over real TLS, on both engines.
//!
//! Item numbers in the names of tests are those of the server list in baton-service-mode §16.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod client;
mod faults;
mod health;
mod hello;
mod main_path;
mod messages;
mod outcomes;
mod tasks;
mod transport;
mod uploads;
mod world;
