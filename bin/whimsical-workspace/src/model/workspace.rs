//! The workspace: everything that is true of it now, and how a change makes something else true.

use std::collections::{BTreeMap, HashSet, VecDeque};

use jiff::Timestamp;

use crate::model::account::Accounts;
use crate::model::act::Act;
use crate::model::billing::{self, Line, LineKind};
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::id::{InviteId, UserId};
use crate::model::journal::{Entry, Invite, KEPT, Mail, Outbox};
use crate::model::offboarding::{JobState, Jobs};
use crate::model::settings::{Saml, Settings};
use crate::model::switches::{RemovedUsers, Switches};
use crate::model::token::Scim;
use crate::model::user::{ScimUser, Standing};

/// One workspace. Its use cases are in `provisioning`, `membership` and `control`.
#[derive(Debug)]
pub struct Workspace {
    pub(super) settings: Settings,
    pub(super) saml: Option<Saml>,
    pub(super) scim: Scim,
    pub(super) cursor_key: [u8; 32],
    pub(super) directory: Directory,
    pub(super) accounts: Accounts,
    pub(super) invites: BTreeMap<InviteId, Invite>,
    pub(super) last_invite: u32,
    pub(super) barred: HashSet<Box<str>>,
    pub(super) ledger: VecDeque<Line>,
    pub(super) jobs: Jobs,
    pub(super) outbox: Outbox,
    pub(super) audit: VecDeque<Entry>,
    pub(super) switches: Switches,
    pub(super) unsaved: Vec<Change>,
}

impl Workspace {
    /// Returns a workspace without anybody in it, SAML and SCIM off.
    #[must_use]
    pub fn empty(period_anchor: Timestamp, switches: Switches) -> Self {
        Self {
            settings: Settings::new(period_anchor),
            saml: None,
            scim: Scim::default(),
            cursor_key: [0; 32],
            directory: Directory::default(),
            accounts: Accounts::default(),
            invites: BTreeMap::new(),
            last_invite: 0,
            barred: HashSet::new(),
            ledger: VecDeque::new(),
            jobs: Jobs::default(),
            outbox: Outbox::default(),
            audit: VecDeque::new(),
            switches,
            unsaved: Vec::new(),
        }
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the state of SAML; none: off.
    #[must_use]
    pub fn saml(&self) -> Option<&Saml> {
        self.saml.as_ref()
    }

    /// Returns the state of SCIM.
    #[must_use]
    pub fn scim(&self) -> &Scim {
        &self.scim
    }

    /// Returns the key that seals cursors.
    #[must_use]
    pub fn cursor_key(&self) -> &[u8; 32] {
        &self.cursor_key
    }

    /// Returns all SCIM users.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns all accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns the open invites, the oldest first.
    #[must_use]
    pub fn invites(&self) -> impl DoubleEndedIterator<Item = &Invite> {
        self.invites.values()
    }

    /// Returns the ledger, the oldest line first.
    #[must_use]
    pub fn ledger(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.ledger.iter()
    }

    /// Returns the offboarding jobs.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Returns the mails.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Returns the audit log, the oldest entry first.
    #[must_use]
    pub fn audit(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.audit.iter()
    }

    /// Returns the switches.
    #[must_use]
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Sets the switches. They are the start's and the lab's, and are not saved.
    pub fn set_switches(&mut self, switches: Switches) {
        self.switches = switches;
    }

    /// Returns a user that SCIM may see.
    #[must_use]
    pub fn visible(&self, id: UserId) -> Option<&ScimUser> {
        self.directory.get(id).filter(|user| self.is_visible(user))
    }

    /// Whether SCIM may see the user (switch `removed`).
    #[must_use]
    pub fn is_visible(&self, user: &ScimUser) -> bool {
        user.is_active() || self.switches.removed == RemovedUsers::Keep
    }

    /// Whether SCIM may see every user, so that a page is a slice of the directory.
    #[must_use]
    pub fn shows_everybody(&self) -> bool {
        self.switches.removed == RemovedUsers::Keep || self.directory.counts().removed == 0
    }

    /// Makes a change true and keeps it for the store.
    pub(super) fn record(&mut self, change: Change) {
        self.unsaved.push(change.clone());
        self.apply(change);
    }

    /// Returns the changes since the last call, for the store.
    pub fn take_unsaved(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unsaved)
    }

    /// Makes a change true.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Settings(settings) => self.settings = settings,
            Change::Saml(saml) => self.saml = saml,
            Change::Scim(scim) => self.scim = scim,
            Change::CursorKey(key) => self.cursor_key = key,
            Change::User(user) => self.directory.put(user),
            Change::UserGone(id) => drop(self.directory.remove(id)),
            Change::Account(account) => self.accounts.put(account),
            Change::Invite(invite) => {
                self.last_invite = self.last_invite.max(invite.id.0);
                self.invites.insert(invite.id, invite);
            }
            Change::InviteGone(id) => drop(self.invites.remove(&id)),
            Change::Barred(address) => drop(self.barred.insert(address)),
            Change::Unbarred(address) => drop(self.barred.remove(&address)),
            Change::Line(line) => keep(&mut self.ledger, line),
            Change::Job(job) => self.jobs.put(job),
            Change::Mail(mail) => self.outbox.put(mail),
            Change::MailGone(id) => self.outbox.remove(id),
            Change::Audit(entry) => keep(&mut self.audit, entry),
            Change::Unlinked(now) => self.unlink(now),
        }
    }

    /// Returns the changes that make this workspace out of an empty one.
    pub fn snapshot(&self) -> impl Iterator<Item = Change> {
        [
            Change::Settings(self.settings.clone()),
            Change::Saml(self.saml.clone()),
            Change::Scim(self.scim.clone()),
            Change::CursorKey(self.cursor_key),
        ]
        .into_iter()
        .chain(self.accounts.iter().cloned().map(Change::Account))
        .chain(self.directory.iter().cloned().map(Change::User))
        .chain(self.invites.values().cloned().map(Change::Invite))
        .chain(self.barred.iter().cloned().map(Change::Barred))
        .chain(self.ledger.iter().cloned().map(Change::Line))
        .chain(self.jobs.iter().cloned().map(Change::Job))
        .chain(self.outbox.iter().cloned().map(Change::Mail))
        .chain(self.audit.iter().cloned().map(Change::Audit))
    }

    /// Writes a changed user down; the version and the time of change move only if SCIM sees a difference.
    pub(super) fn save(&mut self, mut user: ScimUser, now: Timestamp) {
        match self.directory.get(user.id) {
            Some(before) if *before == user => return,
            Some(before) if before.looks_like(&user) => {}
            Some(_) => {
                user.version += 1;
                user.modified = now.max(user.created);
            }
            None => {}
        }
        self.record(Change::User(user));
    }

    /// Writes an entry of the audit log.
    pub(super) fn note(&mut self, act: &Act<'_>, action: &str, user: Option<UserId>, note: Option<String>) {
        let entry = Entry {
            at: act.now,
            actor: act.actor,
            action: action.into(),
            user,
            note: note.map(String::into_boxed_str),
        };
        self.record(Change::Audit(entry));
    }

    /// Charges or credits the rest of the period.
    pub(super) fn bill(&mut self, user: &ScimUser, kind: LineKind, now: Timestamp) {
        if kind == LineKind::Credit && !self.settings.credit_on_removal {
            return;
        }
        self.record(Change::Line(Line {
            at: now,
            user: user.id,
            email: user.user_name.clone(),
            kind,
            cents: billing::pro_rata_cents(&self.settings, now),
        }));
    }

    /// Carries out what has become due: moves the files whose 72 hours are over, forgets a rotated token.
    pub fn run_due(&mut self, now: Timestamp) {
        for mut job in self.jobs.due(now) {
            job.state = JobState::Done;
            self.record(Change::Job(job));
        }
        if self.scim.former.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.record(Change::Scim(Scim { former: None, ..self.scim.clone() }));
        }
    }

    fn unlink(&mut self, now: Timestamp) {
        let affected: Vec<ScimUser> =
            self.directory.iter().filter(|user| user.managed || user.external_id.is_some()).cloned().collect();
        for mut user in affected {
            if matches!(user.standing, Standing::Pending { .. }) {
                self.directory.remove(user.id);
                if let Some(mail) = self.outbox.to_user(user.id).cloned() {
                    self.outbox.put(Mail { is_void: true, ..mail });
                }
                continue;
            }
            user.managed = false;
            if user.external_id.take().is_some() {
                user.version += 1;
                user.modified = now.max(user.created);
            }
            self.directory.put(user);
        }
    }
}

fn keep<T>(kept: &mut VecDeque<T>, entry: T) {
    if kept.len() >= KEPT {
        kept.pop_front();
    }
    kept.push_back(entry);
}
