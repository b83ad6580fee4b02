//! The rules of the workspace, by example and by property.

mod life_cycle;
mod properties;
mod settings;

use ids::SeededRng;
use jiff::{SignedDuration, Timestamp};

use crate::model::membership::SignIn;
use crate::model::provisioning::{Edit, NewUser};
use crate::model::token::Token;
use crate::model::user::Name;
use crate::model::{Act, Actor, Refusal, Role, ScimUser, Switches, UserId, Workspace, seed};

/// A workspace with one administrator, and a clock and random source for it.
pub(super) struct Bench {
    pub(super) workspace: Workspace,
    pub(super) now: Timestamp,
    rng: SeededRng,
}

impl Bench {
    pub(super) fn new(switches: Switches) -> Self {
        Self {
            workspace: seed::workspace(1, Token::new("whscim_test"), [7; 32], switches),
            now: "2026-11-02T09:00:00Z".parse().unwrap(),
            rng: SeededRng::new(42),
        }
    }

    pub(super) fn act<T>(&mut self, actor: Actor, change: impl FnOnce(&mut Workspace, &Act<'_>) -> T) -> T {
        change(&mut self.workspace, &Act { now: self.now, actor, rng: &self.rng })
    }

    pub(super) fn pass(&mut self, hours: i64) {
        self.now = self.now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    }

    pub(super) fn post(&mut self, email: &str, role: Option<Role>) -> Result<UserId, Refusal> {
        let name = Name::new(Some("Ada"), Some("Lovelace"));
        let new = NewUser { user_name: email.to_owned(), name, role, ..NewUser::default() };
        self.act(Actor::Scim, |workspace, act| workspace.provision(new, act)).map(super::provisioning::Provisioned::id)
    }

    pub(super) fn edit(&mut self, id: UserId, edit: Edit) -> Result<(), Refusal> {
        self.act(Actor::Scim, |workspace, act| workspace.update(id, edit, act))
    }

    pub(super) fn active(&mut self, id: UserId, active: bool) -> Result<(), Refusal> {
        self.edit(id, Edit { active: Some(active), ..Edit::default() })
    }

    pub(super) fn role(&mut self, id: UserId, role: Role) -> Result<(), Refusal> {
        self.edit(id, Edit { role: Some(role), ..Edit::default() })
    }

    pub(super) fn sign_in(&mut self, email: &str) -> Result<UserId, Refusal> {
        let person = SignIn { email: email.to_owned(), name: Name::new(Some("Augusta"), Some("King")) };
        self.act(Actor::User, |workspace, act| workspace.sign_in(person, act))
    }

    pub(super) fn user(&self, id: UserId) -> &ScimUser {
        self.workspace.directory().get(id).unwrap()
    }

    pub(super) fn admin(&self) -> UserId {
        self.workspace.directory().iter().next().unwrap().id
    }

    /// Returns "C5000" for a charge of 50.00, "K" for a credit, in order.
    pub(super) fn ledger(&self) -> Vec<String> {
        let text = |line: &crate::model::billing::Line| match line.kind {
            crate::model::billing::LineKind::Charge => format!("C{}", line.cents),
            crate::model::billing::LineKind::Credit => format!("K{}", line.cents),
        };
        self.workspace.ledger().map(text).collect()
    }

    pub(super) fn mails(&self) -> usize {
        self.workspace.outbox().iter().filter(|mail| !mail.is_void).count()
    }
}
