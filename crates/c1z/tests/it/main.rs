//! Tests of the crate from outside.

mod fixtures;
mod support;
