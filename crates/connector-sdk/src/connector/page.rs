//! What one listing call takes and gives back.

use proto::c1::connector::v2::{Entitlement, Grant, Resource};

use crate::annotations::Annotations;

/// Where a listing goes on: text that only the connector understands, at most 1 MiB.
///
/// It is stored in the `.c1z` at every checkpoint, so it must hold no secret and must mean the same to the next
/// process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PageToken(String);

impl PageToken {
    /// The token of the first page: empty.
    #[must_use]
    pub const fn start() -> Self {
        Self(String::new())
    }

    /// The token with this text; empty text is the first page.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether this is the first page.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken out.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// One page of resources.
#[derive(Debug, Default)]
pub struct ResourcePage {
    /// The resources, in upstream order.
    pub resources: Vec<Resource>,
    /// Grants that came with the resources; stored in the same transaction. They may name entitlements that are
    /// listed later in the sync.
    pub grants: Vec<Grant>,
    /// Where to go on; `None` after the last page.
    pub next: Option<PageToken>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// One page of entitlements.
#[derive(Debug, Default)]
pub struct EntitlementPage {
    /// The entitlements, in upstream order.
    pub entitlements: Vec<Entitlement>,
    /// Where to go on; `None` after the last page.
    pub next: Option<PageToken>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// One page of grants.
#[derive(Debug, Default)]
pub struct GrantPage {
    /// The grants, in upstream order.
    pub grants: Vec<Grant>,
    /// Where to go on; `None` after the last page.
    pub next: Option<PageToken>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// A resource fetched by its id.
#[derive(Debug)]
pub struct FoundResource {
    /// The resource, as a listing would give it.
    pub resource: Resource,
    /// Grants that came with it.
    pub grants: Vec<Grant>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}
