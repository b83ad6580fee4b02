//! The use cases of Podium: each authorises its actor, decides by the domain, and writes with its audit row.
//!
//! Start at [`Governance`]: it is made once per process and its modules add the use cases to it, one module per kind of
//! object. Every use case takes a [`Caller`]. REST, gRPC, the console, the command line and timers all call these, so
//! that a rule holds whatever the way in.
//!
//! This crate deliberately knows no HTTP and no SQL.

mod access;
mod context;
mod desk;
mod error;
mod written;

pub use context::{Caller, Governance, Settings};
pub use desk::{Asset, Desk, Pulse, Report, UploadError, Work};
pub use error::{Code, Error, Result};
pub use written::Written;
