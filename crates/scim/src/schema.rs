//! What a resource looks like: attributes, schemas, resource types (RFC 7643).
//!
//! Start reading at [`ResourceType`]: everything else in this crate that has to know whether an
//! attribute exists, how it compares, or whether a client may change it asks one of those.
//! The descriptions are data given by the caller; the only ones that live here are those of
//! RFC 7643 itself ([`rfc7643`]), because every provider has to *recognise* them even where it
//! does not hold them.
//!
//! Nothing in here reads or changes a resource.

mod attribute;
mod resource_type;
pub mod rfc7643;

pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness};
pub use resource_type::{Extension, ResourceType, Schema};

#[cfg(test)]
mod tests;
