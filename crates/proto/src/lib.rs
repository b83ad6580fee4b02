//! The Baton wire types, their JSON, and their annotations.
//!
//! The modules [`c1`], [`baton`] and [`google`] follow the packages of the `.proto` files: the
//! message `c1.connector.v2.Grant` is [`c1::connector::v2::Grant`], and the client and the server
//! of `c1.connector.v2.GrantsService` are in `c1::connector::v2::grants_service_client` and
//! `…_server`.
//!
//! What to know about the types:
//! - Encoding is deterministic: fields go by number, the entries of a map by key.
//! - `google.protobuf.Any` keeps the bytes it came with, and gives them back unchanged.
//! - Unknown fields are **dropped** when a message is decoded. Whoever must give back what came in
//!   (a file, a relay) keeps the encoded bytes beside the message, as the `c1z` crate does.
//! - The validation rules of the protocol stand as comments in the `.proto` files; decoding does
//!   not check them.

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    rustdoc::all,
    reason = "generated"
)]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}
mod secret;

pub mod annotations;
pub mod json;

pub use wire::{baton, c1, google, validate};

pub use prost::{Message, Name};
pub use prost_types::{Any, Duration, Struct, Timestamp, Value, value};

/// The encoded `google.protobuf.FileDescriptorSet` of every `.proto` file of this crate, with the
/// files of Google that they import.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
