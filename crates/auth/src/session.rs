//! Sessions: what a browser keeps in a cookie after somebody has signed in.
//!
//! A session is a random text like the token of a machine, and nothing stands in it; what it means is looked up at each
//! call, so that it ends everywhere at once when it is ended, or when its person may not act any more.
//!
//! Source: governance §1.1 (`session_max`), §3.12 (20 h, 2 h idle), §1.20 (who is User).

use std::collections::BTreeSet;

use domain::actor::{Actor, Role};
use domain::audit::Object;
use ids::{PersonId, SessionId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::session::{self as table, Session};
use store::{Store, Tx};

use crate::machine::CallError;
use crate::{By, secret};

/// What every session's text begins with.
const PREFIX: &str = "podium-session_";
/// How long a session lives at most, used or not, unless the settings say less.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(20);
/// The shortest that the settings can say.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(45);
/// How long it lives when it is not used.
pub const IDLE: SignedDuration = SignedDuration::from_hours(2);
/// How exact `used_at` is: writing it at each call would make each read a write.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// How many sessions a person has at most; the oldest ends.
const MOST: i64 = 50;
/// The longest name of a browser that is kept, in letters.
const LONGEST_AGENT: usize = 200;

/// How somebody signed in, and from where.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// `password`, `setup_link`, or the name of a provider.
    pub method: &'a str,
    /// What the browser calls itself.
    pub agent: &'a str,
    /// How long the session lives, within [`SHORTEST`] and [`LONGEST`].
    pub life: SignedDuration,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub actor: Actor,
    /// In which session.
    pub session: SessionId,
}

/// Starts a session. Its text goes into a cookie and is kept nowhere.
///
/// # Errors
/// When the database refuses.
pub async fn start(
    tx: &mut Tx,
    person: PersonId,
    sign_in: SignIn<'_>,
    by: By<'_>,
) -> Result<(Session, SecretString), store::Error> {
    let text = secret::generate(PREFIX, tx.rng());
    let (tenant, now) = (tx.tenant(), tx.now());
    let life = sign_in.life.clamp(SHORTEST, LONGEST);
    let session = Session {
        id: SessionId::new(now, tx.rng()),
        person_id: person,
        token_hash: secret::hash(text.expose_secret()),
        method: sign_in.method.to_owned(),
        ip: by.ip.map(ToOwned::to_owned),
        agent: sign_in.agent.chars().filter(|letter| !letter.is_control()).take(LONGEST_AGENT).collect(),
        created_at: now,
        used_at: now,
        expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
    };
    table::insert(tx.conn(), tenant, &session).await?;
    table::keep_newest(tx.conn(), person, MOST).await?;
    let after = json!({"personId": person, "method": session.method, "expiresAt": session.expires_at});
    tx.audit(by.event("session.started", object(session.id)).with_change(Value::Null, after));
    Ok((session, text))
}

/// Ends a session at its next call; returns whether there was one.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, id: SessionId, by: By<'_>) -> Result<bool, store::Error> {
    let ended = table::delete(tx.conn(), id).await?;
    if ended {
        tx.audit(by.event("session.ended", object(id)));
    }
    Ok(ended)
}

/// Ends every session of a person but this one; returns how many ended.
///
/// # Errors
/// When the database refuses.
pub async fn end_all(tx: &mut Tx, person: PersonId, but: Option<SessionId>, by: By<'_>) -> Result<usize, store::Error> {
    let sessions = table::of(tx.conn(), person).await?;
    let mut ended = 0;
    for session in sessions.iter().filter(|session| Some(session.id) != but) {
        ended += usize::from(end(tx, session.id, by).await?);
    }
    Ok(ended)
}

/// Who the cookie with this text says is calling. Asks the database once.
///
/// # Errors
/// See [`CallError`].
pub async fn authenticate(store: &Store, text: &str) -> Result<SignedIn, CallError> {
    if !secret::has_form(PREFIX, text) {
        return Err(CallError::Refused);
    }
    let hash = secret::hash(text);
    let found = {
        let mut conn = store.read().await.map_err(CallError::Unavailable)?;
        table::by_hash(&mut conn, store.tenant(), &hash).await.map_err(CallError::Unavailable)?
    };
    let found = found.filter(|found| secret::same(&found.session.token_hash, &hash)).ok_or(CallError::Refused)?;
    let (session, now) = (found.session, store.now());
    if session.expires_at <= now || now.duration_since(session.used_at) > IDLE || found.status != "active" {
        return Err(CallError::Refused);
    }
    if now.duration_since(session.used_at) > TOUCH_EVERY {
        // Whoever reads goes on when the disk is full.
        if let Err(error) = touch(store, session.id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the use of a session was not written down");
        }
    }
    let actor = Actor::Person { id: session.person_id, roles: signed_in_roles(found.roles), token: None };
    Ok(SignedIn { actor, session: session.id })
}

/// What a person may be who has signed in: everyone is User, but who was given Auditor alone.
#[must_use]
pub fn signed_in_roles(mut given: BTreeSet<Role>) -> BTreeSet<Role> {
    if given != BTreeSet::from([Role::Auditor]) {
        given.insert(Role::User);
    }
    given
}

async fn touch(store: &Store, id: SessionId) -> Result<(), store::Error> {
    let mut tx = store.begin().await?;
    let now = tx.now();
    table::touch(tx.conn(), id, now).await?;
    tx.commit().await?;
    Ok(())
}

fn object(id: SessionId) -> Object {
    Object::new("session", id)
}

/// The name of the cookie that holds a session; with https it carries the prefix `__Host-`.
pub const COOKIE: &str = "podium_session";

/// The session that the `Cookie` headers of a request hold.
pub fn cookie<'a>(headers: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    cookie_named(COOKIE, headers)
}

/// The cookie with this name, or with `__Host-` before it, in the `Cookie` headers of a request.
pub fn cookie_named<'a>(name: &str, headers: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let found = headers.filter_map(|header| std::str::from_utf8(header).ok()).flat_map(|header| header.split(';'));
    found.filter_map(|pair| pair.trim().split_once('=')).find_map(|(key, value)| {
        let key = key.strip_prefix("__Host-").unwrap_or(key);
        (key == name && !value.is_empty()).then(|| value.to_owned())
    })
}

/// Whether a request that changes something comes from our own pages, by what browsers say about it.
///
/// A browser says `Sec-Fetch-Site` or `Origin`; what says neither is none, and has no cookie that it did not mean to
/// send.
#[must_use]
pub fn is_from_own_page(fetch_site: Option<&[u8]>, origin: Option<&[u8]>, base_url: &str) -> bool {
    match (fetch_site, origin) {
        (Some(site), _) => matches!(site, b"same-origin" | b"none"),
        (None, Some(origin)) => origin == base_url.as_bytes(),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_name() {
        let find = |headers: &[&str]| cookie(headers.iter().map(|header| header.as_bytes()));
        assert_eq!(find(&["a=b; podium_session=x"]).as_deref(), Some("x"));
        assert_eq!(find(&["a=b", "__Host-podium_session=y; c=d"]).as_deref(), Some("y"));
        for none in ["", "podium_session", "podium_session=", "xpodium_session=x", "a=podium_session=x"] {
            assert_eq!(find(&[none]), None, "{none}");
        }
    }

    #[test]
    fn only_our_own_pages_change_something() {
        let own = "https://podium.example";
        let from = |site: Option<&'static str>, origin: Option<&'static str>| {
            is_from_own_page(site.map(str::as_bytes), origin.map(str::as_bytes), own)
        };
        assert!(from(Some("same-origin"), Some(own)) && from(Some("none"), None));
        assert!(from(None, Some(own)) && from(None, None));
        assert!(!from(Some("cross-site"), None) && !from(Some("same-site"), Some(own)));
        assert!(!from(None, Some("https://evil.example")) && !from(None, Some("null")));
    }

    #[test]
    fn everyone_is_user_but_who_is_auditor_alone() {
        let roles = |given: &[Role]| signed_in_roles(given.iter().copied().collect());
        assert_eq!(roles(&[]), BTreeSet::from([Role::User]));
        assert_eq!(roles(&[Role::Auditor]), BTreeSet::from([Role::Auditor]));
        assert!(roles(&[Role::Auditor, Role::Helpdesk]).contains(&Role::User));
    }
}
