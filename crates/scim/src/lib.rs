//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) for both sides: what a client and a provider share.
//!
//! Start at [`schema::ResourceType`], the description of a kind of resource that everything else
//! is given. Resources themselves are [`serde_json::Value`]s whose keys have the spelling of the
//! schema; this crate has no product types and no HTTP server. The client half is [`client`].
//!
//! How a provider answers a request with it:
//!
//! 1. a body: [`json::parse`], then [`document::Document::read`] (POST, PUT) or [`patch::apply`];
//! 2. a list: [`search::Query`] from the parameters or the `.search` body, resolved into a
//!    [`filter::Filter`], a [`sort::Sort`], a [`projection::Projection`] and a [`page::Page`];
//! 3. an answer: [`projection::Projection::apply`], and [`page::ListResponse`] around a list;
//! 4. anything wrong on the way turns into an [`Error`], which is what goes over the wire.

pub mod client;
pub mod document;
pub mod error;
pub mod etag;
pub mod filter;
pub mod fold;
pub mod instant;
pub mod json;
mod message;
pub mod page;
pub mod patch;
pub mod path;
pub mod projection;
pub mod schema;
pub mod search;
pub mod service_provider_config;
pub mod sort;
#[cfg(test)]
mod testing;
pub mod value;

pub use error::{Error, ScimType};
