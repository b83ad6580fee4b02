//! The use cases of Podium: each authorises its actor, decides by the domain, and writes with its audit row.
//!
//! Start at [`Governance`]: it is made once per process and its modules add the use cases to it, one module per kind of
//! object. Every use case takes a [`Caller`]. REST, gRPC, the console, the command line and timers all call these, so
//! that a rule holds whatever the way in.
//!
//! This crate deliberately knows no HTTP and no SQL.

mod access;
pub mod account;
pub mod api_client;
pub mod app;
pub mod audit;
pub mod breaker;
pub mod catalogue;
mod change;
pub mod classification;
pub mod connector;
mod context;
mod desk;
mod error;
pub mod finding;
pub mod grant;
pub mod hold;
pub mod identity_provider;
pub mod inventory;
mod matching;
pub mod me;
pub mod notice;
pub mod offboarding;
pub mod person;
pub mod policy;
pub mod provision;
mod reading;
pub mod request;
mod schedule;
pub mod setting;
pub mod sign_in;
pub mod switch;
pub mod sync;
pub mod tenant;
pub mod upkeep;
mod wish;
mod written;

pub use context::{Caller, Governance, Settings};
pub use desk::{Asset, Desk, Pulse, Report, UploadError, Work};
pub use error::{Code, Error, Result};
pub use written::Written;

/// A number between 0 and 1, for jitter.
pub(crate) fn chance(rng: &dyn ids::Rng) -> f64 {
    let mut bytes = [0; 4];
    rng.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
