//! Switches of the whole install, for emergencies.
//!
//! Source: governance §1.1 (`switches`), R-B-4.

use crate::vocabulary;

vocabulary! {
    /// A switch.
    pub enum Switch: "a switch" {
        /// Changes are made in apps. Off: jobs wait.
        Provisioning => "provisioning",
        /// Access ends when its time is over. Off: it ends as soon as this is on again.
        Expiry => "expiry",
        /// Notices are mailed. Off: they are in the inbox only.
        Notices => "notices",
        /// Suspicious syncs are held. Off: only empty ones are.
        SyncHolds => "sync_holds",
    }
}
