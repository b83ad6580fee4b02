//! Named sets of entitlements that are asked for as one.
//!
//! Source: governance R-Q-2.

use crate::vocabulary;

/// How many parts a bundle has at most.
pub const MOST_PARTS: usize = 32;
/// How many people own a bundle, and how many entitlements open it to their holders, at most.
pub const MOST_OWNERS: usize = 32;

vocabulary! {
    /// Who may ask for something.
    pub enum Audience: "an audience" {
        /// Everybody who may ask for anything.
        Everyone => "everyone",
        /// Whoever holds one of some entitlements.
        Holders => "holders",
        /// Nobody.
        Nobody => "nobody",
    }
}
