//! Open identity governance: the server, its demonstration, and its administration on the machine itself.
//!
//! Start at [`cli`]. [`config`] is parsed and checked once at the start and passed down; [`serve`] puts the parts
//! together: store, jobs, connectors, REST.

pub mod cli;
pub mod config;
