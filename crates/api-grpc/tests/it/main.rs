//! Connectors against the server, over real TLS, on both engines.
//!
//! Item numbers in the names of tests are those of the server list in baton-service-mode §16.

mod client;
mod main_path;
mod world;
