//! The life cycle of a user as one table: state and event give the next state and what happens on the way.
//!
//! [`next`] decides and changes nothing; `provisioning` and `membership` carry out the [`Effect`]s. What is unknown of
//! the real service is decided by a switch, named in the row.

use crate::model::Refusal;
use crate::model::switches::{DeleteOfPending, JitAfterRemoval, PostExisting, Reactivate, RemovedUsers, Switches};
use crate::model::user::{ScimUser, Standing};

/// Where an e-mail address stands with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Unknown here.
    Absent,
    /// Invited by hand, not accepted yet; not listed over SCIM.
    Invited,
    /// A member that no identity provider manages yet.
    Unmanaged,
    /// Provisioned, has not signed in.
    Pending,
    /// A member that an identity provider manages.
    Member,
    /// Removed, still readable with `active` false.
    Removed,
    /// Deleted over SCIM; the address is free, the person deprovisioned.
    Deleted,
}

impl State {
    /// Returns the state of a row.
    #[must_use]
    pub fn of(user: &ScimUser) -> Self {
        match &user.standing {
            Standing::Pending { .. } => Self::Pending,
            Standing::Member { .. } if user.managed => Self::Member,
            Standing::Member { .. } => Self::Unmanaged,
            Standing::Removed { .. } => Self::Removed,
        }
    }
}

/// What happens to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// POST, `active` true or absent.
    Post,
    /// POST with `active` false.
    PostInactive,
    /// PUT or PATCH that changes neither `active` nor the role.
    Touch,
    /// PUT or PATCH with a role other than the present one.
    SetRole,
    /// `active` from true to false.
    Deactivate,
    /// `active` from false to true.
    Activate,
    /// DELETE.
    Delete,
    /// The person signs in by SAML.
    SignIn,
    /// The person accepts an invite.
    Accept,
    /// An administrator removes the member by hand.
    RemoveByHand,
}

/// What happens on the way from one state to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// From now on an identity provider manages the user.
    Manage,
    /// The invite is used up; its role counts unless another one was sent.
    TakeInvite,
    /// The activation mail is queued.
    Mail,
    /// The activation link is void.
    VoidMail,
    /// Not a member (any more, or yet) and expected to sign in.
    Await,
    /// A member from now on: account, seat and its charge, offboarding called off.
    Join,
    /// Never was a member: out without anything to offboard.
    Retire,
    /// Not a member any more: seat and its credit, offboarding in 72 hours, sessions end. Shared content stays.
    Leave,
    /// As [`Effect::Leave`], with the files as the administrator chose.
    LeaveByHand,
    /// The role changes; a member's seat with it.
    ChangeRole,
    /// The row is gone; the person may not come back by signing in.
    Forget,
}

/// What decides besides state, event and switches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The user is the only administrator.
    pub is_last_admin: bool,
    /// The removed user had been a member.
    pub was_member: bool,
    /// Unknown people may join by signing in.
    pub has_jit: bool,
}

/// The next state and what happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub to: State,
    /// What happens, in this order.
    pub effects: &'static [Effect],
}

/// Returns the next state and what happens on the way.
///
/// # Errors
/// Why the event is refused in this state.
#[expect(clippy::match_same_arms, reason = "each arm is a row of the table, in its order")]
pub fn next(from: State, event: Event, facts: Facts, switches: &Switches) -> Result<Step, Refusal> {
    use Effect::{Await, ChangeRole, Forget, Join, Leave, LeaveByHand, Mail, Manage, Retire, TakeInvite, VoidMail};
    use State::{Absent, Deleted, Invited, Member, Pending, Removed, Unmanaged};

    let is_leaving = matches!(event, Event::Deactivate | Event::Delete | Event::RemoveByHand | Event::PostInactive);
    if matches!(from, Member | Unmanaged) && is_leaving && facts.is_last_admin {
        return Err(Refusal::LastAdmin);
    }
    let go = |to, effects| Ok(Step { to, effects });
    match (from, event) {
        (Absent | Deleted, Event::Post) => go(Pending, &[Manage, Await, Mail]),
        (Absent | Deleted, Event::PostInactive) => go(Removed, &[Manage, Retire]),
        (Invited, Event::Post) => go(Pending, &[TakeInvite, Manage, Await, Mail]),
        (Invited, Event::PostInactive) => go(Removed, &[TakeInvite, Manage, Retire]),
        (Unmanaged, Event::Post | Event::PostInactive) if switches.post_existing == PostExisting::Conflict409 => {
            Err(Refusal::Taken)
        }
        (Unmanaged, Event::Post) => go(Member, &[Manage, ChangeRole]),
        (Unmanaged, Event::PostInactive) => go(Removed, &[Manage, Leave]),
        (Pending | Member | Removed, Event::Post | Event::PostInactive) => Err(Refusal::Taken),

        (Unmanaged, Event::Touch) => go(Member, &[Manage]),
        (Unmanaged, Event::SetRole) => go(Member, &[Manage, ChangeRole]),
        (Pending | Member | Removed, Event::Touch) => go(from, &[]),
        (Pending | Member | Removed, Event::SetRole) => go(from, &[ChangeRole]),

        (Pending, Event::Deactivate) => go(Removed, &[Retire, VoidMail]),
        (Member, Event::Deactivate) => go(Removed, &[Leave]),
        (Unmanaged, Event::Deactivate) => go(Removed, &[Manage, Leave]),
        (Removed, Event::Activate) if facts.was_member && switches.reactivate == Reactivate::Member => {
            go(Member, &[Manage, Join])
        }
        (Removed, Event::Activate) => go(Pending, &[Manage, Await, Mail]),

        (Pending, Event::Delete) if switches.delete_of_pending == DeleteOfPending::NotFound => Err(Refusal::NotFound),
        (Pending, Event::Delete) => go(Deleted, &[VoidMail, Forget]),
        (Member | Unmanaged, Event::Delete) => go(Deleted, &[Leave, Forget]),
        (Removed, Event::Delete) if switches.removed == RemovedUsers::Hide => Err(Refusal::NotFound),
        (Removed, Event::Delete) => go(Deleted, &[Forget]),

        (Pending, Event::SignIn) => go(Member, &[VoidMail, Join]),
        (Member | Unmanaged, Event::SignIn) => go(from, &[]),
        (Removed | Deleted, Event::SignIn) if switches.jit_after_removal == JitAfterRemoval::Refuse => {
            Err(Refusal::Deprovisioned)
        }
        (Removed, Event::SignIn) => go(Member, &[Manage, Join]),
        (Invited, Event::SignIn) => go(Unmanaged, &[TakeInvite, Join]),
        (Absent | Deleted, Event::SignIn) if !facts.has_jit => Err(Refusal::NoJit),
        (Absent | Deleted, Event::SignIn) => go(Unmanaged, &[Join]),

        (Invited, Event::Accept) => go(Unmanaged, &[TakeInvite, Join]),
        (Member | Unmanaged, Event::RemoveByHand) => go(Removed, &[LeaveByHand]),
        (Pending, Event::RemoveByHand) => go(Removed, &[Retire, VoidMail]),

        // What cannot be addressed in this state, or is so already.
        (Absent | Invited | Deleted, _) | (_, Event::Accept) | (Removed, Event::RemoveByHand) => Err(Refusal::NotFound),
        (Pending | Member | Unmanaged, Event::Activate) | (Removed, Event::Deactivate) => go(from, &[]),
    }
}
