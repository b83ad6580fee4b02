//! The explorer on files: those of other implementations, those that our own writer makes, and damaged ones.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail, like the tests")]

mod bad_input;
mod console;
mod document;
mod expected;
mod export;
mod process;
mod references;
mod selection;
mod support;
