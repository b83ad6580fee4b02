//! The SDK as a connector and the command line see it.

mod fake;
mod file;
mod provision;
mod sync;
