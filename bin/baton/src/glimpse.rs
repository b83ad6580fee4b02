//! The parts of stored messages that the explorer shows or follows; everything else is skipped, not decoded.
//!
//! The field numbers are those of `c1.connector.v2`.

use proto::c1::connector::v2::ResourceId;
use proto::c1::connector::v2::resource_type::Trait;

/// Of a resource type.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ResourceType {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) display_name: String,
    #[prost(enumeration = "Trait", repeated, tag = "3")]
    pub(crate) traits: Vec<i32>,
}

/// Of a resource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Resource {
    #[prost(message, optional, tag = "1")]
    pub(crate) id: Option<ResourceId>,
    #[prost(message, optional, tag = "2")]
    pub(crate) parent_resource_id: Option<ResourceId>,
    #[prost(string, tag = "3")]
    pub(crate) display_name: String,
}

/// Of an entitlement.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Entitlement {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(string, tag = "3")]
    pub(crate) display_name: String,
    #[prost(string, tag = "4")]
    pub(crate) description: String,
    #[prost(string, tag = "8")]
    pub(crate) slug: String,
}

/// Of a grant.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Grant {
    #[prost(message, optional, tag = "1")]
    pub(crate) entitlement: Option<Entitlement>,
    #[prost(message, optional, tag = "2")]
    pub(crate) principal: Option<Resource>,
    #[prost(string, tag = "3")]
    pub(crate) id: String,
}
