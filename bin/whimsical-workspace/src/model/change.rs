//! The changes a workspace is made of: what a store writes, and reads back to rebuild the same workspace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::account::Account;
use crate::model::billing::Line;
use crate::model::id::{InviteId, MailId, UserId};
use crate::model::journal::{Entry, Invite, Mail};
use crate::model::offboarding::Job;
use crate::model::settings::{Saml, Settings};
use crate::model::token::Scim;
use crate::model::user::ScimUser;

/// One change of state. Applying the same changes in the same order gives the same workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The settings are now these.
    Settings(Settings),
    /// SAML is now this, or off.
    Saml(Option<Saml>),
    /// SCIM is now this.
    Scim(Scim),
    /// The key that seals cursors.
    CursorKey([u8; 32]),
    /// A user is new or changed.
    User(ScimUser),
    /// A user is gone for ever.
    UserGone(UserId),
    /// An account is new or changed.
    Account(Account),
    /// An invite is new.
    Invite(Invite),
    /// An invite is used up or withdrawn.
    InviteGone(InviteId),
    /// A person may not come back by signing in; the folded address.
    Barred(Box<str>),
    /// A person may come back again.
    Unbarred(Box<str>),
    /// A line of the ledger.
    Line(Line),
    /// An offboarding job is new or changed.
    Job(Job),
    /// A mail is new or changed.
    Mail(Mail),
    /// A mail is taken back.
    MailGone(MailId),
    /// An entry of the audit log.
    Audit(Entry),
    /// All links to identity providers are cleared, as when SAML goes off: nobody is managed, nobody has an external
    /// id, pending users are dropped.
    Unlinked(Timestamp),
}
