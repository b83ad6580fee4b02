//! The protocol as its users see it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod descriptors;
mod encoding;
mod fixtures;
mod json;
mod random;
