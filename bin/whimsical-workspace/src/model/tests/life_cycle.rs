//! The life of a user, by example.

use super::Bench;
use crate::model::membership::MemberEdit;
use crate::model::offboarding::{Files, JobState};
use crate::model::provisioning::Edit;
use crate::model::settings::{FilesTarget, Visibility};
use crate::model::switches::{
    DeleteOfPending, EmailCase, JitAfterRemoval, PostExisting, Reactivate, RemovedUsers, UsernameChange,
};
use crate::model::transition::State;
use crate::model::user::Name;
use crate::model::{Actor, Refusal, Role, Switches};

const ADA: &str = "ada@example.com";

fn bench() -> Bench {
    Bench::new(Switches::default())
}

fn state(bench: &Bench, email: &str) -> State {
    bench.workspace.state(bench.workspace.holder(email), email)
}

fn offboarding(bench: &mut Bench) {
    let target =
        FilesTarget { team: "Archive".to_owned(), visibility: Visibility::Private, folder: "Leavers".to_owned() };
    bench.act(Actor::Admin, |workspace, act| workspace.set_offboarding(Some(target), act)).unwrap();
}

fn job_states(bench: &Bench) -> Vec<JobState> {
    bench.workspace.jobs().iter().map(|job| job.state).collect()
}

#[test]
fn a_provisioned_editor_costs_nothing_until_the_first_sign_in() {
    let mut bench = bench();
    let seats = bench.workspace.directory().counts().editors;
    let id = bench.post(ADA, Some(Role::Editor)).unwrap();
    assert_eq!((state(&bench, ADA), bench.ledger().len(), bench.mails()), (State::Pending, 0, 1));
    assert_eq!(bench.workspace.directory().counts().editors, seats);
    assert_eq!(bench.sign_in(ADA), Ok(id));
    assert_eq!(state(&bench, ADA), State::Member);
    // 60 days of 365 less 9 hours are left: 120.00 × 59.625 / 365.
    assert_eq!(bench.ledger(), ["C1960"]);
    assert_eq!(bench.workspace.directory().counts().editors, seats + 1);
    assert_eq!(bench.user(id).name.formatted().unwrap(), "Augusta King", "the name is the person's own from now on");
    assert_eq!(bench.sign_in("ADA@example.com"), Ok(id), "a second sign-in changes nothing");
    assert_eq!(bench.ledger().len(), 1);
}

#[test]
fn without_a_role_the_default_counts_at_creation_and_the_present_one_later() {
    let mut bench = bench();
    let id = bench.post(ADA, None).unwrap();
    assert_eq!(bench.user(id).role(), Role::Viewer);
    let version = bench.user(id).version;
    bench.edit(id, Edit::default()).unwrap();
    assert_eq!((bench.user(id).role(), bench.user(id).version), (Role::Viewer, version));
}

#[test]
fn role_changes_of_members_are_charged_and_credited() {
    let mut bench = bench();
    let id = bench.post(ADA, Some(Role::Viewer)).unwrap();
    bench.role(id, Role::Editor).unwrap();
    assert!(bench.ledger().is_empty(), "a pending user's role costs nothing");
    bench.role(id, Role::Viewer).unwrap();
    bench.sign_in(ADA).unwrap();
    bench.role(id, Role::Editor).unwrap();
    bench.role(id, Role::Editor).unwrap();
    bench.role(id, Role::Viewer).unwrap();
    assert_eq!(bench.ledger(), ["C1960", "K1960"]);
}

#[test]
fn removal_keeps_the_row_and_starts_72_hours_that_coming_back_stops() {
    let mut bench = bench();
    offboarding(&mut bench);
    let id = bench.post(ADA, Some(Role::Editor)).unwrap();
    bench.sign_in(ADA).unwrap();
    bench.active(id, false).unwrap();
    assert_eq!(state(&bench, ADA), State::Removed);
    let job = bench.workspace.jobs().iter().next().unwrap().clone();
    assert_eq!(job.folder, "Transferred from Augusta King (ada@example.com)");
    assert_eq!((job.target.as_str(), job.due.to_string()), ("Archive/Leavers", "2026-11-05T09:00:00Z".to_owned()));
    bench.pass(71);
    bench.active(id, true).unwrap();
    assert_eq!((state(&bench, ADA), job_states(&bench)), (State::Member, vec![JobState::Cancelled]));
    assert_eq!(bench.user(id).role(), Role::Editor);
    bench.active(id, false).unwrap();
    bench.pass(71);
    let now = bench.now;
    bench.workspace.run_due(now);
    assert_eq!(job_states(&bench), [JobState::Cancelled, JobState::Waiting], "each removal starts again");
    bench.pass(1);
    let now = bench.now;
    bench.workspace.run_due(now);
    assert_eq!(job_states(&bench), [JobState::Cancelled, JobState::Done]);
    assert_eq!(bench.ledger().len(), 4, "charge, credit, charge, credit");
}

#[test]
fn reactivation_takes_the_role_that_comes_with_it() {
    let mut bench = bench();
    let id = bench.post(ADA, Some(Role::Editor)).unwrap();
    bench.sign_in(ADA).unwrap();
    bench.active(id, false).unwrap();
    bench.edit(id, Edit { active: Some(true), role: Some(Role::Viewer), ..Edit::default() }).unwrap();
    assert_eq!((bench.user(id).role(), bench.ledger().len()), (Role::Viewer, 2), "no second charge");
}

#[test]
fn who_never_joined_comes_back_as_pending_with_a_new_mail() {
    let mut bench = bench();
    let id = bench.post(ADA, None).unwrap();
    bench.pass(1);
    bench.active(id, false).unwrap();
    assert_eq!((state(&bench, ADA), bench.mails()), (State::Removed, 0), "the link is void");
    assert_eq!(bench.sign_in(ADA), Err(Refusal::Deprovisioned));
    bench.active(id, true).unwrap();
    assert_eq!((state(&bench, ADA), bench.mails()), (State::Pending, 1));
}

#[test]
fn a_connection_test_leaves_no_trace_of_mail_or_money() {
    let mut bench = bench();
    let id = bench.post(ADA, Some(Role::Editor)).unwrap();
    bench.act(Actor::Scim, |workspace, act| workspace.delete(id, act)).unwrap();
    assert_eq!(bench.workspace.outbox().iter().count(), 0);
    assert!(bench.ledger().is_empty());
    assert_eq!(state(&bench, ADA), State::Deleted);
    let again = bench.post(ADA, None).unwrap();
    assert_ne!(id, again);
}

#[test]
fn the_last_administrator_stays() {
    let mut bench = bench();
    let admin = bench.admin();
    let before = bench.user(admin).clone();
    assert_eq!(bench.active(admin, false), Err(Refusal::LastAdmin));
    assert_eq!(bench.act(Actor::Scim, |workspace, act| workspace.delete(admin, act)), Err(Refusal::LastAdmin));
    let edit = MemberEdit { admin: Some(false), ..MemberEdit::default() };
    assert_eq!(
        bench.act(Actor::Admin, |workspace, act| workspace.edit_member(admin, edit, act)),
        Err(Refusal::LastAdmin)
    );
    assert_eq!(*bench.user(admin), before);
    bench.role(admin, Role::Viewer).unwrap();
    assert!(bench.user(admin).is_admin(), "an administrator can be a viewer");
    let id = bench.post(ADA, None).unwrap();
    bench.sign_in(ADA).unwrap();
    let edit = MemberEdit { admin: Some(true), ..MemberEdit::default() };
    bench.act(Actor::Admin, |workspace, act| workspace.edit_member(id, edit, act)).unwrap();
    bench.active(admin, false).unwrap();
    bench.active(admin, true).unwrap();
    assert!(!bench.user(admin).is_admin(), "the right does not come back by itself");
}

#[test]
fn an_invite_is_used_up_by_provisioning_and_its_role_kept() {
    let mut bench = bench();
    bench.act(Actor::Admin, |workspace, act| workspace.invite(ADA, Role::Editor, act)).unwrap();
    assert_eq!(state(&bench, ADA), State::Invited);
    assert_eq!(
        bench.act(Actor::Admin, |workspace, act| workspace.invite(ADA, Role::Viewer, act)),
        Err(Refusal::AlreadyHere)
    );
    let id = bench.post(ADA, None).unwrap();
    assert_eq!((state(&bench, ADA), bench.user(id).role()), (State::Pending, Role::Editor));
    assert_eq!(bench.workspace.invites().count(), 0);
}

#[test]
fn a_member_who_came_by_hand_is_linked_with_the_same_id() {
    let mut bench = bench();
    let invite = bench.act(Actor::Admin, |workspace, act| workspace.invite(ADA, Role::Viewer, act)).unwrap();
    let name = Name::new(Some("Ada"), None);
    let id = bench.act(Actor::User, |workspace, act| workspace.accept_invite(invite, name, act)).unwrap();
    assert_eq!(state(&bench, ADA), State::Unmanaged);
    assert_eq!(bench.post(ADA, None), Ok(id));
    assert_eq!((state(&bench, ADA), bench.user(id).role()), (State::Member, Role::Viewer));
    assert_eq!(bench.post(ADA, None), Err(Refusal::Taken));
}

#[test]
fn a_lookup_and_a_patch_link_too() {
    let mut bench = bench();
    let id = bench.sign_in(ADA).unwrap();
    assert_eq!(state(&bench, ADA), State::Unmanaged, "joined by signing in");
    let version = bench.user(id).version;
    bench.edit(id, Edit::default()).unwrap();
    assert_eq!((state(&bench, ADA), bench.user(id).version), (State::Member, version));
}

#[test]
fn somebody_with_an_account_elsewhere_keeps_the_own_name_and_must_still_sign_in() {
    let mut bench = bench();
    let name = Name::new(Some("Countess"), Some("Lovelace"));
    let further = ["ada@old.example.com".to_owned()];
    bench.act(Actor::Lab, |workspace, _| workspace.add_account(ADA, &further, name)).unwrap();
    let id = bench.post("ada@old.example.com", None).unwrap();
    assert_eq!(bench.user(id).name.formatted().unwrap(), "Countess Lovelace");
    assert_eq!(state(&bench, "ada@old.example.com"), State::Pending);
    assert_eq!(bench.sign_in(ADA), Ok(id), "either address finds the person");
    assert_eq!(bench.user(id).name.formatted().unwrap(), "Countess Lovelace");
}

#[test]
fn a_renamed_member_signs_in_with_either_address() {
    let mut bench = bench();
    let id = bench.post(ADA, None).unwrap();
    bench.sign_in(ADA).unwrap();
    let rename = |name: &str| Edit { user_name: Some(name.to_owned()), ..Edit::default() };
    bench.edit(id, rename("ada.king@example.com")).unwrap();
    assert_eq!(&*bench.user(id).user_name, "ada.king@example.com");
    assert_eq!(bench.sign_in(ADA), Ok(id));
    assert_eq!(bench.sign_in("ada.king@example.com"), Ok(id));
    assert_eq!(bench.post(ADA, None), Err(Refusal::Taken), "the old address still is this person's");
    let admin = bench.user(bench.admin()).user_name.to_string();
    assert_eq!(bench.edit(id, rename(&admin)), Err(Refusal::Taken));
}

#[test]
fn names_are_given_once() {
    let mut bench = bench();
    let id = bench.post(ADA, None).unwrap();
    let name = |given, family| Edit { name: Some(Name::new(given, family)), ..Edit::default() };
    bench.edit(id, name(Some("Grace"), Some("Hopper"))).unwrap();
    assert_eq!(bench.user(id).name.formatted().unwrap(), "Ada Lovelace");
    let bare = bench.post("bare@example.com", None).unwrap();
    bench.workspace.directory.put(crate::model::ScimUser { name: Name::default(), ..bench.user(bare).clone() });
    bench.edit(bare, name(Some("Grace"), None)).unwrap();
    bench.edit(bare, name(Some("Grace"), Some("Hopper"))).unwrap();
    assert_eq!(bench.user(bare).name.formatted().unwrap(), "Grace Hopper");
}

#[test]
fn removal_by_hand_moves_the_files_as_chosen() {
    for (files, expected) in [
        (Files::Now, Some(JobState::Done)),
        (Files::Later, Some(JobState::Waiting)),
        (Files::Leave, Some(JobState::Cancelled)),
    ] {
        let mut bench = bench();
        offboarding(&mut bench);
        let id = bench.sign_in(ADA).unwrap();
        bench.act(Actor::Admin, |workspace, act| workspace.remove_by_hand(id, files, act)).unwrap();
        assert_eq!(job_states(&bench).first().copied(), expected, "{files:?}");
        assert_eq!(state(&bench, ADA), State::Removed);
    }
}

#[test]
fn a_role_set_by_hand_lasts_until_the_next_push() {
    let mut bench = bench();
    let id = bench.post(ADA, Some(Role::Viewer)).unwrap();
    bench.sign_in(ADA).unwrap();
    let edit = MemberEdit { role: Some(Role::Editor), ..MemberEdit::default() };
    bench.act(Actor::Admin, |workspace, act| workspace.edit_member(id, edit, act)).unwrap();
    bench.edit(id, Edit::default()).unwrap();
    assert_eq!(bench.user(id).role(), Role::Editor, "no value, no change");
    bench.role(id, Role::Viewer).unwrap();
    assert_eq!(bench.user(id).role(), Role::Viewer);
}

#[test]
fn switches_decide_what_is_unknown() {
    let hide = Switches { removed: RemovedUsers::Hide, ..Switches::default() };
    let mut bench = Bench::new(hide);
    let id = bench.post(ADA, None).unwrap();
    bench.active(id, false).unwrap();
    assert!(bench.workspace.visible(id).is_none());
    assert_eq!(bench.active(id, true), Err(Refusal::NotFound));
    assert_ne!(bench.post(ADA, None).unwrap(), id);

    let mut bench = Bench::new(Switches { post_existing: PostExisting::Conflict409, ..Switches::default() });
    bench.sign_in(ADA).unwrap();
    assert_eq!(bench.post(ADA, None), Err(Refusal::Taken));

    let mut bench = Bench::new(Switches { reactivate: Reactivate::Pending, ..Switches::default() });
    let id = bench.sign_in(ADA).unwrap();
    bench.active(id, false).unwrap();
    bench.active(id, true).unwrap();
    assert_eq!(state(&bench, ADA), State::Pending);

    for (username_change, expected) in
        [(UsernameChange::Ignore, Ok(())), (UsernameChange::Reject, Err(Refusal::UserNameFixed))]
    {
        let mut bench = Bench::new(Switches { username_change, ..Switches::default() });
        let id = bench.post(ADA, None).unwrap();
        let edit = Edit { user_name: Some("new@example.com".to_owned()), ..Edit::default() };
        assert_eq!(bench.edit(id, edit), expected);
        assert_eq!(&*bench.user(id).user_name, ADA);
    }

    let mut bench = Bench::new(Switches { email_case: EmailCase::Fold, ..Switches::default() });
    let id = bench.post("ADA@example.com", None).unwrap();
    assert_eq!(&*bench.user(id).user_name, ADA);
    let mut bench = Bench::new(Switches::default());
    assert_eq!(bench.post("ADA@example.com", None), Err(Refusal::UpperCase));
    bench.post(ADA, None).unwrap();
    assert_eq!(bench.post("ADA@example.com", None), Err(Refusal::Taken), "taken in any case");

    let mut bench = Bench::new(Switches { jit_after_removal: JitAfterRemoval::Allow, ..Switches::default() });
    let id = bench.sign_in(ADA).unwrap();
    bench.active(id, false).unwrap();
    assert_eq!(bench.sign_in(ADA), Ok(id));
    bench.act(Actor::Scim, |workspace, act| workspace.delete(id, act)).unwrap();
    assert_ne!(bench.sign_in(ADA).unwrap(), id);

    let mut bench = Bench::new(Switches { delete_of_pending: DeleteOfPending::NotFound, ..Switches::default() });
    let id = bench.post(ADA, None).unwrap();
    assert_eq!(bench.act(Actor::Scim, |workspace, act| workspace.delete(id, act)), Err(Refusal::NotFound));
}
