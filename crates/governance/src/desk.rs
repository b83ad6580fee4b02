//! Where connectors come for work and bring what they did.
//!
//! Start at [`Desk`]: it adds to the use cases what one server process remembers between the calls of connectors: when
//! each was last heard of, and which leases go on. Both are written down in batches, so that polls and heartbeats of
//! thousands of connectors cost no write each.
//!
//! Source: baton-service-mode §§6–10, §15, §16; governance §2.1, §2.2.

mod contact;
mod finish;
mod hello;
mod lease;
pub(crate) mod look;
mod pause;
mod sync;
mod upload;
mod work;

use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use ids::{ConnectorId, CredentialId};
use tokio_util::sync::CancellationToken;

use crate::{Caller, Error, Governance, Result};

pub use finish::Report;
pub use upload::{Asset, UploadError};
pub use work::{Pulse, Work};

use contact::Contacts;
use lease::Renewals;

/// How often leases are written down. A process that dies takes at most this much of them along.
const RENEW: Duration = Duration::from_secs(1);
/// How often it is written down when connectors were last heard of, counted in [`RENEW`].
const CONTACTS_EVERY: u32 = 30;
/// How often leases that ran out are looked for, counted in [`RENEW`].
const SWEEP_EVERY: u32 = 5;

/// The use cases of connectors. Clones share everything; a process has one.
#[derive(Debug, Clone)]
pub struct Desk {
    governance: Governance,
    contacts: Arc<Contacts>,
    renewals: Arc<Renewals>,
}

/// The connector behind a caller.
#[derive(Debug, Clone, Copy)]
struct Connector<'a> {
    id: ConnectorId,
    credential: CredentialId,
    host: &'a str,
}

impl Desk {
    /// The use cases of connectors, on those of this process.
    #[must_use]
    pub fn new(governance: Governance) -> Self {
        Self { governance, contacts: Arc::default(), renewals: Arc::default() }
    }

    /// Writes down what is remembered, and offers again what connectors that vanished had, until `cancel`; then once
    /// more what is remembered. Every process of a server runs this once.
    pub async fn run(self, cancel: CancellationToken) {
        let heartbeat = self.governance.settings().heartbeat_interval;
        // After a restart connectors get the time to say that they still work, before their leases are looked at.
        let patience = u32::try_from(heartbeat.as_secs() * 2 / RENEW.as_secs()).unwrap_or(u32::MAX);
        let mut turn: u32 = 0;
        while cancel.run_until_cancelled(tokio::time::sleep(RENEW)).await.is_some() {
            turn = turn.wrapping_add(1);
            told("renew leases", self.flush_leases().await);
            if turn.is_multiple_of(CONTACTS_EVERY) {
                told("note who called", self.flush_contacts().await);
            }
            if turn > patience && turn.is_multiple_of(SWEEP_EVERY) {
                told("look for lost leases", self.sweep().await.map(drop));
            }
        }
        told("renew leases", self.flush_leases().await);
        told("note who called", self.flush_contacts().await);
    }
}

/// What runs by itself has nobody to answer: its failures go to the log, and it is tried again.
fn told(what: &str, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not {what}; it is tried again");
    }
}

/// The connector behind a caller; nobody else works at the desk.
fn from_connector(caller: &Caller) -> Result<Connector<'_>> {
    match &caller.actor {
        Actor::Connector { id, credential, host } => Ok(Connector { id: *id, credential: *credential, host }),
        _ => Err(Error::denied("only connectors take and finish tasks")),
    }
}
