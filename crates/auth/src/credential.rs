//! What connectors sign in with: made, replaced, ended.
//!
//! Source: governance §1.5, §2.1 (Rotate, T-C3), baton-service-mode §15 (D1, D7).

use std::fmt;
use std::str::FromStr;

use domain::actor::{Actor, Part};
use domain::audit::{Event, Object, Via};
use dpop::{ClientId, SigningKey, client_secret};
use ids::{AppId, ConnectorId, CredentialId};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::credential::{self as table, Credential, State};
use store::{Store, Tx};

use crate::By;

/// The longest label, in letters.
pub const MAX_LABEL: usize = 100;
/// The most networks that a credential may be limited to.
pub const MAX_NETWORKS: usize = 32;
/// How many credentials [`expire_due`] ends in one change.
const EXPIRE_ROWS: u32 = 200;

/// How long the former credential goes on working beside the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlap {
    /// Not at all.
    Now,
    /// For an hour.
    Hour,
    /// For a day.
    #[default]
    Day,
    /// For a week.
    Week,
}

impl Overlap {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Now, Self::Hour, Self::Day, Self::Week];

    /// The name in REST: an ISO 8601 duration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "PT0S",
            Self::Hour => "PT1H",
            Self::Day => "PT24H",
            Self::Week => "P7D",
        }
    }

    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Self::Now => 0,
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
        })
    }
}

/// A text that is no choice of [`Overlap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the overlap must be PT0S, PT1H, PT24H or P7D")]
pub struct UnknownOverlap;

impl FromStr for Overlap {
    type Err = UnknownOverlap;

    fn from_str(text: &str) -> Result<Self, UnknownOverlap> {
        Self::ALL.into_iter().find(|overlap| overlap.name() == text).ok_or(UnknownOverlap)
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a new credential is wished.
#[derive(Debug, Clone, Default)]
pub struct Rotation {
    /// How long the former one goes on working.
    pub overlap: Overlap,
    /// What people call the new one; empty for nothing.
    pub label: String,
    /// The networks that it may be used from; empty: from everywhere.
    pub allowed_cidrs: Vec<IpNet>,
    /// When it ends whatever happens.
    pub expires_at: Option<Timestamp>,
}

/// A new credential. Its secret is shown once and kept nowhere.
#[derive(Debug)]
pub struct Issued {
    /// What is kept of it.
    pub credential: Credential,
    /// The client id.
    pub client_id: ClientId,
    /// The client secret.
    pub client_secret: SecretString,
}

/// Why a credential was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such connector.
    #[error("there is no connector `{0}`")]
    NoConnector(ConnectorId),
    /// There is no such credential.
    #[error("there is no credential `{0}`")]
    NoCredential(CredentialId),
    /// A field of the wish can't be what it is.
    #[error("{detail}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The host that client ids are to name can't be one.
    #[error("`{host}` can't be the host in a client id; hint: set base_url")]
    Host {
        /// The host.
        host: String,
    },
    /// No key could be made.
    #[error("make a key for the connector")]
    Key(#[source] dpop::key::KeyError),
    /// See [`store::Error`].
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes a credential for a connector that is reached at `host` (`HOST`, or `HOST:PORT` unless that is 443).
///
/// The former one retires: it works until the overlap ends. One that retires already ends now, so that at most two work.
///
/// # Errors
/// See [`Error`]. Nothing has happened then, if the caller drops the change.
pub async fn rotate(
    tx: &mut Tx,
    connector: ConnectorId,
    host: &str,
    rotation: &Rotation,
    by: By<'_>,
) -> Result<Issued, Error> {
    check(rotation, tx.now())?;
    let (tenant, engine, now) = (tx.tenant(), tx.engine(), tx.now());
    let app = table::lock_connector(tx.conn(), engine, tenant, connector).await?;
    let app = app.ok_or(Error::NoConnector(connector))?;
    for former in table::of_connector(tx.conn(), tenant, connector).await? {
        let retire_at = now.checked_add(rotation.overlap.duration()).unwrap_or(Timestamp::MAX);
        let state = match former.state {
            State::Active if rotation.overlap != Overlap::Now => State::Retiring,
            State::Active | State::Retiring => State::Expired,
            State::Expired | State::Revoked => continue,
        };
        let retire_at = if state == State::Retiring { retire_at } else { now };
        let after = Credential { state, retire_at: Some(retire_at), ..former.clone() };
        write_end(tx, &former, &after, Some(app), by).await?;
    }
    let key = SigningKey::generate(tx.rng()).map_err(Error::Key)?;
    let client_id = ClientId::generate(host, connector, tx.rng()).map_err(|_| Error::Host { host: host.to_owned() })?;
    let credential = Credential {
        id: CredentialId::new(now, tx.rng()),
        connector_id: connector,
        client_id: client_id.to_string(),
        public_jwk: key.public().to_jwk(),
        label: rotation.label.trim().to_owned(),
        state: State::Active,
        retire_at: None,
        expires_at: rotation.expires_at,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        allowed_cidrs: rotation.allowed_cidrs.iter().map(ToString::to_string).collect(),
        created_by: by.actor.to_string(),
        created_at: now,
    };
    table::insert(tx.conn(), tenant, &credential).await?;
    let after = json!({
        "connectorId": connector,
        "clientId": credential.client_id,
        "label": credential.label,
        "state": credential.state.name(),
        "allowedCidrs": credential.allowed_cidrs,
        "expiresAt": credential.expires_at,
        "clientSecret": domain::audit::SECRET,
    });
    tx.audit(by.event("credential.rotated", object(&credential)).with_app(app).with_change(Value::Null, after));
    Ok(Issued { credential, client_id, client_secret: client_secret::format(&key) })
}

/// Ends a credential at its next token or call. One that was revoked before stays as it is, without another audit row.
///
/// # Errors
/// See [`Error`].
pub async fn revoke(tx: &mut Tx, id: CredentialId, reason: Option<&str>, by: By<'_>) -> Result<Credential, Error> {
    let (tenant, engine, now) = (tx.tenant(), tx.engine(), tx.now());
    let credential = table::get(tx.conn(), tenant, id).await?.ok_or(Error::NoCredential(id))?;
    table::lock_connector(tx.conn(), engine, tenant, credential.connector_id).await?;
    // Read again, now that nobody else changes it.
    let before = table::get(tx.conn(), tenant, id).await?.ok_or(Error::NoCredential(id))?;
    if before.state == State::Revoked {
        return Ok(before);
    }
    let app = table::app_of(tx.conn(), tenant, before.connector_id).await?;
    let after = Credential { state: State::Revoked, revoked_at: Some(now), ..before.clone() };
    table::set_state(tx.conn(), tenant, &after).await?;
    let mut event = by
        .event("credential.revoked", object(&after))
        .with_change(json!({"state": before.state.name()}), json!({"state": after.state.name(), "revokedAt": now}));
    event.app_id = app;
    event.reason = reason.map(ToOwned::to_owned);
    tx.audit(event);
    Ok(after)
}

/// Ends every credential of a connector, because the connector is deleted (T-C9). Returns how many did work.
///
/// # Errors
/// See [`Error`].
pub async fn revoke_all(tx: &mut Tx, connector: ConnectorId, by: By<'_>) -> Result<usize, Error> {
    let tenant = tx.tenant();
    let mut ended = 0;
    for credential in table::of_connector(tx.conn(), tenant, connector).await? {
        if matches!(credential.state, State::Active | State::Retiring) {
            revoke(tx, credential.id, Some("the connector was deleted"), by).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Writes down that credentials whose time is over have expired, each with its audit row. They stopped working at their
/// time already.
pub(crate) async fn expire_due(store: &Store) -> Result<(), store::Error> {
    let (tenant, engine) = (store.tenant(), store.engine());
    loop {
        let due = table::overdue(&mut *store.read().await?, tenant, store.now(), EXPIRE_ROWS).await?;
        let more = u32::try_from(due.len()).is_ok_and(|count| count == EXPIRE_ROWS);
        for credential in due {
            let mut tx = store.begin().await?;
            table::lock_connector(tx.conn(), engine, tenant, credential.connector_id).await?;
            let Some(before) = table::get(tx.conn(), tenant, credential.id).await? else { continue };
            // Another process may have been faster.
            if before.state != before.state_at(tx.now()) {
                let app = table::app_of(tx.conn(), tenant, before.connector_id).await?;
                let after = Credential { state: State::Expired, ..before.clone() };
                write_end(&mut tx, &before, &after, app, timer()).await?;
                tx.commit().await?;
            }
        }
        if !more {
            return Ok(());
        }
    }
}

/// The audit event of a revoked credential that somebody still uses.
pub(crate) fn used_after_revoke(credential: &Credential, app: Option<AppId>, from: Option<String>) -> Event {
    let connector = Actor::Connector { id: credential.connector_id, credential: credential.id, host: String::new() };
    let mut event = Event::new(&connector, Via::Grpc, "credential.used_after_revoke", object(credential)).with_ip(from);
    event.app_id = app;
    event
}

fn timer() -> By<'static> {
    const TIMER: Actor = Actor::System(Part::Timer);
    By { actor: &TIMER, via: Via::Timer, ip: None }
}

fn object(credential: &Credential) -> Object {
    Object::new("credential", credential.id)
}

/// Writes down a change of state other than a revocation.
async fn write_end(
    tx: &mut Tx,
    before: &Credential,
    after: &Credential,
    app: Option<AppId>,
    by: By<'_>,
) -> Result<(), store::Error> {
    let tenant = tx.tenant();
    table::set_state(tx.conn(), tenant, after).await?;
    let shown = |credential: &Credential| json!({"state": credential.state.name(), "retireAt": credential.retire_at});
    let mut event = by.event("credential.retired", object(after)).with_change(shown(before), shown(after));
    event.app_id = app;
    tx.audit(event);
    Ok(())
}

fn check(rotation: &Rotation, now: Timestamp) -> Result<(), Error> {
    let label = rotation.label.trim();
    if label.chars().count() > MAX_LABEL || label.contains(char::is_control) {
        return Err(Error::Invalid { field: "label", detail: "a label has at most 100 letters on one line" });
    }
    if rotation.allowed_cidrs.len() > MAX_NETWORKS {
        return Err(Error::Invalid { field: "allowedCidrs", detail: "at most 32 networks can be named" });
    }
    if rotation.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid { field: "expiresAt", detail: "the end must lie in the future" });
    }
    Ok(())
}
