//! Signs what the audit chain was at the end of a day, and checks it.
//!
//! Whoever can only write to the database can make the chain anew, but not the signatures: the private halves of the keys
//! are sealed, and the public ones are derived from them. The keys are never given up, so that old anchors stay readable.
//!
//! Source: governance §1.19; docs/STATUS.md.

use std::collections::HashMap;

use dpop::jws::{self, JwsError, Unverified};
use dpop::{PublicKey, SigningKey};
use ids::TenantId;
use jiff::civil::Date;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::audit::Head;
use store::audit::anchor::{self, Anchor};
use store::seal::{SealError, Sealer};
use store::signing_key as table;
use store::{Connection, Paging, Tx};

/// What the keys are for, in the database.
const PURPOSE: &str = "audit_anchor";
/// The header's `typ`, so that nothing else that is signed passes for an anchor.
const TYPE: &str = "audit-anchor+jws";
/// How many anchors are checked at a time.
const LOT: u32 = 500;

/// Why an anchor could not be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key could not be made or read.
    #[error("the key that signs the anchors of the audit log can't be used")]
    Key(#[source] dpop::key::KeyError),
    /// A key could not be sealed or opened.
    #[error("the key that signs the anchors of the audit log can't be opened")]
    Seal(#[from] SealError),
    /// A statement could not be signed.
    #[error(transparent)]
    Sign(#[from] jws::SignError),
    /// See [`store::Error`].
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    tenant: TenantId,
    day: Date,
    seq: i64,
    hash: String,
}

impl Statement {
    fn of(tenant: TenantId, anchor: &Anchor) -> Self {
        Self { tenant, day: anchor.day, seq: anchor.seq, hash: anchor.hash.clone() }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The signed anchor that says: on this day, this was the last row. The first one makes the key; it is sealed with the
/// newest key for sealing from then on.
///
/// # Errors
/// See [`Error`].
pub async fn sign(tx: &mut Tx, sealer: &Sealer, day: Date, head: Head) -> Result<Anchor, Error> {
    let tenant = tx.tenant();
    let (key_id, key) = match table::list(tx.conn(), tenant, PURPOSE).await?.into_iter().next() {
        Some(row) => {
            let place = table::SigningKey::place(&row.id);
            let private = sealer.open(place, &row.sealed_private)?;
            if sealer.is_outdated(&row.sealed_private) {
                let anew = sealer.seal(place, &private, tx.rng())?;
                table::reseal(tx.conn(), &row.id, anew).await?;
            }
            let key = SigningKey::from_jwk(&private).map_err(Error::Key)?;
            (row.id, key)
        }
        None => add(tx, sealer).await?,
    };
    let mut anchor = Anchor {
        day,
        seq: head.seq,
        hash: head.hash,
        key_id: key_id.clone(),
        signature: String::new(),
        created_at: tx.now(),
    };
    let header = Header { alg: key.public().algorithm().to_owned(), typ: TYPE.to_owned(), kid: key_id };
    anchor.signature = jws::sign(&key, &header, &Statement::of(tenant, &anchor))?;
    Ok(anchor)
}

async fn add(tx: &mut Tx, sealer: &Sealer) -> Result<(String, SigningKey), Error> {
    let key = SigningKey::generate(tx.rng()).map_err(Error::Key)?;
    let id = key.public().thumbprint().to_string();
    let private = key.to_jwk();
    let row = table::SigningKey {
        id: id.clone(),
        purpose: PURPOSE.to_owned(),
        public_jwk: key.public().to_jwk(),
        sealed_private: sealer.seal(table::SigningKey::place(&id), private.expose_secret().as_bytes(), tx.rng())?,
        created_at: tx.now(),
        retired_at: None,
    };
    let tenant = tx.tenant();
    table::insert(tx.conn(), tenant, &row).await?;
    Ok((id, key))
}

/// The public keys of the anchors as JWKs, by their names.
///
/// # Errors
/// When the database refuses.
pub async fn public_keys(conn: &mut Connection, tenant: TenantId) -> Result<Vec<(String, String)>, store::Error> {
    let rows = table::list(conn, tenant, PURPOSE).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.public_jwk)).collect())
}

/// The days whose anchors this server has not signed as they stand there, the newest first. A key that this sealer can't
/// open is none of this server's.
///
/// # Errors
/// When the database refuses.
pub async fn forged(conn: &mut Connection, tenant: TenantId, sealer: &Sealer) -> Result<Vec<Date>, store::Error> {
    let mut keys: HashMap<String, PublicKey> = HashMap::new();
    for row in table::list(conn, tenant, PURPOSE).await? {
        let opened = sealer.open(table::SigningKey::place(&row.id), &row.sealed_private).ok();
        if let Some(key) = opened.and_then(|private| SigningKey::from_jwk(&private).ok()) {
            keys.insert(row.id, key.public().clone());
        }
    }
    let (mut forged, mut after) = (Vec::new(), None);
    loop {
        let page = anchor::list(conn, tenant, Paging { after: after.as_deref(), limit: LOT }).await?;
        let is_forged = |anchor: &&Anchor| {
            let signed = keys.get(&anchor.key_id).and_then(|key| statement(key, &anchor.signature).ok());
            signed != Some(Statement::of(tenant, anchor))
        };
        forged.extend(page.rows.iter().filter(is_forged).map(|anchor| anchor.day));
        after = page.next;
        if after.is_none() {
            return Ok(forged);
        }
    }
}

fn statement(key: &PublicKey, signature: &str) -> Result<Statement, JwsError> {
    let parts = Unverified::parse(signature)?;
    let header: Header = parts.header()?;
    if header.typ != TYPE {
        return Err(JwsError::Signature);
    }
    parts.verify(key)
}
