//! What a notice says.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Template;
use crate::audit::Object;
use crate::request::Kind;

/// How many letters of a name or a reason a notice shows.
const LETTERS: usize = 500;

/// What a notice is about, with the names as they were when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The object that the link leads to.
    pub object: Object,
    /// The name of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The name of the connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// What the access is called; none when it is about an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// The name of the person whose access it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What was asked for, when it is about a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Kind>,
    /// What whoever asked said, for whoever decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// How often it happened at once.
    pub count: u64,
}

/// Who asked, and what they said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// The name of whoever asked; none when it was no person.
    pub by: Option<String>,
    /// For how long; none is for ever.
    pub duration: Option<SignedDuration>,
    /// Why; may be empty.
    pub reason: String,
}

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// The reason and the time, where there is one; one line each.
    pub details: Vec<String>,
    /// Where to look or to act: a path on the server.
    pub path: String,
}

impl Payload {
    /// A notice about this object, of which nothing else is known.
    #[must_use]
    pub const fn new(object: Object) -> Self {
        Self {
            object,
            app: None,
            connector: None,
            access: None,
            person: None,
            asked: None,
            wish: None,
            reason: None,
            ends_at: None,
            count: 1,
        }
    }

    /// What the notice says.
    #[must_use]
    pub fn words(&self, template: Template) -> Words {
        let person = or(self.person.as_deref(), "somebody");
        let app = or(self.app.as_deref(), "an app");
        let connector = or(self.connector.as_deref(), "a connector");
        let access = match &self.access {
            Some(access) => format!("{} in {app}", line(access)),
            None => format!("access to {app}"),
        };
        let access = match self.asked {
            Some(Kind::Revoke) => format!("the end of {access}"),
            Some(Kind::Extend) if template != Template::GrantExtended => format!("a later end of {access}"),
            _ => access,
        };
        let title = match template {
            Template::StepOpened => format!("Please decide: {access} for {person}"),
            Template::StepReassigned => format!("Handed on to you to decide: {access} for {person}"),
            Template::StepReminded => format!("Still waiting for you to decide: {access} for {person}"),
            Template::LastResort => format!("Nobody else can decide: {access} for {person}"),
            Template::JobManual => format!("To be done by hand: {access} for {person}"),
            Template::RequestApproved => format!("Approved: {access} for {person}"),
            Template::StartIt => format!("Start it when you need it: {access} for {person}"),
            Template::RequestDenied => format!("Denied: {access} for {person}"),
            Template::RequestFulfilled => format!("Done: {access} for {person}"),
            Template::RequestFailed => format!("Could not be done: {access} for {person}"),
            Template::RequestCancelled => format!("Cancelled: {access} for {person}"),
            Template::RequestExpired => format!("Nobody answered in time: {access} for {person}"),
            Template::EmergencyUsed => format!("Emergency access asked for: {access} for {person}"),
            Template::GrantEndsSoon => format!("Ends soon: {access} of {person}"),
            Template::GrantEnded => format!("Ended: {access} of {person}"),
            Template::GrantExtended => format!("Extended: {access} of {person}"),
            Template::GrantAppeared if self.count > 1 => {
                format!("{} grants appeared in {app} outside Podium", self.count)
            }
            Template::GrantAppeared => format!("Given outside Podium: {access} to {person}"),
            Template::RemovalFailed => format!("Could not be taken away: {access} of {person}"),
            Template::StillThere => format!("Still there after it was taken away: {access} of {person}"),
            Template::OwnerLeft => format!("{person} left, so {app} has at most one owner"),
            Template::LeavingHeld => "Held until you decide: too many people would leave at once".to_owned(),
            Template::FindingOpened => format!("Something to look at in {app}"),
            Template::BreakerTripped => format!("Stopped: too much would have been taken away at once in {app}"),
            Template::HoldOpened => format!("Held until you decide: a sync of {connector} would remove too much"),
            Template::StillOpen => format!("Waiting for you: {}", self.count),
            Template::SetUpAsked => format!("Asked of you: look after {connector} of {app}"),
            Template::ConnectorSilent => format!("Silent: {connector} was not heard of"),
            Template::SyncsFail => format!("{connector} failed to sync three times in a row"),
            Template::CapabilityMissing => format!("{connector} cannot do something that it was asked for"),
            Template::WritesRefused => format!("{connector} may not make changes"),
            Template::CredentialRetiring => format!("A credential of {connector} stops working soon"),
            Template::CredentialUsed => format!("A revoked credential of {connector} is still in use"),
        };
        let mut details: Vec<String> = self.wish.iter().map(|wish| wish.words(self.asked)).collect();
        if let Some(at) = self.ends_at {
            // Whole seconds: nobody is helped by the rest.
            let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
            details.push(if template == Template::GrantEnded { format!("Ended: {at}") } else { format!("Ends: {at}") });
        }
        if let Some(reason) = &self.reason {
            details.push(format!("Reason: {}", line(reason)));
        }
        Words { title, details, path: self.path() }
    }

    /// The page of the object.
    fn path(&self) -> String {
        let id = &self.object.id;
        match self.object.kind.as_str() {
            "person" => format!("/people/{id}"),
            "people" => "/people".to_owned(),
            // A list of them.
            kind if id.is_empty() => format!("/{kind}s"),
            kind => format!("/{kind}s/{id}"),
        }
    }
}

impl Wish {
    fn words(&self, asked: Option<Kind>) -> String {
        let by = or(self.by.as_deref(), "a machine");
        let span = match self.duration {
            Some(span) => format!(", for {span:#}"),
            None if asked == Some(Kind::Revoke) => String::new(),
            None => ", without an end".to_owned(),
        };
        let why = if self.reason.is_empty() { String::new() } else { format!(": {}", line(&self.reason)) };
        format!("Asked by {by}{span}{why}")
    }
}

fn or(name: Option<&str>, otherwise: &str) -> String {
    name.filter(|name| !name.is_empty()).map_or_else(|| otherwise.to_owned(), line)
}

/// A text from outside on one line, not too long.
fn line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LETTERS).collect()
}
