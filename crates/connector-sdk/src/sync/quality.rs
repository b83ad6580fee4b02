//! What a sync had to leave out or could not check; part of the checkpoint token.

use serde::{Deserialize, Serialize};

/// Counts of dropped and invalid records, with reasons as bits.
///
/// Source: sync.md §1.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct IngestQuality {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) source_cache_replay_blocked: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) entitlements_dropped: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) grants_dropped: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) grant_resources_dropped: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) expansion_resource_types_dropped: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) expansions_dropped: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) invalid_resource_types_observed: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) invalid_resources_observed: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) invalid_entitlements_observed: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) reason_flags: u32,
}

/// Why the content of a sync is less than what the connector sent: a bit of `reason_flags`.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Reason {
    EntitlementDropped = 1,
    GrantDropped = 2,
    GrantResourceDropped = 4,
    ExpansionTypeDropped = 8,
    ExpansionDropped = 16,
    /// A record that is invalid or was not checked is in the file.
    Unchecked = 32,
}

impl IngestQuality {
    /// Notes the reason; from now on the sync is no base for a replay.
    pub(crate) fn note(&mut self, reason: Reason) {
        self.source_cache_replay_blocked = true;
        self.reason_flags |= reason as u32;
    }

    /// The number of records that the ingest filter dropped or changed.
    pub(crate) fn filtered(&self) -> u64 {
        self.entitlements_dropped
            + self.grants_dropped
            + self.grant_resources_dropped
            + self.expansion_resource_types_dropped
            + self.expansions_dropped
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
