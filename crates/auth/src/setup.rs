//! The first administrator: a link that works once, for a day.
//!
//! Whoever starts the server sees the link in its output; whoever claims it becomes Super Administrator and gets a token
//! for REST, shown once. `podium admin first-link` makes another link at any time: who may run that has the database
//! anyway, and an administrator who lost the token needs a way back in.

use std::collections::BTreeSet;

use domain::actor::{Actor, Part, Role};
use domain::audit::{Object, Via};
use ids::PersonId;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::person::Person;
use store::{Store, Tx, setup_link as table};

use crate::machine::{self, NewToken};
use crate::{By, secret};

/// What every token of a link begins with.
pub const PREFIX: &str = "podium-setup_";
/// How long a link can be claimed.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long the administrator's first token lives.
pub const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The longest name, in letters, and the longest address, in bytes.
const MAX_NAME: usize = 200;
const MAX_EMAIL: usize = 254;

/// Whether a link was made.
#[derive(Debug)]
pub enum Offer {
    /// A link was made: put this into it, and show it to whoever started the server.
    New(Link),
    /// There is a link already that can still be claimed; its token is not known any more.
    Pending {
        /// Until when.
        expires_at: Timestamp,
    },
    /// There is an administrator.
    NotNeeded,
}

/// What a link carries.
#[derive(Debug)]
pub struct Link {
    /// The token to claim it with.
    pub token: SecretString,
    /// Until when it can be claimed.
    pub expires_at: Timestamp,
}

/// Who was made by a claim.
#[derive(Debug)]
pub struct Claimed {
    /// The administrator.
    pub person: Person,
    /// A token for REST that acts for them. Shown once.
    pub token: SecretString,
    /// When that token ends.
    pub expires_at: Timestamp,
}

/// Why a link was not claimed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The link is unknown, over, or was claimed before.
    #[error("the link is not valid any more; hint: make another with `podium admin first-link`")]
    Link,
    /// A field of the claim can't be what it is.
    #[error("{detail}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The person of this address is suspended, has left, or the like.
    #[error("the person with this address is `{status}` and can't be an administrator")]
    Status {
        /// The status.
        status: String,
    },
    /// See [`machine::Error`].
    #[error("make the administrator's token")]
    Token(#[from] machine::Error),
    /// See [`store::Error`].
    #[error(transparent)]
    Store(#[from] store::Error),
}

const SYSTEM: Actor = Actor::System(Part::System);

/// At the start of a server: makes a link when there is neither an administrator nor a link.
///
/// Of two servers that start together one shows a link.
///
/// # Errors
/// When the database refuses.
pub async fn offer(store: &Store) -> Result<Offer, store::Error> {
    let mut tx = store.begin().await?;
    let (tenant, engine, now) = (tx.tenant(), tx.engine(), tx.now());
    table::lock(tx.conn(), engine, tenant).await?;
    if store::person::anybody_is(tx.conn(), tenant, Role::SuperAdministrator).await? {
        return Ok(Offer::NotNeeded);
    }
    if let Some(expires_at) = table::pending(tx.conn(), tenant, now).await? {
        return Ok(Offer::Pending { expires_at });
    }
    let link = make(&mut tx, By { actor: &SYSTEM, via: Via::Cli, ip: None }).await?;
    tx.commit().await?;
    Ok(Offer::New(link))
}

/// On the machine itself: makes a link, whoever there is, and ends those that nobody claimed.
///
/// # Errors
/// When the database refuses.
pub async fn issue(store: &Store) -> Result<Link, store::Error> {
    let mut tx = store.begin().await?;
    let (tenant, engine) = (tx.tenant(), tx.engine());
    table::lock(tx.conn(), engine, tenant).await?;
    table::remove_unclaimed(tx.conn(), tenant).await?;
    let link = make(&mut tx, By { actor: &SYSTEM, via: Via::Cli, ip: None }).await?;
    tx.commit().await?;
    Ok(link)
}

async fn make(tx: &mut Tx, by: By<'_>) -> Result<Link, store::Error> {
    let token = secret::generate(PREFIX, tx.rng());
    let (tenant, now) = (tx.tenant(), tx.now());
    let expires_at = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
    table::insert(tx.conn(), tenant, &secret::hash(token.expose_secret()), expires_at, now).await?;
    let after = json!({"expiresAt": expires_at, "token": domain::audit::SECRET});
    tx.audit(by.event("setup_link.created", Object::new("setup_link", tenant)).with_change(Value::Null, after));
    Ok(Link { token, expires_at })
}

/// Claims a link: the person with this address becomes Super Administrator, and gets a token.
///
/// Of several who try at the same time, on whichever server, one succeeds.
///
/// # Errors
/// See [`Error`]. The link stays as it was then.
pub async fn claim(
    store: &Store,
    token: &SecretString,
    email: &str,
    display_name: &str,
    ip: Option<&str>,
) -> Result<Claimed, Error> {
    let email = fold_email(email)?;
    let name = display_name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
        return Err(Error::Invalid { field: "displayName", detail: "a name has 1 to 200 letters on one line" });
    }
    let token = token.expose_secret();
    if !secret::has_form(PREFIX, token) {
        return Err(Error::Link);
    }
    let token_hash = secret::hash(token);
    let mut tx = store.begin().await?;
    let (tenant, engine, now) = (tx.tenant(), tx.engine(), tx.now());
    table::lock(tx.conn(), engine, tenant).await?;
    if !table::claim(tx.conn(), tenant, &token_hash, now).await? {
        return Err(Error::Link);
    }
    table::remove_unclaimed(tx.conn(), tenant).await?;
    let by = By { actor: &SYSTEM, via: Via::Rest, ip };
    let person = person(&mut tx, email, name, by).await?;
    let made_by = Actor::System(Part::System).to_string();
    if store::person::add_role(tx.conn(), person.id, Role::SuperAdministrator, &made_by, now).await? {
        let after = json!({"role": Role::SuperAdministrator});
        tx.audit(by.event("person.role_added", object(person.id)).with_change(Value::Null, after));
    }
    let expires_at = now.checked_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
    let new = NewToken {
        name: "First administrator".to_owned(),
        roles: BTreeSet::from(Role::ALL),
        person_id: Some(person.id),
        expires_at: Some(expires_at),
    };
    let (_, token) = machine::create(&mut tx, &new, by).await?;
    table::set_claimed_by(tx.conn(), &token_hash, person.id).await?;
    let claimed = json!({"claimedBy": person.id});
    tx.audit(by.event("setup_link.claimed", Object::new("setup_link", tenant)).with_change(Value::Null, claimed));
    tx.commit().await?;
    Ok(Claimed { person, token, expires_at })
}

/// The person with this address, made when there is none.
async fn person(tx: &mut Tx, email: String, name: &str, by: By<'_>) -> Result<Person, Error> {
    let (tenant, now) = (tx.tenant(), tx.now());
    if let Some(person) = store::person::by_email(tx.conn(), tenant, &email).await? {
        return if person.status == "active" { Ok(person) } else { Err(Error::Status { status: person.status }) };
    }
    let person = Person::new(PersonId::new(now, tx.rng()), email, name.to_owned(), now);
    store::person::insert(tx.conn(), tenant, &person).await?;
    let after = json!({
        "primaryEmail": person.primary_email,
        "displayName": person.display_name,
        "status": person.status,
        "source": person.source,
    });
    tx.audit(by.event("person.created", object(person.id)).with_change(Value::Null, after));
    Ok(person)
}

fn object(person: PersonId) -> Object {
    Object::new("person", person)
}

/// The address as it is stored: in small letters, without white space around it.
fn fold_email(email: &str) -> Result<String, Error> {
    let email = email.trim().to_lowercase();
    let (user, host) = email.rsplit_once('@').unwrap_or_default();
    let odd = |letter: char| letter.is_control() || letter.is_whitespace();
    if user.is_empty() || host.is_empty() || email.len() > MAX_EMAIL || email.contains(odd) {
        return Err(Error::Invalid { field: "email", detail: "this is not a mail address" });
    }
    Ok(email)
}
