//! The circumstances of one change: when, by whom, with which randomness.

use ids::Rng;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who makes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An identity provider or a connector, by the SCIM token.
    Scim,
    /// An administrator in the workspace settings.
    Admin,
    /// The person concerned: signs in, accepts an invite, edits the own name.
    User,
    /// The workspace itself, when a time has come.
    System,
    /// A test, through the lab face.
    Lab,
}

/// The circumstances of one change.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Who makes the change.
    pub actor: Actor,
    /// Where ids and tokens are drawn from.
    pub rng: &'a dyn Rng,
}
