//! What is remembered about every change, and the chain that shows tampering.
//!
//! Start at [`Event`]. A stored row is its canonical JSON; its hash covers the hash of the row before, so that no row
//! can be changed, removed or put in without every later hash being wrong.
//!
//! Source: governance §1.19.

use std::fmt::Display;

use ids::{AppId, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::actor::Actor;

pub mod ocsf;

/// What a secret looks like in `before` and `after`.
pub const SECRET: &str = "•";

/// The hash before the first row of a chain.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The way in which an action came to Podium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The console.
    Web,
    /// REST.
    Rest,
    /// A connector's call.
    Grpc,
    /// `podium` on the machine itself.
    Cli,
    /// Something came due.
    Timer,
    /// A sync was read.
    Ingest,
}

impl Via {
    /// The name in REST and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Rest => "rest",
            Self::Grpc => "grpc",
            Self::Cli => "cli",
            Self::Timer => "timer",
            Self::Ingest => "ingest",
        }
    }
}

/// What an action was done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    /// The kind, as REST names it: `connector`, `sync`, `person`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Object {
    /// An object of this kind with this id.
    pub fn new(kind: impl Into<String>, id: impl Display) -> Self {
        Self { kind: kind.into(), id: id.to_string() }
    }
}

/// One thing that happened. Made with [`Event::new`] and the `with_…` methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who: [`Actor`]'s text form.
    pub actor: String,
    /// The way in.
    pub via: Via,
    /// `object.verb`, for example `connector.created`.
    pub action: String,
    /// To what.
    pub object: Object,
    /// The app that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The changed fields as they were; `null` when there was nothing before.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// The changed fields as they are; secrets are [`SECRET`].
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The address that the call came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The session that the call was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Binds what belongs together: a wish, its task, its sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl Event {
    /// This actor did this to this object.
    #[must_use]
    pub fn new(actor: &Actor, via: Via, action: &str, object: Object) -> Self {
        Self {
            actor: actor.to_string(),
            via,
            action: action.to_owned(),
            object,
            app_id: None,
            before: Value::Null,
            after: Value::Null,
            reason: None,
            ip: None,
            session_id: None,
            correlation_id: None,
        }
    }

    /// The app that it concerns.
    #[must_use]
    pub fn with_app(mut self, app: AppId) -> Self {
        self.app_id = Some(app);
        self
    }

    /// The changed fields, as they were and as they are.
    #[must_use]
    pub fn with_change(mut self, before: Value, after: Value) -> Self {
        self.before = before;
        self.after = after;
        self
    }

    /// Why.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The address that the call came from.
    #[must_use]
    pub fn with_ip(mut self, ip: Option<String>) -> Self {
        self.ip = ip;
        self
    }

    /// The session that the call was made in.
    #[must_use]
    pub const fn with_session(mut self, session: Option<SessionId>) -> Self {
        self.session_id = session;
        self
    }

    /// What it belongs together with.
    #[must_use]
    pub fn with_correlation(mut self, id: impl Display) -> Self {
        self.correlation_id = Some(id.to_string());
        self
    }
}

/// An event in its place in the chain of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The place, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

impl Row {
    /// The canonical JSON that is stored and hashed: keys sorted, no spaces.
    ///
    /// # Errors
    /// None in practice: everything in a row has a JSON form.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        value.sort_all_objects();
        serde_json::to_string(&value)
    }
}

/// The hash of a row: SHA-256 over the hash before it and its canonical JSON, in lower-case hex.
///
/// Source: governance §1.19.
#[must_use]
pub fn chain(prev_hash: &str, canonical: &str) -> String {
    let digest = Sha256::new().chain_update(prev_hash).chain_update(canonical).finalize();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Part;
    use serde_json::json;

    fn row() -> Row {
        let event = Event::new(&Actor::System(Part::Timer), Via::Timer, "sync.queued", Object::new("sync", "s1"))
            .with_change(Value::Null, json!({"trigger": "schedule", "a": {"z": 1, "b": 2}}));
        Row { seq: 7, at: "2026-11-23T08:00:00Z".parse().unwrap(), event }
    }

    #[test]
    fn canonical_json_sorts_keys_and_reads_back() {
        let text = row().canonical().unwrap();
        assert_eq!(
            text,
            r#"{"action":"sync.queued","actor":"timer","after":{"a":{"b":2,"z":1},"trigger":"schedule"},"at":"2026-11-23T08:00:00Z","object":{"id":"s1","kind":"sync"},"seq":7,"via":"timer"}"#
        );
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row());
    }

    #[test]
    fn the_chain_covers_what_came_before() {
        let text = row().canonical().unwrap();
        let first = chain(GENESIS, &text);
        assert_eq!(first.len(), 64);
        assert_ne!(chain(&first, &text), first);
    }
}
