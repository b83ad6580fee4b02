//! Tests of the crate from outside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may, like the tests"
)]

mod crash;
mod damage;
mod fixtures;
mod foreign;
mod full_disk;
mod pebble;
mod runs;
mod schema;
mod support;
mod writing;
