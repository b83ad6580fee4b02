//! Which rows of a sync to list.

use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType};

use crate::Record;

/// A choice of rows; the type says of which kind.
///
/// Sealed: [`ResourceTypes`], [`Resources`], [`Entitlements`] and [`Grants`] are all there is.
pub trait Filter: Copy + sealed::Conditions {
    /// The message in the rows.
    type Record: Record;
}

/// A resource, by its type and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResourceRef<'a> {
    /// The id of the resource type.
    pub resource_type: &'a str,
    /// The id of the resource within its type.
    pub resource: &'a str,
}

impl<'a> From<&'a ResourceId> for ResourceRef<'a> {
    fn from(id: &'a ResourceId) -> Self {
        Self { resource_type: &id.resource_type, resource: &id.resource }
    }
}

/// Which resource types to list.
#[derive(Debug, Clone, Copy)]
pub enum ResourceTypes {
    /// All.
    All,
}

/// Which resources to list.
#[derive(Debug, Clone, Copy)]
pub enum Resources<'a> {
    /// All.
    All,
    /// Those of one type.
    OfType(&'a str),
    /// Those whose parent is this resource.
    ChildrenOf(ResourceRef<'a>),
}

/// Which entitlements to list.
#[derive(Debug, Clone, Copy)]
pub enum Entitlements<'a> {
    /// All.
    All,
    /// Those on resources of one type.
    OfType(&'a str),
    /// Those on one resource.
    OfResource(ResourceRef<'a>),
}

/// Which grants to list.
#[derive(Debug, Clone, Copy)]
pub enum Grants<'a> {
    /// All.
    All,
    /// Those of entitlements on resources of one type.
    OfType(&'a str),
    /// Those of entitlements on one resource.
    OfResource(ResourceRef<'a>),
    /// Those of one entitlement.
    OfEntitlement(&'a str),
    /// Those that one principal holds.
    OfPrincipal(ResourceRef<'a>),
    /// Those of one entitlement that one principal holds.
    OfEntitlementAndPrincipal(&'a str, ResourceRef<'a>),
    /// Those that expansion has to look at.
    NeedingExpansion,
}

pub(crate) mod sealed {
    /// The SQL of a choice: `(column, value)` pairs that must all hold, and whether to go by rowid instead of an index.
    ///
    /// Lists are in the order of rowids. An index whose every column is given has that order; one of which only some
    /// columns are given would need a sort of whole rows, which costs more than reading them in order.
    #[derive(Debug, Default)]
    pub struct Choice<'a> {
        /// Columns and the texts they must hold.
        pub equal: Vec<(&'static str, &'a str)>,
        /// A condition without values.
        pub condition: &'static str,
        /// Whether an index finds the rows in the right order.
        pub by_index: bool,
    }

    /// The half of [`super::Filter`] that callers do not see.
    pub trait Conditions {
        /// Returns the choice as SQL.
        fn choice(&self) -> Choice<'_>;
    }
}

use sealed::{Choice, Conditions};

const TYPE: &str = "resource_type_id";
const RESOURCE: &str = "resource_id";

fn scan<'a>(equal: Vec<(&'static str, &'a str)>) -> Choice<'a> {
    Choice { equal, ..Choice::default() }
}

fn seek<'a>(equal: Vec<(&'static str, &'a str)>) -> Choice<'a> {
    Choice { equal, by_index: true, ..Choice::default() }
}

impl Filter for ResourceTypes {
    type Record = ResourceType;
}

impl Conditions for ResourceTypes {
    fn choice(&self) -> Choice<'_> {
        scan(vec![])
    }
}

impl Filter for Resources<'_> {
    type Record = Resource;
}

impl Conditions for Resources<'_> {
    fn choice(&self) -> Choice<'_> {
        match self {
            Self::All => scan(vec![]),
            Self::OfType(id) => seek(vec![(TYPE, id)]),
            Self::ChildrenOf(parent) => {
                seek(vec![("parent_resource_type_id", parent.resource_type), ("parent_resource_id", parent.resource)])
            }
        }
    }
}

impl Filter for Entitlements<'_> {
    type Record = Entitlement;
}

impl Conditions for Entitlements<'_> {
    fn choice(&self) -> Choice<'_> {
        match self {
            Self::All => scan(vec![]),
            Self::OfType(id) => scan(vec![(TYPE, id)]),
            Self::OfResource(on) => seek(vec![(TYPE, on.resource_type), (RESOURCE, on.resource)]),
        }
    }
}

impl Filter for Grants<'_> {
    type Record = Grant;
}

impl Conditions for Grants<'_> {
    fn choice(&self) -> Choice<'_> {
        match self {
            Self::All => scan(vec![]),
            Self::OfType(id) => scan(vec![(TYPE, id)]),
            Self::OfResource(on) => seek(vec![(TYPE, on.resource_type), (RESOURCE, on.resource)]),
            Self::OfEntitlement(id) => seek(vec![("entitlement_id", id)]),
            Self::OfPrincipal(by) => seek(held(*by)),
            Self::OfEntitlementAndPrincipal(id, by) => {
                let mut equal = held(*by);
                equal.push(("entitlement_id", id));
                seek(equal)
            }
            Self::NeedingExpansion => Choice {
                condition: "needs_expansion = 1 AND expansion IS NOT NULL",
                by_index: true,
                ..Choice::default()
            },
        }
    }
}

fn held(by: ResourceRef<'_>) -> Vec<(&'static str, &str)> {
    vec![("principal_resource_type_id", by.resource_type), ("principal_resource_id", by.resource)]
}
