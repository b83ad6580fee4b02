//! What holds after any sequence of events, and what survives writing down.

use std::collections::HashSet;

use proptest::prelude::*;

use super::Bench;
use crate::model::membership::MemberEdit;
use crate::model::offboarding::Files;
use crate::model::provisioning::Edit;
use crate::model::transition::{self, Event, Facts, State};
use crate::model::{Actor, Role, ScimUser, Standing, Switches, UserId, Workspace};

const EMAILS: [&str; 4] = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"];

#[derive(Debug, Clone)]
enum Deed {
    Post(usize, Option<bool>),
    Active(usize, bool),
    Editor(usize, bool),
    Rename(usize, usize),
    Delete(usize),
    SignIn(usize),
    Invite(usize),
    Accept,
    ByHand(usize),
    Admin(usize, bool),
    SamlOff,
    Pass(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..EMAILS.len();
    prop_oneof![
        4 => (who.clone(), any::<Option<bool>>()).prop_map(|(who, role)| Deed::Post(who, role)),
        4 => (who.clone(), any::<bool>()).prop_map(|(who, active)| Deed::Active(who, active)),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, editor)| Deed::Editor(who, editor)),
        1 => (who.clone(), who.clone()).prop_map(|(who, to)| Deed::Rename(who, to)),
        2 => who.clone().prop_map(Deed::Delete),
        4 => who.clone().prop_map(Deed::SignIn),
        1 => who.clone().prop_map(Deed::Invite),
        1 => Just(Deed::Accept),
        1 => who.clone().prop_map(Deed::ByHand),
        1 => (who, any::<bool>()).prop_map(|(who, admin)| Deed::Admin(who, admin)),
        1 => Just(Deed::SamlOff),
        2 => (0_i64..100).prop_map(Deed::Pass),
    ]
}

/// Does a deed; refusals are as good as anything, as long as nothing breaks.
fn perform(bench: &mut Bench, deed: &Deed) {
    let id = |bench: &Bench, who: usize| bench.workspace.directory().by_email(EMAILS[who]).map(|user| user.id);
    let admin_too = |bench: &Bench, who: usize| id(bench, who).unwrap_or_else(|| bench.admin_or_any());
    match *deed {
        Deed::Post(who, role) => {
            let _ = bench.post(EMAILS[who], role.map(Role::from_editor));
        }
        Deed::Active(who, active) => {
            let _ = bench.active(admin_too(bench, who), active);
        }
        Deed::Editor(who, editor) => {
            let _ = bench.role(admin_too(bench, who), Role::from_editor(editor));
        }
        Deed::Rename(who, to) => {
            let edit = Edit { user_name: Some(EMAILS[to].to_owned()), ..Edit::default() };
            let _ = bench.edit(admin_too(bench, who), edit);
        }
        Deed::Delete(who) => {
            let id = admin_too(bench, who);
            let _ = bench.act(Actor::Scim, |workspace, act| workspace.delete(id, act));
        }
        Deed::SignIn(who) => {
            let _ = bench.sign_in(EMAILS[who]);
        }
        Deed::Invite(who) => {
            let _ = bench.act(Actor::Admin, |workspace, act| workspace.invite(EMAILS[who], Role::Editor, act));
        }
        Deed::Accept => {
            let first = bench.workspace.invites().next().map(|invite| invite.id);
            if let Some(invite) = first {
                let name = crate::model::user::Name::default();
                let _ = bench.act(Actor::User, |workspace, act| workspace.accept_invite(invite, name, act));
            }
        }
        Deed::ByHand(who) => {
            let id = admin_too(bench, who);
            let _ = bench.act(Actor::Admin, |workspace, act| workspace.remove_by_hand(id, Files::Later, act));
        }
        Deed::Admin(who, admin) => {
            let id = admin_too(bench, who);
            let edit = MemberEdit { admin: Some(admin), ..MemberEdit::default() };
            let _ = bench.act(Actor::Admin, |workspace, act| workspace.edit_member(id, edit, act));
        }
        Deed::SamlOff => {
            let saml = bench.workspace.saml().cloned();
            bench.act(Actor::Admin, super::super::workspace::Workspace::disable_saml);
            if let Some(saml) = saml {
                bench.workspace.apply(crate::model::Change::Saml(Some(saml)));
            }
        }
        Deed::Pass(hours) => bench.pass(hours),
    }
}

impl Bench {
    fn admin_or_any(&self) -> UserId {
        let directory = self.workspace.directory();
        directory.iter().find(|user| user.is_admin()).or(directory.iter().next()).unwrap().id
    }
}

fn check_invariants(workspace: &Workspace, ids_gone: &HashSet<UserId>) {
    let directory = workspace.directory();
    let users: Vec<&ScimUser> = directory.iter().collect();
    assert_eq!(users.len(), directory.len());
    let emails: HashSet<String> = users.iter().map(|user| user.user_name.to_lowercase()).collect();
    assert_eq!(emails.len(), users.len(), "one row per address");
    let ordered = users.windows(2).all(|pair| (pair[0].created, pair[0].id) < (pair[1].created, pair[1].id));
    assert!(ordered, "the order of creation and id");
    let counts = directory.counts();
    assert_eq!(counts.editors, users.iter().filter(|user| user.is_billed()).count(), "seats are member editors");
    assert_eq!(counts.pending, users.iter().filter(|user| matches!(user.standing, Standing::Pending { .. })).count());
    assert_eq!(counts.admins, users.iter().filter(|user| user.is_admin()).count());
    assert!(counts.admins >= 1, "an administrator stays");
    let mut accounts = HashSet::new();
    for user in &users {
        assert_eq!(directory.get(user.id), Some(*user));
        assert_eq!(directory.by_email(&user.user_name), Some(*user));
        assert!(!ids_gone.contains(&user.id), "ids are never used again");
        if let Some(account) = user.account() {
            assert!(accounts.insert(account), "one row per person");
            assert_eq!(directory.by_account(account), Some(*user));
        }
        if user.is_member() {
            let account = workspace.accounts().get(user.account().unwrap()).unwrap();
            assert_eq!(account.name, user.name, "a member's name is the person's");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_whatever_happens(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut bench = Bench::new(Switches::default());
        let mut gone = HashSet::new();
        for deed in &deeds {
            let before: HashSet<UserId> = bench.workspace.directory().iter().map(|user| user.id).collect();
            perform(&mut bench, deed);
            let after: HashSet<UserId> = bench.workspace.directory().iter().map(|user| user.id).collect();
            check_invariants(&bench.workspace, &gone);
            gone.extend(before.difference(&after));
        }
    }

    #[test]
    fn the_changes_rebuild_the_same_workspace(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut bench = Bench::new(Switches::default());
        let mut copy = Bench::new(Switches::default()).workspace;
        for deed in &deeds {
            perform(&mut bench, deed);
            for change in bench.workspace.take_unsaved() {
                let text = serde_json::to_string(&change).unwrap();
                copy.apply(serde_json::from_str(&text).unwrap());
            }
            if matches!(deed, Deed::SamlOff) {
                copy.apply(crate::model::Change::Saml(bench.workspace.saml().cloned()));
            }
        }
        let of = |workspace: &Workspace| {
            let mut changes: Vec<String> =
                workspace.snapshot().map(|change| serde_json::to_string(&change).unwrap()).collect();
            changes.sort();
            changes
        };
        prop_assert_eq!(of(&copy), of(&bench.workspace));
    }
}

#[test]
fn the_table_leads_where_the_effects_lead() {
    use Event::{Accept, Activate, Deactivate, Delete, Post, PostInactive, RemoveByHand, SetRole, SignIn, Touch};
    let events = [Post, PostInactive, Touch, SetRole, Deactivate, Activate, Delete, SignIn, Accept, RemoveByHand];
    for event in events {
        for (email, from) in [
            ("pending@x.y", State::Pending),
            ("member@x.y", State::Member),
            ("hand@x.y", State::Unmanaged),
            ("out@x.y", State::Removed),
        ] {
            let mut bench = Bench::new(Switches::default());
            let id = match from {
                State::Unmanaged => bench.sign_in(email).unwrap(),
                _ => bench.post(email, None).unwrap(),
            };
            if from == State::Member {
                bench.sign_in(email).unwrap();
            }
            if from == State::Removed {
                bench.active(id, false).unwrap();
            }
            let mut user = bench.user(id).clone();
            assert_eq!(State::of(&user), from);
            let facts = Facts { has_jit: true, ..Facts::default() };
            let Ok(step) = transition::next(from, event, facts, &Switches::default()) else {
                continue;
            };
            let arrival = crate::model::membership::Arrival { via: crate::model::user::JoinedVia::Scim, name: None };
            bench.act(Actor::Scim, |workspace, act| {
                workspace.carry_out(step.effects, &mut user, Some(Role::Editor), &arrival, act);
            });
            let to = if bench.workspace.directory().get(id).is_none() { State::Deleted } else { State::of(&user) };
            assert_eq!(to, step.to, "{from:?} {event:?}");
        }
    }
}
