//! Tokens of machines, for REST: shown once, known by their hash, limited to roles and, if wished, in time.
//!
//! Source: governance §5 (API clients), R-ROLE-2.

use std::collections::BTreeSet;

use domain::actor::{Actor, Part, Role};
use domain::audit::Object;
use ids::{ApiTokenId, PersonId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::api_token::{self as table, ApiToken};
use store::{Store, Tx};

use crate::By;
use crate::secret;

/// What every token begins with.
pub const PREFIX: &str = "podium_";
/// The longest name, in letters.
pub const MAX_NAME: usize = 100;
/// How exact `last_used_at` is: writing it at each call would make each read a write.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// How a new token is wished.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it may be, at most; with a person, only what the person is too.
    pub roles: BTreeSet<Role>,
    /// The person that it acts for.
    pub person_id: Option<PersonId>,
    /// When it ends; never, if not given.
    pub expires_at: Option<Timestamp>,
}

/// Why a token was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the wish can't be what it is.
    #[error("{detail}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The token would be more than its maker (R-ROLE-2).
    #[error("a token can't have a role that you don't have: {0}")]
    Exceeds(Role),
    /// There is no such token.
    #[error("there is no API client `{0}`")]
    NoToken(ApiTokenId),
    /// See [`store::Error`].
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no token in the header.
    #[error("the call needs a token: send `authorization: Bearer TOKEN`")]
    Missing,
    /// The token is none of ours, or is over, revoked, or its person may not act. The caller is not told which.
    #[error("the token is not one that is valid here")]
    Refused,
    /// The server can't decide at the moment.
    #[error("the server can't check the token at the moment")]
    Unavailable(#[source] store::Error),
}

/// Makes a token. The text is shown once and kept nowhere.
///
/// # Errors
/// See [`Error`].
pub async fn create(tx: &mut Tx, new: &NewToken, by: By<'_>) -> Result<(ApiToken, SecretString), Error> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
        return Err(Error::Invalid { field: "name", detail: "a name has 1 to 100 letters on one line" });
    }
    if new.roles.is_empty() {
        return Err(Error::Invalid { field: "roles", detail: "name at least one role" });
    }
    if new.expires_at.is_some_and(|end| end <= tx.now()) {
        return Err(Error::Invalid { field: "expiresAt", detail: "the end must lie in the future" });
    }
    let may_give =
        |role: &Role| matches!(by.actor, Actor::System(Part::System)) || by.actor.is(*role) || *role == Role::User;
    if let Some(role) = new.roles.iter().find(|role| !by.actor.is(Role::SuperAdministrator) && !may_give(role)) {
        return Err(Error::Exceeds(*role));
    }
    let text = secret::generate(PREFIX, tx.rng());
    let (tenant, now) = (tx.tenant(), tx.now());
    let token = ApiToken {
        id: ApiTokenId::new(now, tx.rng()),
        person_id: new.person_id,
        name: name.to_owned(),
        token_hash: secret::hash(text.expose_secret()),
        last_four: secret::last_four(&text),
        roles: new.roles.clone(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
        created_by: by.actor.to_string(),
        created_at: now,
    };
    table::insert(tx.conn(), tenant, &token).await?;
    let after = json!({
        "name": token.name,
        "roles": token.roles,
        "personId": token.person_id,
        "expiresAt": token.expires_at,
        "token": domain::audit::SECRET,
    });
    tx.audit(by.event("api_client.created", object(token.id)).with_change(Value::Null, after));
    Ok((token, text))
}

/// Ends a token at its next call. One that was revoked before stays as it is, without another audit row.
///
/// # Errors
/// See [`Error`].
pub async fn revoke(tx: &mut Tx, id: ApiTokenId, by: By<'_>) -> Result<(), Error> {
    let (tenant, now) = (tx.tenant(), tx.now());
    table::get(tx.conn(), tenant, id).await?.ok_or(Error::NoToken(id))?;
    if table::revoke(tx.conn(), tenant, id, now).await? {
        let change = json!({"revokedAt": now});
        tx.audit(by.event("api_client.revoked", object(id)).with_change(json!({"revokedAt": null}), change));
    }
    Ok(())
}

/// Who shows this `authorization` header: a machine, or the person that its token acts for.
///
/// A person's token is never more than the person is at this moment. Asks the database once.
///
/// # Errors
/// See [`CallError`].
pub async fn authenticate(store: &Store, authorization: Option<&str>) -> Result<Actor, CallError> {
    let header = authorization.ok_or(CallError::Missing)?.trim();
    let (scheme, text) = header.split_once(' ').ok_or(CallError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CallError::Missing);
    }
    let text = text.trim_start();
    if !secret::has_form(PREFIX, text) {
        return Err(CallError::Refused);
    }
    let hash = secret::hash(text);
    let found = {
        let mut conn = store.read().await.map_err(CallError::Unavailable)?;
        table::by_hash(&mut conn, store.tenant(), &hash).await.map_err(CallError::Unavailable)?
    };
    let bearer = found.filter(|bearer| secret::same(&bearer.token.token_hash, &hash)).ok_or(CallError::Refused)?;
    let (token, now) = (bearer.token, store.now());
    if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now) {
        return Err(CallError::Refused);
    }
    let actor = match (token.person_id, bearer.person) {
        (None, _) => Actor::Machine { token: token.id, roles: token.roles },
        (Some(id), Some(person)) if person.status == "active" => {
            let is = |role: &Role| *role == Role::User || person.roles.contains(role);
            let roles = token.roles.into_iter().filter(is).collect();
            Actor::Person { id, roles, token: Some(token.id) }
        }
        (Some(_), _) => return Err(CallError::Refused),
    };
    if token.last_used_at.is_none_or(|used| now.duration_since(used) > TOUCH_EVERY) {
        // A token that can't be marked as used works all the same: reading goes on when the disk is full.
        if let Err(error) = touch(store, token.id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the use of an API token was not written down");
        }
    }
    Ok(actor)
}

async fn touch(store: &Store, id: ApiTokenId) -> Result<(), store::Error> {
    let mut tx = store.begin().await?;
    let now = tx.now();
    table::touch(tx.conn(), id, now).await?;
    tx.commit().await?;
    Ok(())
}

fn object(id: ApiTokenId) -> Object {
    Object::new("api_client", id)
}
