//! The four kinds of message that a sync holds, and how each is laid out in its table.

mod grant;
mod write;

use prost::Message;
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};

use crate::{Error, Result};

pub(crate) use grant::{attach_expansion, split_expansion};
pub(crate) use write::{Conflict, Scratch, Writer, insert_sql};

/// A table of rows that belong to syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Resource types.
    ResourceTypes,
    /// Resources.
    Resources,
    /// Entitlements.
    Entitlements,
    /// Grants.
    Grants,
}

impl Table {
    /// Every table, in the order in which a sync fills them.
    pub const ALL: [Self; 4] = [Self::ResourceTypes, Self::Resources, Self::Entitlements, Self::Grants];

    /// Returns the name of the table in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResourceTypes => "v1_resource_types",
            Self::Resources => "v1_resources",
            Self::Entitlements => "v1_entitlements",
            Self::Grants => "v1_grants",
        }
    }

    /// Returns the word for one row.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::ResourceTypes => "resource type",
            Self::Resources => "resource",
            Self::Entitlements => "entitlement",
            Self::Grants => "grant",
        }
    }

    /// Returns the columns besides `id`, `external_id` and `data` that a row carries, as SQL.
    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::ResourceTypes => "'', '', '', '', '', NULL",
            Self::Resources => "resource_type_id, '', parent_resource_type_id, parent_resource_id, '', NULL",
            Self::Entitlements => "resource_type_id, resource_id, '', '', '', NULL",
            Self::Grants => {
                "resource_type_id, resource_id, principal_resource_type_id, principal_resource_id, entitlement_id, expansion"
            }
        }
    }
}

/// What a row says about its message outside of it; reading it costs no decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns<'r> {
    /// The type of the resource; of the entitlement's resource for entitlements and grants.
    pub resource_type_id: &'r str,
    /// The id of the entitlement's resource, for entitlements and grants.
    pub resource_id: &'r str,
    /// The type of the parent of a resource, or of the principal of a grant.
    pub other_type_id: &'r str,
    /// The id of the parent of a resource, or of the principal of a grant.
    pub other_id: &'r str,
    /// The entitlement of a grant.
    pub entitlement_id: &'r str,
    /// The encoded `GrantExpandable` of an expandable grant.
    pub expansion: Option<&'r [u8]>,
}

/// A message that is stored in rows: a resource type, a resource, an entitlement or a grant.
///
/// Sealed.
pub trait Record: Message + Default + PartialEq + Writer {
    /// The table of the rows.
    const TABLE: Table;

    /// Returns bytes to append to the stored ones so that the message is whole.
    ///
    /// Some writers leave out of a grant what its columns say as well.
    #[doc(hidden)]
    #[must_use]
    fn missing(_stored: &[u8], _columns: &Columns<'_>) -> Option<Vec<u8>> {
        None
    }
}

impl Record for ResourceType {
    const TABLE: Table = Table::ResourceTypes;
}

impl Record for Resource {
    const TABLE: Table = Table::Resources;
}

impl Record for Entitlement {
    const TABLE: Table = Table::Entitlements;
}

impl Record for Grant {
    const TABLE: Table = Table::Grants;

    fn missing(stored: &[u8], columns: &Columns<'_>) -> Option<Vec<u8>> {
        grant::missing(stored, columns)
    }
}

/// Decodes the message of a row.
pub(crate) fn decode<R: Record>(external_id: &str, bytes: &[u8]) -> Result<R> {
    R::decode(bytes).map_err(|source| Error::Message { what: R::TABLE.noun(), id: external_id.to_owned(), source })
}

/// Returns the external id of a resource: `<type>:<id>`, a plain join without escaping.
#[must_use]
pub fn resource_key(resource_type: &str, resource: &str) -> String {
    format!("{resource_type}:{resource}")
}
