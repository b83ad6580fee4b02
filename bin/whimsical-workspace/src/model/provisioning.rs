//! What identity providers and connectors do to users: create, change, remove.

use crate::model::act::Act;
use crate::model::change::Change;
use crate::model::email;
use crate::model::id::UserId;
use crate::model::membership::Arrival;
use crate::model::refusal::Refusal;
use crate::model::switches::UsernameChange;
use crate::model::transition::{self, Event, Facts, State};
use crate::model::user::{DisplayName, JoinedVia, Name, Role, ScimUser, Standing};
use crate::model::workspace::Workspace;

/// A user as an identity provider creates one.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The e-mail address.
    pub user_name: String,
    /// The identity provider's own id.
    pub external_id: Option<String>,
    /// The name.
    pub name: Name,
    /// The display name.
    pub display_name: Option<String>,
    /// Whether the user is created removed.
    pub is_inactive: bool,
    /// The role, if one was sent.
    pub role: Option<Role>,
    /// The names of the attributes that were sent and aren't held.
    pub ignored: Vec<String>,
}

/// What becomes of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Update<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It is this from now on.
    Set(T),
}

impl<T> Update<T> {
    /// Returns the new value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// A change to a user. What is absent or kept stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// A new e-mail address.
    pub user_name: Option<String>,
    /// The external id.
    pub external_id: Update<String>,
    /// A name; taken only while there is none and the user has not joined.
    pub name: Option<Name>,
    /// The display name.
    pub display_name: Update<String>,
    /// Whether the user is active.
    pub active: Option<bool>,
    /// The role.
    pub role: Option<Role>,
    /// The names of the attributes that were sent and aren't held or can't be written.
    pub ignored: Vec<String>,
}

/// What a creation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// There is a new user.
    Created(UserId),
    /// A member that came by hand is managed from now on.
    Linked(UserId),
}

impl Provisioned {
    /// Returns the id of the user.
    #[must_use]
    pub fn id(self) -> UserId {
        match self {
            Self::Created(id) | Self::Linked(id) => id,
        }
    }
}

impl Workspace {
    /// Creates a user, or links the member with that e-mail address.
    ///
    /// # Errors
    /// When the address is no address, in upper case or taken, or the last administrator would go.
    pub fn provision(&mut self, new: NewUser, act: &Act<'_>) -> Result<Provisioned, Refusal> {
        self.run_due(act.now);
        let folded = email::fold(&new.user_name);
        let existing = self.holder(&folded).cloned();
        let hidden = existing.as_ref().filter(|user| !self.is_visible(user)).map(|user| user.id);
        let existing = existing.filter(|user| hidden != Some(user.id));
        let from = self.state(existing.as_ref(), &folded);
        if matches!(from, State::Pending | State::Member | State::Removed) {
            return Err(Refusal::Taken);
        }
        let address = email::accept(&new.user_name, self.switches.email_case)?;
        let event = if new.is_inactive { Event::PostInactive } else { Event::Post };
        let step = transition::next(from, event, self.facts(existing.as_ref()), &self.switches)?;

        if let Some(id) = hidden {
            self.record(Change::UserGone(id));
        }
        let is_link = existing.is_some();
        let mut user = existing.unwrap_or_else(|| self.draft(address, new.name, act));
        if new.external_id.is_some() || !is_link {
            user.external_id = new.external_id.map(Into::into);
        }
        if let Some(name) = new.display_name {
            user.display_name = DisplayName::Sent(name.into());
        }
        let arrival = Arrival { via: JoinedVia::Scim, name: None };
        self.carry_out(step.effects, &mut user, new.role, &arrival, act);
        let id = user.id;
        self.record_unbarred(&folded);
        self.save(user, act.now);
        let action = if is_link { "user.linked" } else { "user.created" };
        self.note(act, action, Some(id), ignored(&new.ignored));
        Ok(if is_link { Provisioned::Linked(id) } else { Provisioned::Created(id) })
    }

    /// Changes a user, who is managed from then on. Nothing happens to the version if SCIM sees no difference.
    ///
    /// # Errors
    /// When there is no such user, the new address is refused, or the last administrator would go; nothing has changed
    /// then.
    pub fn update(&mut self, id: UserId, edit: Edit, act: &Act<'_>) -> Result<(), Refusal> {
        self.run_due(act.now);
        let mut user = self.visible(id).ok_or(Refusal::NotFound)?.clone();
        let address = self.new_address(&user, edit.user_name.as_deref())?;
        let name = self.first_name(&user, edit.name)?;
        let event = match (user.is_active(), edit.active) {
            (true, Some(false)) => Event::Deactivate,
            (false, Some(true)) => Event::Activate,
            _ if edit.role.is_some_and(|role| role != user.role()) => Event::SetRole,
            _ => Event::Touch,
        };
        let step = transition::next(State::of(&user), event, self.facts(Some(&user)), &self.switches)?;

        let old_address = user.user_name.clone();
        if let Some(address) = address {
            self.rename(&mut user, address, act);
        }
        match edit.external_id {
            Update::Keep => {}
            Update::Clear => user.external_id = None,
            Update::Set(external_id) => user.external_id = Some(external_id.into()),
        }
        match edit.display_name {
            Update::Keep => {}
            Update::Clear => user.display_name = DisplayName::Cleared,
            Update::Set(name) => user.display_name = DisplayName::Sent(name.into()),
        }
        if let Some(name) = name {
            user.name = name;
        }
        let arrival = Arrival { via: JoinedVia::Scim, name: None };
        self.carry_out(step.effects, &mut user, edit.role, &arrival, act);
        if event == Event::Deactivate
            && let Some(new) = edit.role
            && let Standing::Removed { role, .. } = &mut user.standing
        {
            *role = new;
        }
        if matches!(event, Event::Activate) {
            self.record_unbarred(&old_address);
        }
        self.save(user, act.now);
        let action = match event {
            Event::Deactivate => "user.deactivated",
            Event::Activate => "user.reactivated",
            Event::SetRole => "user.role_changed",
            _ => "user.updated",
        };
        self.note(act, action, Some(id), ignored(&edit.ignored));
        Ok(())
    }

    /// Deletes a user for ever: the id is never used again, the address is free.
    ///
    /// # Errors
    /// When there is no such user, or it is the last administrator.
    pub fn delete(&mut self, id: UserId, act: &Act<'_>) -> Result<(), Refusal> {
        self.run_due(act.now);
        let mut user = self.visible(id).ok_or(Refusal::NotFound)?.clone();
        let step = transition::next(State::of(&user), Event::Delete, self.facts(Some(&user)), &self.switches)?;
        let arrival = Arrival { via: JoinedVia::Scim, name: None };
        self.carry_out(step.effects, &mut user, None, &arrival, act);
        self.note(act, "user.deleted", Some(id), None);
        Ok(())
    }

    /// Returns where an address stands; `user` is its holder.
    pub(super) fn state(&self, user: Option<&ScimUser>, folded: &str) -> State {
        match user {
            Some(user) => State::of(user),
            None if self.invites.values().any(|invite| *invite.email == *folded) => State::Invited,
            None if self.barred.contains(folded) => State::Deleted,
            None => State::Absent,
        }
    }

    /// Returns the user who holds an address: as user name, or as a further address of the person.
    pub(super) fn holder(&self, folded: &str) -> Option<&ScimUser> {
        self.directory.by_email(folded).or_else(|| {
            let account = self.accounts.by_email(folded)?;
            self.directory.by_account(account.id)
        })
    }

    pub(super) fn facts(&self, user: Option<&ScimUser>) -> Facts {
        Facts {
            is_last_admin: user.is_some_and(ScimUser::is_admin) && self.directory.counts().admins == 1,
            was_member: user.is_some_and(|user| matches!(user.standing, Standing::Removed { was_member: true, .. })),
            has_jit: self.settings.jit,
        }
    }

    /// Returns a new user, pending; the effects of a transition put it where it belongs.
    pub(super) fn draft(&self, address: Box<str>, name: Name, act: &Act<'_>) -> ScimUser {
        let mut id = UserId::draw(act.rng);
        while self.directory.get(id).is_some() {
            id = UserId::draw(act.rng);
        }
        let account = self.accounts.by_email(&address);
        let name = account.filter(|account| !account.name.is_empty()).map_or(name, |account| account.name.clone());
        ScimUser {
            id,
            external_id: None,
            user_name: address,
            name,
            display_name: DisplayName::Computed,
            managed: false,
            version: 1,
            created: act.now,
            modified: act.now,
            standing: Standing::Pending {
                role: self.settings.default_role,
                account: account.map(|account| account.id),
            },
        }
    }

    pub(super) fn record_unbarred(&mut self, folded: &str) {
        if self.barred.contains(folded) {
            self.record(Change::Unbarred(folded.into()));
        }
    }

    /// Returns the address to rename to, if it is another one and the switches let it through.
    fn new_address(&self, user: &ScimUser, sent: Option<&str>) -> Result<Option<Box<str>>, Refusal> {
        let Some(sent) = sent.filter(|sent| **sent != *user.user_name) else {
            return Ok(None);
        };
        match self.switches.username_change {
            UsernameChange::Ignore => return Ok(None),
            UsernameChange::Reject => return Err(Refusal::UserNameFixed),
            UsernameChange::Rename => {}
        }
        let folded = email::fold(sent);
        if self.holder(&folded).is_some_and(|holder| holder.id != user.id) {
            return Err(Refusal::Taken);
        }
        let address = email::accept(sent, self.switches.email_case)?;
        let other_person = self.accounts.by_email(&address).filter(|account| user.account() != Some(account.id));
        if user.is_member() && other_person.is_some() {
            return Err(Refusal::Taken);
        }
        Ok(Some(address).filter(|address| *address != user.user_name))
    }

    /// Returns the name to store: the first one of a user who has not joined yet.
    fn first_name(&self, user: &ScimUser, sent: Option<Name>) -> Result<Option<Name>, Refusal> {
        let Some(sent) = sent.filter(|sent| *sent != user.name) else {
            return Ok(None);
        };
        let fits = |old: &Option<Box<str>>, new: &Option<Box<str>>| old.is_none() || new.is_none() || old == new;
        let is_first = fits(&user.name.given, &sent.given) && fits(&user.name.family, &sent.family);
        if is_first && !user.has_joined() {
            let merged = Name {
                given: user.name.given.clone().or(sent.given),
                family: user.name.family.clone().or(sent.family),
            };
            return Ok(Some(merged).filter(|merged| *merged != user.name));
        }
        if self.switches.refuses_names() { Err(Refusal::NameFixed) } else { Ok(None) }
    }

    /// Renames: a pending user just so, with a new mail; a member by keeping the old address as a further one of the
    /// person, so that signing in with either finds the same person.
    fn rename(&mut self, user: &mut ScimUser, address: Box<str>, act: &Act<'_>) {
        let old = std::mem::replace(&mut user.user_name, address.clone());
        self.withdraw_invite(&address);
        self.record_unbarred(&address);
        match &mut user.standing {
            Standing::Pending { account, .. } => {
                *account = self.accounts.by_email(&address).map(|account| account.id);
                self.void_mail(user, act);
                self.queue_mail(user, act);
            }
            Standing::Member { account, .. } => {
                if let Some(account) = self.accounts.get(*account) {
                    let mut account = account.clone();
                    account.secondary.retain(|further| *further != address && *further != old);
                    account.secondary.push(old);
                    account.primary = address;
                    self.record(Change::Account(account));
                }
            }
            Standing::Removed { .. } => {}
        }
    }
}

fn ignored(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("ignored {}: {}", names.len(), names.join(", ")))
}
