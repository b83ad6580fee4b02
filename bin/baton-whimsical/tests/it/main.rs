//! The connector against a real local workspace, and against scripted services where a workspace is too well-behaved.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod create;
mod delete;
mod grant;
mod lab;
mod listing;
mod lost_answers;
mod odd_answers;
mod patch_shapes;
mod revoke;
mod scripted;
mod switches;
mod validate;
