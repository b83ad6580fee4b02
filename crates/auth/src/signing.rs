//! The keys that sign access tokens: kept in the database, so that every server process makes and reads the same
//! tokens, and those from before a restart stay good.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use dpop::jws::{self, JwsError, Unverified};
use dpop::{PublicKey, SigningKey, Thumbprint};
use ids::{ConnectorId, CredentialId};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::Store;
use store::seal::Sealer;
use store::signing_key as table;

use crate::authority::Error;

/// What the keys are for, in the database.
const PURPOSE: &str = "access_token";
/// How old the newest key may become before another follows it.
const ROTATE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a new key waits before it signs, so that every process has read it by then.
const PUBLISH: SignedDuration = SignedDuration::from_mins(10);
/// How long the older keys still verify after a new one was made. Far longer than a token lives, so that a process that
/// has not heard of the new key yet goes on.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How often at most the keys are read again because of a token that names an unknown one.
const RELOAD_EVERY: Duration = Duration::from_secs(1);
/// The header's `typ` of access tokens, so that nothing else that these keys might sign passes for one.
///
/// Source: RFC 9068 §2.1.
const TYPE: &str = "at+jwt";

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The credential.
    pub(crate) sub: CredentialId,
    /// The connector.
    pub(crate) client_id: ConnectorId,
    /// Seconds since the epoch.
    pub(crate) iat: i64,
    /// Seconds since the epoch.
    pub(crate) exp: i64,
    /// The key that the token is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cnf: Option<Confirmation>,
}

/// The key that a token is bound to.
///
/// Source: RFC 9449 §6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// Its thumbprint.
    pub(crate) jkt: Thumbprint,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Why a text is not an access token of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error(transparent)]
    Jws(#[from] JwsError),
    #[error("it is signed with a key that this server does not know")]
    Key,
    #[error("it is something else")]
    Type,
    #[error("it is over")]
    Over,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The keys, as this process knows them.
pub(crate) struct Keys {
    store: Store,
    sealer: Sealer,
    known: RwLock<Arc<Known>>,
    reloaded: tokio::sync::Mutex<Option<Instant>>,
}

struct Known {
    signing: (String, SigningKey),
    /// When the newest key was made.
    made_at: Timestamp,
    verifying: HashMap<String, PublicKey>,
}

impl Keys {
    /// Reads the keys, and makes the first one when there is none.
    pub(crate) async fn open(store: Store, sealer: Sealer) -> Result<Self, Error> {
        let known = match load(&store, &sealer).await? {
            Some(known) => known,
            None => add(&store, &sealer).await?,
        };
        let known = RwLock::new(Arc::new(known));
        Ok(Self { store, sealer, known, reloaded: tokio::sync::Mutex::new(None) })
    }

    /// Makes the next key when the newest is old, forgets those that nobody needs, and seals them with the newest key for
    /// sealing. To be called now and then.
    pub(crate) async fn tend(&self) -> Result<(), Error> {
        let Some(mut known) = load(&self.store, &self.sealer).await? else { return Err(Error::NoKey) };
        let now = self.store.now();
        if now.duration_since(known.made_at) > ROTATE_AFTER {
            known = add(&self.store, &self.sealer).await?;
        }
        if known.verifying.len() > 1 && now.duration_since(known.made_at) > OVERLAP {
            let mut tx = self.store.begin().await?;
            let tenant = tx.tenant();
            table::retire(tx.conn(), tenant, PURPOSE, known.made_at, now).await?;
            table::remove_retired(tx.conn(), tenant, PURPOSE, before(now, OVERLAP)).await?;
            tx.commit().await?;
        }
        self.reseal().await?;
        self.replace(known);
        Ok(())
    }

    /// Seals the keys anew that were sealed with another key than the newest, so that the older one can be given up.
    async fn reseal(&self) -> Result<(), Error> {
        let rows = table::list(&mut *self.store.read().await?, self.store.tenant(), PURPOSE).await?;
        for row in rows.iter().filter(|row| self.sealer.is_outdated(&row.sealed_private)) {
            let place = table::SigningKey::place(&row.id);
            let private = self.sealer.open(place, &row.sealed_private)?;
            let sealed = self.sealer.seal(place, &private, self.store.rng())?;
            let mut tx = self.store.begin().await?;
            table::reseal(tx.conn(), &row.id, sealed).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Signs an access token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let known = self.known();
        let (kid, key) = &known.signing;
        let header = Header { alg: key.public().algorithm().to_owned(), typ: TYPE.to_owned(), kid: kid.clone() };
        jws::sign(key, &header, claims).map_err(Error::Sign)
    }

    /// The claims of an access token of ours that is not over.
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let parts = Unverified::parse(token)?;
        let header: Header = parts.header()?;
        if header.typ != TYPE {
            return Err(TokenError::Type);
        }
        let key = self.verifying(&header.kid).await?.ok_or(TokenError::Key)?;
        let claims: Claims = parts.verify(&key)?;
        if claims.exp <= now.as_second() { Err(TokenError::Over) } else { Ok(claims) }
    }

    /// The public key with this name. One that is not known may have been made by another process since.
    async fn verifying(&self, kid: &str) -> Result<Option<PublicKey>, store::Error> {
        if let Some(key) = self.known().verifying.get(kid) {
            return Ok(Some(key.clone()));
        }
        let mut reloaded = self.reloaded.lock().await;
        if let Some(key) = self.known().verifying.get(kid) {
            return Ok(Some(key.clone()));
        }
        if reloaded.is_some_and(|at| at.elapsed() < RELOAD_EVERY) {
            return Ok(None);
        }
        *reloaded = Some(Instant::now());
        match load(&self.store, &self.sealer).await {
            Ok(Some(known)) => self.replace(known),
            Ok(None) => {}
            Err(Error::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the keys of access tokens can't be read");
            }
        }
        Ok(self.known().verifying.get(kid).cloned())
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("signing", &self.known().signing.0).finish_non_exhaustive()
    }
}

/// The keys in the database; none when there is none that signs.
async fn load(store: &Store, sealer: &Sealer) -> Result<Option<Known>, Error> {
    let rows = table::list(&mut *store.read().await?, store.tenant(), PURPOSE).await?;
    known(&rows, sealer, store.now())
}

/// Makes a key and returns all.
async fn add(store: &Store, sealer: &Sealer) -> Result<Known, Error> {
    let key = SigningKey::generate(store.rng()).map_err(Error::Key)?;
    let id = key.public().thumbprint().to_string();
    let private = key.to_jwk();
    let sealed_private = sealer.seal(table::SigningKey::place(&id), private.expose_secret().as_bytes(), store.rng())?;
    let mut tx = store.begin().await?;
    let (tenant, created_at) = (tx.tenant(), tx.now());
    let row = table::SigningKey {
        id,
        purpose: PURPOSE.to_owned(),
        public_jwk: key.public().to_jwk(),
        sealed_private,
        created_at,
        retired_at: None,
    };
    table::insert(tx.conn(), tenant, &row).await?;
    let rows = table::list(tx.conn(), tenant, PURPOSE).await?;
    tx.commit().await?;
    known(&rows, sealer, created_at)?.ok_or(Error::NoKey)
}

/// The public halves are derived from the sealed ones: whoever can only write to the database makes no tokens.
///
/// The newest key that is known everywhere signs; when there is none yet, the oldest.
fn known(rows: &[table::SigningKey], sealer: &Sealer, now: Timestamp) -> Result<Option<Known>, Error> {
    let usable: Vec<_> = rows.iter().filter(|row| row.retired_at.is_none()).collect();
    let published = usable.iter().find(|row| row.created_at <= before(now, PUBLISH)).or(usable.last());
    let (Some(newest), Some(signer)) = (usable.first(), published) else { return Ok(None) };
    let mut signing = None;
    let mut verifying = HashMap::with_capacity(rows.len());
    for row in rows {
        let private = sealer.open(table::SigningKey::place(&row.id), &row.sealed_private)?;
        let key = SigningKey::from_jwk(&private).map_err(Error::Key)?;
        verifying.insert(row.id.clone(), key.public().clone());
        if row.id == signer.id {
            signing = Some((row.id.clone(), key));
        }
    }
    Ok(signing.map(|signing| Known { signing, made_at: newest.created_at, verifying }))
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
