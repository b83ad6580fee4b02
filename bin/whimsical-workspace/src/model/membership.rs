//! How people come into the workspace and leave it: sign-in, invites, removal by hand, and the effects behind them.

use jiff::SignedDuration;

use crate::model::account::Account;
use crate::model::act::Act;
use crate::model::billing::LineKind;
use crate::model::change::Change;
use crate::model::email;
use crate::model::id::{AccountId, InviteId, UserId};
use crate::model::journal::{Invite, Mail};
use crate::model::offboarding::{DELAY, Files, Job, JobState};
use crate::model::refusal::Refusal;
use crate::model::switches::EmailCase;
use crate::model::transition::{self, Effect, Event, State};
use crate::model::user::{JoinedVia, Name, Role, ScimUser, Standing};
use crate::model::workspace::Workspace;

/// A mail that is taken back within this time was never sent: a connection test costs nothing.
const MAIL_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// A person who signs in by SAML.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// The e-mail address (the name id).
    pub email: String,
    /// The attributes `FirstName` and `LastName`.
    pub name: Name,
}

/// A change that an administrator makes to a member by hand.
#[derive(Debug, Clone, Default)]
pub struct MemberEdit {
    /// The role.
    pub role: Option<Role>,
    /// Whether the member is an administrator.
    pub admin: Option<bool>,
    /// The own name; only the person changes it.
    pub name: Option<Name>,
}

/// How somebody joins.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// By which way.
    pub(super) via: JoinedVia,
    /// The name that the sign-in told.
    pub(super) name: Option<Name>,
}

impl Workspace {
    /// Lets a person sign in by SAML; the first time makes the account and the membership, and takes the seat.
    ///
    /// # Errors
    /// When SAML is off, the person was removed, or unknown people may not join.
    pub fn sign_in(&mut self, person: SignIn, act: &Act<'_>) -> Result<UserId, Refusal> {
        self.run_due(act.now);
        if self.saml.is_none() {
            return Err(Refusal::SamlOff);
        }
        let address = email::accept(&person.email, EmailCase::Fold)?;
        let user = self.holder(&address).cloned();
        let from = self.state(user.as_ref(), &address);
        let step = transition::next(from, Event::SignIn, self.facts(user.as_ref()), &self.switches)?;
        let via = if matches!(from, State::Pending | State::Removed) { JoinedVia::Scim } else { JoinedVia::Jit };
        let mut user = user.unwrap_or_else(|| self.draft(address.clone(), person.name.clone(), act));
        let arrival = Arrival { via, name: Some(person.name) };
        self.carry_out(step.effects, &mut user, None, &arrival, act);
        self.record_unbarred(&address);
        let id = user.id;
        self.save(user, act.now);
        self.note(act, "member.signed_in", Some(id), None);
        Ok(id)
    }

    /// Invites somebody by hand.
    ///
    /// # Errors
    /// When the address is no address, or its person is invited, pending or a member.
    pub fn invite(&mut self, address: &str, role: Role, act: &Act<'_>) -> Result<InviteId, Refusal> {
        let address = email::accept(address, EmailCase::Fold)?;
        let is_free = self.holder(&address).is_none();
        if !is_free || self.state(None, &address) == State::Invited {
            return Err(Refusal::AlreadyHere);
        }
        let id = InviteId(self.last_invite.saturating_add(1));
        self.record(Change::Invite(Invite { id, email: address, role, at: act.now }));
        self.note(act, "invite.created", None, Some(format!("invite {id}")));
        Ok(id)
    }

    /// Accepts an invite: the person is a member that no identity provider manages.
    ///
    /// # Errors
    /// When there is no such invite.
    pub fn accept_invite(&mut self, id: InviteId, name: Name, act: &Act<'_>) -> Result<UserId, Refusal> {
        let address = self.invites.get(&id).ok_or(Refusal::NotFound)?.email.clone();
        // The invited address may be a second one of somebody who is in the workspace already.
        let person = self.accounts.by_email(&address).map(|account| account.id);
        if person.is_some_and(|person| self.directory.by_account(person).is_some()) {
            return Err(Refusal::Taken);
        }
        let step = transition::next(State::Invited, Event::Accept, self.facts(None), &self.switches)?;
        let mut user = self.draft(address.clone(), name.clone(), act);
        let arrival = Arrival { via: JoinedVia::Invite, name: Some(name) };
        self.carry_out(step.effects, &mut user, None, &arrival, act);
        self.record_unbarred(&address);
        let id = user.id;
        self.save(user, act.now);
        self.note(act, "invite.accepted", Some(id), None);
        Ok(id)
    }

    /// Changes a member by hand. The next push of an identity provider may overwrite the role.
    ///
    /// # Errors
    /// When there is no such member, or it is the last administrator.
    pub fn edit_member(&mut self, id: UserId, edit: MemberEdit, act: &Act<'_>) -> Result<(), Refusal> {
        let mut user = self.directory.get(id).filter(|user| user.is_member()).ok_or(Refusal::NotFound)?.clone();
        if edit.admin == Some(false) && self.facts(Some(&user)).is_last_admin {
            return Err(Refusal::LastAdmin);
        }
        if let Some(role) = edit.role {
            self.change_role(&mut user, role, act);
        }
        if let Some(admin) = edit.admin
            && let Standing::Member { is_admin, .. } = &mut user.standing
        {
            *is_admin = admin;
        }
        if let Some(name) = edit.name
            && let Some(account) = user.account().and_then(|id| self.accounts.get(id))
        {
            self.record(Change::Account(Account { name: name.clone(), ..account.clone() }));
            user.name = name;
        }
        self.save(user, act.now);
        self.note(act, "member.edited", Some(id), None);
        Ok(())
    }

    /// Removes a member or pending user by hand.
    ///
    /// # Errors
    /// When there is no such user, or it is the last administrator.
    pub fn remove_by_hand(&mut self, id: UserId, files: Files, act: &Act<'_>) -> Result<(), Refusal> {
        let mut user = self.directory.get(id).ok_or(Refusal::NotFound)?.clone();
        let step = transition::next(State::of(&user), Event::RemoveByHand, self.facts(Some(&user)), &self.switches)?;
        let arrival = Arrival { via: JoinedVia::Invite, name: None };
        self.carry_out(step.effects, &mut user, None, &arrival, act);
        match files {
            Files::Now => self.hasten_offboarding(&user, act),
            Files::Later => {}
            Files::Leave => self.cancel_offboarding(&user),
        }
        self.save(user, act.now);
        self.note(act, "member.removed", Some(id), None);
        Ok(())
    }

    /// Adds the account of a person who is in another workspace.
    ///
    /// # Errors
    /// When an address is no address, or belongs to somebody.
    pub fn add_account(&mut self, primary: &str, secondary: &[String], name: Name) -> Result<AccountId, Refusal> {
        let address = |text: &str| {
            let address = email::accept(text, EmailCase::Fold)?;
            if self.accounts.by_email(&address).is_some() { Err(Refusal::Taken) } else { Ok(address) }
        };
        let primary = address(primary)?;
        let secondary = secondary.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
        let id = self.accounts.next_id();
        self.record(Change::Account(Account { id, primary, secondary, name }));
        Ok(id)
    }

    /// Carries out the effects of a transition on a user that the caller saves.
    pub(super) fn carry_out(
        &mut self,
        effects: &[Effect],
        user: &mut ScimUser,
        role: Option<Role>,
        arrival: &Arrival,
        act: &Act<'_>,
    ) {
        let role_or = |user: &ScimUser| role.unwrap_or_else(|| user.role());
        for effect in effects {
            match effect {
                Effect::Manage => user.managed = true,
                Effect::TakeInvite => self.take_invite(user),
                Effect::Mail => self.queue_mail(user, act),
                Effect::VoidMail => self.void_mail(user, act),
                Effect::Await => {
                    user.standing = Standing::Pending { role: role_or(user), account: user.account() };
                }
                Effect::Join => self.join(user, role_or(user), arrival, act),
                Effect::Retire => {
                    let standing =
                        Standing::Removed { role: role_or(user), account: user.account(), was_member: false };
                    user.standing = standing;
                }
                Effect::Leave | Effect::LeaveByHand => self.leave(user, act),
                Effect::ChangeRole => self.change_role(user, role_or(user), act),
                Effect::Forget => {
                    self.record(Change::Barred(user.user_name.clone()));
                    self.record(Change::UserGone(user.id));
                }
            }
        }
    }

    fn take_invite(&mut self, user: &mut ScimUser) {
        if let Some(invite) = self.withdraw_invite(&user.user_name) {
            user.standing = Standing::Pending { role: invite.role, account: user.account() };
        }
    }

    /// Takes out the invite of an address, if there is one.
    pub(super) fn withdraw_invite(&mut self, address: &str) -> Option<Invite> {
        let invite = self.invites.values().find(|invite| *invite.email == *address).cloned()?;
        self.record(Change::InviteGone(invite.id));
        Some(invite)
    }

    fn join(&mut self, user: &mut ScimUser, role: Role, arrival: &Arrival, act: &Act<'_>) {
        let known =
            user.account().and_then(|id| self.accounts.get(id)).or_else(|| self.accounts.by_email(&user.user_name));
        let account = match known.cloned() {
            Some(account) if !account.name.is_empty() => account,
            known => {
                let told = arrival.name.clone().filter(|name| !name.is_empty());
                let name = told.unwrap_or_else(|| user.name.clone());
                let account = match known {
                    Some(account) => Account { name, ..account },
                    None => Account {
                        id: self.accounts.next_id(),
                        primary: user.user_name.clone(),
                        secondary: Vec::new(),
                        name,
                    },
                };
                self.record(Change::Account(account.clone()));
                account
            }
        };
        self.cancel_offboarding_of(account.id);
        user.name = account.name;
        user.standing =
            Standing::Member { account: account.id, role, is_admin: false, via: arrival.via, joined: act.now };
        if role.is_editor() {
            self.bill(user, LineKind::Charge, act.now);
        }
    }

    fn leave(&mut self, user: &mut ScimUser, act: &Act<'_>) {
        let Standing::Member { account, role, .. } = user.standing else {
            return;
        };
        if role.is_editor() {
            self.bill(user, LineKind::Credit, act.now);
        }
        user.standing = Standing::Removed { role, account: Some(account), was_member: true };
        let Some(target) = self.settings.offboarding.clone() else {
            return;
        };
        self.cancel_offboarding_of(account);
        let name = user.name.formatted().unwrap_or_else(|| user.shown_name().into_owned());
        self.record(Change::Job(Job {
            id: self.jobs.next_id(),
            account,
            user: user.id,
            due: act.now.checked_add(DELAY).unwrap_or(act.now),
            folder: format!("Transferred from {name} ({})", user.user_name),
            target: format!("{}/{}", target.team, target.folder),
            state: JobState::Waiting,
        }));
    }

    pub(super) fn change_role(&mut self, user: &mut ScimUser, new: Role, act: &Act<'_>) {
        let was_billed = user.is_billed();
        match &mut user.standing {
            Standing::Pending { role, .. } | Standing::Member { role, .. } | Standing::Removed { role, .. } => {
                *role = new;
            }
        }
        match (was_billed, user.is_billed()) {
            (false, true) => self.bill(user, LineKind::Charge, act.now),
            (true, false) => self.bill(user, LineKind::Credit, act.now),
            _ => {}
        }
    }

    pub(super) fn queue_mail(&mut self, user: &ScimUser, act: &Act<'_>) {
        let id = self.outbox.next_id();
        self.record(Change::Mail(Mail { id, at: act.now, to: user.user_name.clone(), user: user.id, is_void: false }));
    }

    pub(super) fn void_mail(&mut self, user: &ScimUser, act: &Act<'_>) {
        let Some(mail) = self.outbox.to_user(user.id).filter(|mail| !mail.is_void).cloned() else {
            return;
        };
        let is_unsent = act.now.duration_since(mail.at) < MAIL_DELAY;
        let is_waiting = matches!(user.standing, Standing::Pending { .. });
        if is_unsent && act.actor == crate::model::Actor::Scim && is_waiting {
            self.record(Change::MailGone(mail.id));
        } else {
            self.record(Change::Mail(Mail { is_void: true, ..mail }));
        }
    }

    fn cancel_offboarding(&mut self, user: &ScimUser) {
        if let Some(account) = user.account() {
            self.cancel_offboarding_of(account);
        }
    }

    fn cancel_offboarding_of(&mut self, account: AccountId) {
        if let Some(job) = self.jobs.waiting_for(account).cloned() {
            self.record(Change::Job(Job { state: JobState::Cancelled, ..job }));
        }
    }

    fn hasten_offboarding(&mut self, user: &ScimUser, act: &Act<'_>) {
        let waiting = user.account().and_then(|account| self.jobs.waiting_for(account)).cloned();
        if let Some(job) = waiting {
            self.record(Change::Job(Job { due: act.now, state: JobState::Done, ..job }));
        }
    }
}
