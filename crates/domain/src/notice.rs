//! Which event is told to whom, under which name, and how mail about it is folded.
//!
//! Start at [`Rule::of`]: the table of governance §3.11 as a function of an audit event. Who the people are, is found by
//! whoever has the database; what they read is in [`Payload::words`].
//!
//! Source: governance §1.18, §3.11.

mod words;

use jiff::Timestamp;
use serde_json::Value;

use crate::audit::Event;
use crate::finding;
use crate::vocabulary;

pub use words::{Payload, Wish, Words};

/// After how many failed syncs in a row the owners of a connector are told.
///
/// Source: governance §3.11 ("third failure").
pub const FAILURES: i64 = 3;

vocabulary! {
    /// What a notice is about: the name of its text.
    pub enum Template: "a kind of notice" {
        /// A step of a request waits for the person.
        StepOpened => "step.opened",
        /// A step was handed on to the person.
        StepReassigned => "step.reassigned",
        /// A step has waited for half of its time.
        StepReminded => "step.reminded",
        /// Nobody else could be asked.
        LastResort => "step.last_resort",
        /// A change has to be made by hand.
        JobManual => "job.manual",
        /// A request was agreed to.
        RequestApproved => "request.approved",
        /// What was agreed to begins when its holder starts it.
        StartIt => "request.waits_for_start",
        /// A request was refused.
        RequestDenied => "request.denied",
        /// What was asked for is so.
        RequestFulfilled => "request.fulfilled",
        /// What was agreed to could not be done.
        RequestFailed => "request.failed",
        /// A request was called off.
        RequestCancelled => "request.cancelled",
        /// Nobody answered a request in time.
        RequestExpired => "request.expired",
        /// Emergency access was asked for.
        EmergencyUsed => "request.emergency",
        /// Access ends soon.
        GrantEndsSoon => "grant.ends_soon",
        /// Access ended.
        GrantEnded => "grant.ended",
        /// Access lasts longer.
        GrantExtended => "grant.extended",
        /// Somebody was given access outside Podium.
        GrantAppeared => "grant.appeared_outside",
        /// Access could not be taken away.
        RemovalFailed => "grant.removal_failed",
        /// Access was said to be taken away, and is still there.
        StillThere => "grant.still_there",
        /// An app has at most one owner left, as another left.
        OwnerLeft => "app.owner_left",
        /// Too many people would have left at once.
        LeavingHeld => "person.leaving_held",
        /// Something is not as it should be.
        FindingOpened => "finding.opened",
        /// Too much would have been taken away at once.
        BreakerTripped => "breaker.tripped",
        /// A suspicious sync waits for a decision.
        HoldOpened => "hold.opened",
        /// Something waits for the person, though nobody was sent mail for a while.
        StillOpen => "tasks.still_open",
        /// The person is asked to look after a connector.
        SetUpAsked => "connector.set_up_asked",
        /// A connector was not heard of.
        ConnectorSilent => "connector.silent",
        /// Syncs of a connector fail.
        SyncsFail => "connector.syncs_fail",
        /// A connector cannot do something that it was asked for.
        CapabilityMissing => "connector.capability_missing",
        /// A connector may not write.
        WritesRefused => "connector.writes_refused",
        /// A credential of a connector will stop working.
        CredentialRetiring => "credential.retiring",
        /// A credential is used that was revoked.
        CredentialUsed => "credential.used_after_revoke",
    }
}

vocabulary! {
    /// The way by which a notice comes to a person.
    pub enum Channel: "a channel" {
        /// Podium shows it.
        Inbox => "inbox",
        /// A mail.
        Email => "email",
    }
}

vocabulary! {
    /// What became of a notice.
    pub enum State: "a state of a notice" {
        /// It waits to be sent.
        Queued => "queued",
        /// It is there.
        Sent => "sent",
        /// It could not be sent.
        Failed => "failed",
        /// It will not be sent.
        Suppressed => "suppressed",
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Those who decide the open step of the request.
    Assignees,
    /// Whoever asked, and whom it is for.
    Parties,
    /// Whoever holds the access, and whoever asked for it.
    Holder,
    /// The owners of the connector.
    ConnectorOwners,
    /// Those who do by hand what no connector does.
    Provisioners,
    /// The owners of the app.
    AppOwners,
    /// Those who became owners of the connector with the event.
    NewConnectorOwners,
    /// The Super Administrators.
    SuperAdministrators,
}

/// How several mails to one person become one. The inbox folds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Each goes at once; of one kind at most one an hour, what comes meanwhile goes together after it.
    AtOnce,
    /// As [`Fold::AtOnce`], but all kinds that fold so share the one mail an hour.
    Hourly,
}

/// What follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What is told.
    pub template: Template,
    /// To whom.
    pub audience: Audience,
}

impl Rule {
    /// What an event makes it necessary to tell; nothing for most.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        use {Audience as A, Template as T};
        let is = |field: &str, value: &Value| event.after.get(field) == Some(value);
        let (template, audience) = match event.action.as_str() {
            "step.opened" | "step.delegated" => (T::StepOpened, A::Assignees),
            // They are the assignees then.
            "step.fell_back" if is("lastResort", &Value::Bool(true)) => (T::LastResort, A::Assignees),
            "step.reassigned" | "step.escalated" | "step.fell_back" => (T::StepReassigned, A::Assignees),
            "step.reminded" => (T::StepReminded, A::Assignees),
            "job.manual" => (T::JobManual, A::Provisioners),
            "request.approved" => (T::RequestApproved, A::Parties),
            "request.waits_for_start" => (T::StartIt, A::Parties),
            "request.denied" => (T::RequestDenied, A::Parties),
            "request.fulfilled" => (T::RequestFulfilled, A::Parties),
            "request.failed" => (T::RequestFailed, A::Parties),
            "request.cancelled" => (T::RequestCancelled, A::Parties),
            "request.expired" => (T::RequestExpired, A::Parties),
            "request.created" if is("emergency", &Value::Bool(true)) => (T::EmergencyUsed, A::AppOwners),
            "request.escalated_to_emergency" => (T::EmergencyUsed, A::AppOwners),
            "grant.ends_soon" => (T::GrantEndsSoon, A::Holder),
            "grant.expired" | "grant.revoked" | "grant.ended" => (T::GrantEnded, A::Holder),
            "grant.extended" => (T::GrantExtended, A::Parties),
            "grant.expiry_changed" if is_later(event) => (T::GrantExtended, A::Holder),
            "grant.appeared_outside" => (T::GrantAppeared, A::AppOwners),
            "grant.removal_failed" => (T::RemovalFailed, A::AppOwners),
            "grant.still_there" => (T::StillThere, A::AppOwners),
            "finding.opened" if of_finding(event).is_some_and(finding::Type::is_told) => {
                (T::FindingOpened, A::AppOwners)
            }
            "breaker.tripped" => (T::BreakerTripped, A::AppOwners),
            "app.owner_left" => (T::OwnerLeft, A::AppOwners),
            "person.leaving_held" => (T::LeavingHeld, A::SuperAdministrators),
            // Whoever counts tells of the same hold once a day (T-H1).
            "hold.opened" | "hold.renewed" => (T::HoldOpened, A::ConnectorOwners),
            "connector.created" | "connector.edited" if event.after.get("owners").is_some() => {
                (T::SetUpAsked, A::NewConnectorOwners)
            }
            "connector.silent" => (T::ConnectorSilent, A::ConnectorOwners),
            // Whoever resolves it tells only of the third.
            "sync.failed" => (T::SyncsFail, A::ConnectorOwners),
            "connector.capability_missing" => (T::CapabilityMissing, A::ConnectorOwners),
            "connector.writes_refused" => (T::WritesRefused, A::ConnectorOwners),
            "credential.retired" if is("state", &"retiring".into()) => (T::CredentialRetiring, A::ConnectorOwners),
            "credential.used_after_revoke" => (T::CredentialUsed, A::ConnectorOwners),
            _ => return None,
        };
        Some(Self { template, audience })
    }
}

/// Whether access ends later than before, or not by itself any more.
fn is_later(event: &Event) -> bool {
    let end =
        |value: &Value| value.get("expiresAt").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    match (end(&event.before), end(&event.after)) {
        (Some(before), Some(after)) => after > before,
        (before, after) => before.is_some() && after.is_none(),
    }
}

/// The type of the finding that was opened.
fn of_finding(event: &Event) -> Option<finding::Type> {
    event.after.get("type")?.as_str()?.parse().ok()
}

impl Template {
    /// How mails of this kind are folded.
    #[must_use]
    pub const fn fold(self) -> Fold {
        match self {
            Self::StepOpened
            | Self::StepReassigned
            | Self::StepReminded
            | Self::JobManual
            | Self::GrantAppeared
            | Self::RemovalFailed
            | Self::StillThere => Fold::Hourly,
            _ => Fold::AtOnce,
        }
    }

    /// Whether a step of a request waits for the person.
    #[must_use]
    pub const fn is_step(self) -> bool {
        matches!(self, Self::StepOpened | Self::StepReassigned | Self::LastResort)
    }

    /// Whether this is about something that the person should do. Whoever did something is told only of such.
    #[must_use]
    pub const fn is_task(self) -> bool {
        self.is_step() || matches!(self, Self::StepReminded | Self::JobManual | Self::StartIt | Self::StillOpen)
    }
}

#[cfg(test)]
mod tests;
