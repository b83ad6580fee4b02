//! What a grant or a revoke came to.

use proto::c1::connector::v2::{Grant, GrantAlreadyExists, GrantAlreadyRevoked, GrantReplaced};

use crate::annotations::Annotations;
use crate::connector::Granted;
use crate::error::Result;

/// What a grant came to.
#[derive(Debug, Clone, PartialEq)]
pub enum GrantOutcome {
    /// The principal holds it now.
    Granted {
        /// The grants that exist because of it.
        grants: Vec<Grant>,
        /// The id of the grant that vanished by it, if any.
        replaced: Option<String>,
    },
    /// The principal held it before.
    AlreadyGranted,
}

/// What a revoke came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// The principal does not hold it any more.
    Revoked,
    /// The principal did not hold it.
    AlreadyRevoked,
}

impl GrantOutcome {
    /// What the answer of a connector means.
    ///
    /// # Errors
    /// `InvalidArgument` when its annotations cannot be read.
    pub fn new(granted: Granted) -> Result<Self> {
        if granted.annotations.has::<GrantAlreadyExists>() {
            return Ok(Self::AlreadyGranted);
        }
        let replaced = granted.annotations.pick::<GrantReplaced>()?;
        Ok(Self::Granted { grants: granted.grants, replaced: replaced.map(|replaced| replaced.replaced_grant_id) })
    }
}

impl RevokeOutcome {
    /// What the answer of a connector means.
    #[must_use]
    pub fn new(annotations: &Annotations) -> Self {
        if annotations.has::<GrantAlreadyRevoked>() { Self::AlreadyRevoked } else { Self::Revoked }
    }
}
