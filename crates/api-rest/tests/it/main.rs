//! REST as callers meet it: through the router, with real tokens, on both engines.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod access;
mod api_clients;
mod apps;
mod audit;
mod file;
mod findings;
mod holds;
mod inventory;
mod me;
mod notices;
mod openapi;
mod people;
mod policies;
mod requests;
mod schedule;
mod settings;
mod syncs;
mod world;
