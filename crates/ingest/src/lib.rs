//! An uploaded sync file becomes what the store knows, in bounded memory.
//!
//! Start at [`run`]: it takes one sync from *uploaded* to *applied*, *held*, *discarded* or *failed*. It may be stopped
//! anywhere and run again, and then does the same.
//!
//! How a file is read: it is copied to a temporary file and checked against its digest. Then, for each kind of row, the
//! keys of the file are sorted and merged with the keys of the store, which come in the same order; only rows that differ
//! are decoded and written. A file too large for that is read in several passes, each over a part of the keys, so that
//! memory does not grow with it. What is written stays invisible until one short transaction flips it.
//!
//! This crate deliberately decides no policy: when a sync is suspicious says [`domain::hold`], who may confirm it says
//! `governance`.

mod change;
mod compare;
mod decode;
mod error;
mod fingerprint;
mod preset;
mod read;
mod run;
mod sequence;
mod settle;

pub use error::{Error, Result};
pub use run::{Context, Outcome, give_up, run};
pub use settle::PROOF;
