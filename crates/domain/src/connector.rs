//! A connector: what can be added, and how it is doing.
//!
//! Start at [`status`]: it is derived from stored facts whenever somebody asks, so it cannot drift.
//!
//! Source: governance §1.4, §2.1 (T-C).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::sync::{State as SyncState, Trigger};
use crate::vocabulary;

vocabulary! {
    /// Who runs the connector's process.
    pub enum Hosting: "a hosting" {
        /// This server.
        Hosted => "hosted",
        /// Somebody else, with a client id and secret.
        SelfHosted => "self_hosted",
    }
}

vocabulary! {
    /// How a connector is doing.
    pub enum Status: "a status of a connector" {
        /// A person paused it.
        Disabled => "disabled",
        /// A setting or a credential is missing.
        Incomplete => "incomplete",
        /// It has a credential, and never said Hello.
        Waiting => "waiting",
        /// A sync waits for a person.
        Held => "held",
        /// It syncs.
        Syncing => "syncing",
        /// Its last sync failed.
        Error => "error",
        /// It has not been heard of for too long.
        Silent => "silent",
        /// Its last sync was applied.
        Connected => "connected",
    }
}

impl Status {
    /// What people see.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Disabled => "Paused",
            Self::Incomplete => "Setup needed",
            Self::Waiting => "Waiting for connector",
            Self::Held => "Changes need confirmation",
            Self::Syncing => "Syncing",
            Self::Error => "Error",
            Self::Silent => "Not reporting",
            Self::Connected => "Connected",
        }
    }
}

/// A sync that takes longer than this is shown, whoever wished for it.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// A connector is silent at the earliest after this.
const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What the status is derived from.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is a fact that its name says")]
pub struct Facts {
    pub hosting: Hosting,
    pub pause: Option<Option<String>>,
    pub missing_settings: Vec<String>,
    pub has_credential: bool,
    pub first_contact: Option<Timestamp>,
    pub last_contact: Option<Timestamp>,
    pub poll_interval: Duration,
    pub open_hold: bool,
    pub open_sync: Option<OpenSync>,
    pub is_applied: bool,
    pub last_error: Option<String>,
}

/// The sync that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is a fact that its name says")]
pub struct OpenSync {
    pub state: SyncState,
    pub trigger: Trigger,
    pub since: Timestamp,
}

/// How the connector is doing, and why, in words. Evaluated from top to bottom; the first that fits is it.
#[must_use]
pub fn status(facts: &Facts, now: Timestamp) -> (Status, String) {
    if let Some(reason) = &facts.pause {
        let because = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        return (Status::Disabled, format!("Paused{because}. No tasks are offered to it."));
    }
    match facts.hosting {
        Hosting::Hosted if !facts.missing_settings.is_empty() => {
            let missing = facts.missing_settings.join(", ");
            return (Status::Incomplete, format!("Fill in and save: {missing}."));
        }
        Hosting::SelfHosted if !facts.has_credential => {
            return (Status::Incomplete, "Press Rotate to make its client id and secret.".to_owned());
        }
        Hosting::SelfHosted if facts.first_contact.is_none() => {
            let text = "It has a client id and secret, and has not said Hello yet. Start it with them.";
            return (Status::Waiting, text.to_owned());
        }
        _ => {}
    }
    if facts.open_hold {
        let text = "The last sync would change unusually much. Confirm or reject it.";
        return (Status::Held, text.to_owned());
    }
    if let Some(sync) = facts.open_sync
        && is_shown(sync, facts.is_applied, now)
    {
        let text = match sync.state {
            SyncState::Queued => "A sync waits for the connector to take it.",
            SyncState::Running => "The connector is reading the app.",
            _ => "The data has arrived and is being read.",
        };
        return (Status::Syncing, text.to_owned());
    }
    if let Some(error) = &facts.last_error {
        return (Status::Error, format!("The last sync failed: {error}"));
    }
    if facts.hosting == Hosting::SelfHosted
        && let Some(last) = facts.last_contact
    {
        let quiet = now.duration_since(last);
        if quiet > silent_after(facts.poll_interval) {
            let text = format!("It was last heard of {} minutes ago. Look whether it runs.", quiet.as_mins());
            return (Status::Silent, text);
        }
    }
    if facts.is_applied {
        return (Status::Connected, "The last sync was applied.".to_owned());
    }
    (Status::Syncing, "Its first sync is to come.".to_owned())
}

/// How long a connector that was told to poll at this interval may be quiet.
#[must_use]
pub fn silent_after(poll_interval: Duration) -> SignedDuration {
    SignedDuration::try_from(poll_interval * 3).unwrap_or(SILENT_AFTER).max(SILENT_AFTER)
}

/// Whether people are told about this sync: it is the first, they wished for it, or it takes long.
fn is_shown(sync: OpenSync, is_applied: bool, now: Timestamp) -> bool {
    !is_applied
        || matches!(sync.trigger, Trigger::Manual | Trigger::First | Trigger::Upload)
        || now.duration_since(sync.since) > SHOWN_AFTER
}

/// A kind of connector that can be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its id in REST.
    pub id: &'static str,
    /// What people see.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub description: &'static str,
    /// Who can run it.
    pub hosting: &'static [Hosting],
    /// The settings of a hosted one.
    pub fields: &'static [SettingField],
}

/// A setting of a hosted connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingField {
    /// Its name in REST.
    pub name: &'static str,
    /// What people see.
    pub label: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Whether it is sealed at rest and never shown again.
    pub secret: bool,
    /// Whether the connector cannot work without it.
    pub required: bool,
}

/// Every kind of connector that can be added.
pub const CATALOG: &[CatalogEntry] = &[
    CatalogEntry {
        id: "whimsical",
        name: "Whimsical",
        description: "Syncs the members of a Whimsical workspace and their roles; creates and deletes members, grants \
            and revokes Editor and Viewer.",
        hosting: &[Hosting::Hosted, Hosting::SelfHosted],
        fields: &[
            SettingField {
                name: "token",
                label: "Token",
                description: "The SCIM OAuth token from the workspace settings",
                secret: true,
                required: true,
            },
            SettingField {
                name: "baseUrl",
                label: "SCIM base URL",
                description: "Only when it is not Whimsical's own",
                secret: false,
                required: false,
            },
        ],
    },
    CatalogEntry {
        id: "baton",
        name: "Baton",
        description: "Any connector that speaks the Baton protocol. It takes the name of what says Hello first.",
        hosting: &[Hosting::SelfHosted],
        fields: &[],
    },
];

/// The kind of connector with this id.
#[must_use]
pub fn catalog_entry(id: &str) -> Option<&'static CatalogEntry> {
    CATALOG.iter().find(|entry| entry.id == id)
}

#[cfg(test)]
mod tests;
