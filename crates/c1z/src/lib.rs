//! Reads and writes `.c1z` files, the files in which Baton connectors keep what they found.
//!
//! A file holds any number of *syncs*; a sync holds resource types, resources, entitlements and grants.
//! Start at [`Reader`] to look into a file, and at [`Store`] to write one; both show the rows of one sync as a
//! [`View`].
//!
//! How a file is opened: [`Format::detect`] looks at the first five bytes; the v1 envelope (`C1ZF`) is a zstd frame
//! around a SQLite database, which is decoded to a temporary folder; the v3 envelope (`C1Z3`) holds a Pebble store, which
//! is read and made into such a database. Only v1 is written; [`Store`] refuses v3 with [`Error::UnsupportedV3`].
//!
//! What holds throughout:
//! - Memory does not grow with the file: rows are streamed, decoding and encoding go through a file.
//! - The file on disk is never changed in place. A new one is written beside it, forced to disk and renamed over it.
//! - Times are written as UTC. The format has no zone; other writers put their local wall clock there.
//!
//! This crate deliberately has no network and no async; run it where blocking is allowed. It decides no
//! policy either: which sync to resume, and when to save, is up to the caller.

mod copy;
mod diff;
mod envelope;
mod error;
mod filter;
mod limits;
mod pebble;
mod peek;
mod reader;
mod record;
mod schema;
mod selection;
mod stats;
mod store;
mod sync_id;
mod sync_run;
mod time;
mod view;

pub use diff::Change;
pub use envelope::Format;
pub use error::{Error, Result};
pub use filter::{Entitlements, Filter, Grants, ResourceRef, ResourceTypes, Resources};
pub use limits::{DeclaredSize, Limits};
pub use peek::read_syncs;
pub use reader::Reader;
pub use record::{Columns, Record, Table, resource_key};
pub use selection::{RESUMABLE_FOR, Retention, Selection};
pub use stats::Stats;
pub use store::{Options, Saved, Store};
pub use sync_id::SyncId;
pub use sync_run::{Ingest, SyncRun, SyncType};
pub use view::{Row, Stored, View};
