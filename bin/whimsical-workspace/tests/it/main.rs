//! The workspace through its faces: in the process where that is enough, as the real program where it is not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it does not expect")]

mod bench;
mod conformance;
mod corpus;
mod faults;
mod headers;
mod pages;
mod paging;
mod restart;
mod switches;
