//! Makes access tokens for connectors, and knows connectors by them.
//!
//! Source: baton-service-mode §3, §15 (D2, D7), §16; RFC 6749, RFC 7523, RFC 9449.

mod call;
mod network;
mod token;

use std::net::IpAddr;

use dpop::Nonces;
use governor::clock::MonotonicClock;
use ids::{ConnectorId, CredentialId};
use jiff::{SignedDuration, Timestamp};
use store::Store;
use store::credential::{Caller, State};
use store::seal::Sealer;

use crate::replay::Guard;
use crate::signing::Keys;

use crate::throttle::Throttle;

pub use crate::throttle::Limits;
pub use call::{Call, CallError, ConnectorCaller};
pub use token::{Answer, MAX_FORM_BYTES, Refusal, Request};

/// How long an access token lives (D7).
pub const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// How often at most the audit log says that a revoked credential is still used.
const TELL_USE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How many rows [`Authority::tend`] forgets at once, so that nobody waits for it long.
const FORGET_ROWS: u32 = 5_000;

/// What keeps an authority from working.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`store::Error`].
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A signing key can't be sealed or opened.
    #[error("open the keys that sign access tokens")]
    Seal(#[from] store::seal::SealError),
    /// A signing key is none.
    #[error("read the keys that sign access tokens")]
    Key(#[source] dpop::key::KeyError),
    /// A token can't be written.
    #[error("sign an access token")]
    Sign(#[source] dpop::jws::SignError),
    /// There is no key, though one was made at the start.
    #[error("the database holds no key that signs access tokens; hint: restart the server, which makes one")]
    NoKey,
}

/// Makes access tokens for connectors, and knows connectors by them.
#[derive(Debug)]
pub struct Authority {
    store: Store,
    keys: Keys,
    nonces: Nonces,
    guard: Guard,
    throttle: Throttle,
}

impl Authority {
    /// An authority on this store. The first one makes the key that signs tokens.
    ///
    /// # Errors
    /// When the database refuses, or its keys were sealed with a key that `sealer` does not have.
    pub async fn open(store: Store, sealer: &Sealer) -> Result<Self, Error> {
        let keys = Keys::open(store.clone(), sealer.clone()).await?;
        let derived = sealer.derive("podium dpop nonces");
        let (newest, older) = derived.split_first().ok_or(store::seal::SealError::NoKey)?;
        let older: Vec<[u8; 32]> = older.iter().map(|key| **key).collect();
        let guard = Guard::new(&store);
        Ok(Self {
            keys,
            nonces: Nonces::new(newest, &older),
            guard,
            store,
            throttle: Throttle::new(Limits::default(), &MonotonicClock),
        })
    }

    /// With other limits for requests for tokens.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { throttle: Throttle::new(limits, &MonotonicClock), ..self }
    }

    /// A nonce for the header `DPoP-Nonce`: in each answer of the token endpoint, and in answers to calls that want one.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.nonces.issue(self.store.now())
    }

    /// Renews the signing key when it is old, ends credentials whose time is over, and forgets what need not be
    /// remembered any more. To be called every few minutes, by any number of processes; doing it twice is harmless.
    ///
    /// # Errors
    /// When the database refuses. What was done stays done.
    pub async fn tend(&self) -> Result<(), Error> {
        self.keys.tend().await?;
        crate::credential::expire_due(&self.store).await?;
        loop {
            let mut tx = self.store.begin().await?;
            let now = tx.now();
            let forgotten = store::replay::forget(tx.conn(), now, FORGET_ROWS).await?;
            tx.commit().await?;
            if forgotten < u64::from(FORGET_ROWS) {
                return Ok(());
            }
        }
    }

    /// Why this credential may not be used now, from this address; `None` when it may.
    fn ended(caller: &Caller, from: Option<IpAddr>, now: Timestamp) -> Option<Ended> {
        match caller.credential.state_at(now) {
            State::Revoked => Some(Ended::Revoked),
            State::Expired if caller.credential.retire_at.is_some_and(|end| end <= now) => Some(Ended::Retired),
            State::Expired => Some(Ended::Expired),
            State::Active | State::Retiring if caller.connector_deleted => Some(Ended::ConnectorDeleted),
            State::Active | State::Retiring => {
                (!network::allows(&caller.credential.allowed_cidrs, from)).then_some(Ended::Address)
            }
        }
    }

    /// Writes into the audit log that a revoked credential is still used: at the first time, then once a day.
    async fn tell_use_after_revoke(&self, caller: &Caller, from: Option<IpAddr>) -> Result<(), store::Error> {
        let credential = &caller.credential;
        let now = self.store.now();
        let day_ago = now.checked_sub(TELL_USE_EVERY).unwrap_or(Timestamp::MIN);
        let unless_since = credential.revoked_at.map_or(day_ago, |revoked_at| revoked_at.max(day_ago));
        if credential.last_used_at.is_some_and(|used| used >= unless_since) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let from = from.map(|from| from.to_string());
        let (tenant, now) = (tx.tenant(), tx.now());
        if store::credential::touch(tx.conn(), credential.id, now, from.as_deref(), unless_since).await? {
            let app = store::credential::app_of(tx.conn(), tenant, credential.connector_id).await?;
            tx.audit(crate::credential::used_after_revoke(credential, app, from));
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Why a credential that once worked does so no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Somebody revoked it.
    #[error("the credential was revoked")]
    Revoked,
    /// Another took its place, and the time in which both worked is over.
    #[error("the credential was replaced, and the time in which both worked is over")]
    Retired,
    /// It had an end of its own.
    #[error("the credential has expired")]
    Expired,
    /// The connector is no more.
    #[error("the connector was deleted")]
    ConnectorDeleted,
    /// It may be used from other addresses only.
    #[error("the credential may not be used from this address")]
    Address,
}

/// Which credential of which connector it is about, for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The connector.
    pub connector_id: ConnectorId,
    /// The credential.
    pub credential_id: CredentialId,
}

impl From<&Caller> for Subject {
    fn from(caller: &Caller) -> Self {
        Self { connector_id: caller.credential.connector_id, credential_id: caller.credential.id }
    }
}
