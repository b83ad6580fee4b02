//! What the workspace writes down for people: the audit log, the mails it would send, invites.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::act::Actor;
use crate::model::id::{InviteId, MailId, UserId};
use crate::model::user::Role;

/// How many entries the audit log, the ledger and the outbox keep; the oldest go first.
pub const KEPT: usize = 100_000;

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What, as a dotted verb: `user.created`, `token.revealed`.
    pub action: Box<str>,
    /// Whom it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// What else is worth knowing: which attributes were ignored, which role was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<str>>,
}

/// An activation mail; the local workspace sends none, it only shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The number.
    pub id: MailId,
    /// When it was queued.
    pub at: Timestamp,
    /// The address.
    pub to: Box<str>,
    /// The user whom it lets in.
    pub user: UserId,
    /// Whether its link works no more.
    pub is_void: bool,
}

/// An invite by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The number.
    pub id: InviteId,
    /// The address.
    pub email: Box<str>,
    /// The role that was offered.
    pub role: Role,
    /// When.
    pub at: Timestamp,
}

/// The mails, by number; the newest [`KEPT`] of them.
#[derive(Debug, Default)]
pub struct Outbox {
    rows: BTreeMap<MailId, Mail>,
    last: u32,
    by_user: std::collections::HashMap<UserId, MailId>,
}

impl Outbox {
    /// Returns the number for the next mail.
    #[must_use]
    pub fn next_id(&self) -> MailId {
        MailId(self.last.saturating_add(1))
    }

    /// Adds or replaces a mail.
    pub fn put(&mut self, mail: Mail) {
        self.last = self.last.max(mail.id.0);
        self.by_user.insert(mail.user, mail.id);
        self.rows.insert(mail.id, mail);
        if self.rows.len() > KEPT
            && let Some((_, old)) = self.rows.pop_first()
            && self.by_user.get(&old.user) == Some(&old.id)
        {
            self.by_user.remove(&old.user);
        }
    }

    /// Takes a mail back before it went out.
    pub fn remove(&mut self, id: MailId) {
        if let Some(mail) = self.rows.remove(&id) {
            self.by_user.remove(&mail.user);
        }
    }

    /// Returns the newest mail to a user.
    #[must_use]
    pub fn to_user(&self, user: UserId) -> Option<&Mail> {
        self.rows.get(self.by_user.get(&user)?)
    }

    /// Returns all mails, the oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Mail> {
        self.rows.values()
    }
}
