//! Open identity governance: the server, its demonstration, and its administration on the machine itself.
//!
//! Start at [`cli`]. [`config`] is parsed and checked once at the start and passed down; [`serve`] puts the parts
//! together: store, jobs, connectors, REST; [`hosted`] runs connectors in the server itself.

mod admin;
pub mod cli;
pub mod config;
mod demo;
pub mod hosted;
mod logging;
pub mod serve;
