//! What the server remembers, on SQLite and on PostgreSQL, with one SQL text.
//!
//! Start at [`Store`]: it is opened once and cloned freely. Reads take a connection from [`Store::read`]; changes go
//! through a [`Tx`], which writes the audit rows of the change in the same transaction. Each module holds the rows of
//! one kind of object as plain functions over a connection, so that a use case can combine them in one transaction.
//!
//! One SQL text serves both engines; what differs stands in [`Engine`]. This crate deliberately decides no policy:
//! who may, and what follows, is decided by `domain` and `governance`.

pub mod api_token;
pub mod app;
pub mod audit;
pub mod breaker;
pub mod bundle;
pub mod classification;
pub mod connector;
pub mod credential;
pub mod delegation;
mod engine;
mod error;
pub mod file;
pub mod finding;
pub mod form;
pub mod grant;
mod hex;
pub mod hold;
pub mod host;
pub mod idempotency;
pub mod identity_provider;
pub mod inventory;
pub mod job;
pub mod notice;
pub mod offboarding;
mod open;
mod page;
pub mod password;
pub mod person;
pub mod policy;
pub mod provision;
pub mod provisioning;
pub mod replay;
pub mod request;
pub mod request_setting;
mod row;
pub mod seal;
pub mod session;
pub mod setup_link;
pub mod signing_key;
pub mod switch;
pub mod sync;
pub mod task;
pub mod tenant;
mod tx;
mod watch;

pub use engine::Engine;
pub use error::{Error, Result, Retry};
pub use hex::hex;
pub use open::{Location, Store, Surroundings};
pub use page::{Page, Paging};
pub use row::{RowExt, flag, json_text, micros, micros_opt};
pub use tx::Tx;
pub use watch::Watch;

/// A connection to either engine, as the functions of this crate's modules take it.
pub type Connection = sqlx::AnyConnection;
