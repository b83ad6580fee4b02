//! Who is calling: connectors, machines, people.
//!
//! Start at [`Authority`]: it answers connectors that ask for an access token, and says at each call which connector it
//! is. [`credential`] makes and ends what connectors sign in with, [`machine`] the tokens of machines, and [`setup`] the
//! link that makes the first administrator. People sign in at a provider ([`oidc`]) or with a [`password`], and are
//! known by their [`session`] then. [`anchor`] signs what the audit chain was at the end of a day.
//!
//! This crate deliberately decides nothing about what a caller may do: that is `governance`. It answers no HTTP either:
//! the edges hand in what they read and send what they are given.

pub mod anchor;
pub mod authority;
pub mod credential;
pub mod machine;
pub mod oidc;
pub mod password;
mod replay;
mod secret;
pub mod session;
pub mod setup;
mod signing;
mod throttle;

use domain::actor::Actor;
use domain::audit::{Event, Object, Via};

pub use authority::{Authority, ConnectorCaller};

/// On whose behalf a change is made, and how the wish came in; for the audit row.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// The way in.
    pub via: Via,
    /// The address that the wish came from.
    pub ip: Option<&'a str>,
}

impl By<'_> {
    /// The audit event of something that is done on this behalf.
    pub(crate) fn event(&self, action: &str, object: Object) -> Event {
        Event::new(self.actor, self.via, action, object).with_ip(self.ip.map(ToOwned::to_owned))
    }
}
