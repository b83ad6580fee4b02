//! Passwords: the way in for Super Administrators when no provider is set up, or none answers.

use std::collections::BTreeSet;

use auth::password::Error as Refused;
use auth::setup::Claimed;
use domain::actor::{Actor, Role};
use domain::audit::{Object, Via};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::Tx;
use store::person::Person;

use super::{NewSession, Visitor};
use crate::Written;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};

/// How sessions name this way in.
const METHOD: &str = "password";

impl Governance {
    /// Signs in with an address and a password.
    ///
    /// # Errors
    /// `Unauthenticated`, whatever is wrong; `ResourceExhausted` after too many attempts.
    pub async fn sign_in_with_password(
        &self,
        email: &str,
        password: &SecretString,
        visitor: Visitor<'_>,
    ) -> Result<NewSession> {
        let email = email.trim().to_lowercase();
        let (person, hash) = {
            let mut conn = self.store().read().await?;
            let person = store::person::by_email(&mut conn, self.store().tenant(), &email).await?;
            let hash = match &person {
                Some(person) => store::password::get(&mut conn, person.id).await?,
                None => None,
            };
            (person, hash)
        };
        let is_right = self.passwords().is(password, hash, &email, visitor.ip).await.map_err(refused)?;
        let Some(person) = person else { return Err(wrong()) };
        let object = Object::new("person", person.id);
        if !is_right {
            let error = self.refuse_sign_in(object, visitor, "the password was wrong").await;
            return Err(if error.code() == Code::Unauthenticated { wrong() } else { error });
        }
        let mut tx = self.store().begin().await?;
        if person.status != "active" || !is_administrator(&mut tx, &person).await? {
            drop(tx);
            return Err(self.refuse_sign_in(object, visitor, "passwords are for active Super Administrators").await);
        }
        let session = self.begin_session(&mut tx, person, METHOD, visitor).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Sets the caller's password, and ends their other sessions. Whoever has one must say it.
    ///
    /// # Errors
    /// `InvalidArgument` when it is too weak, or the present one is wrong; `PermissionDenied` for who is no Super
    /// Administrator; `ResourceExhausted` after too many attempts.
    pub async fn set_password(
        &self,
        caller: &Caller,
        present: Option<&SecretString>,
        new: &SecretString,
    ) -> Result<Written<()>> {
        let own = caller.actor.person().filter(|_| caller.actor.is(Role::SuperAdministrator));
        let id = own.ok_or_else(|| {
            Error::denied("passwords are for Super Administrators").with_hint("sign in at your provider")
        })?;
        let (person, hash) = {
            let mut conn = self.store().read().await?;
            let person = store::person::find(&mut conn, self.store().tenant(), id).await?;
            (person.ok_or_else(|| Error::not_found("person", id))?, store::password::get(&mut conn, id).await?)
        };
        if hash.is_some() {
            let nothing = SecretString::default();
            let is_right = self.passwords().is(present.unwrap_or(&nothing), hash, &person.primary_email, None).await;
            if !is_right.map_err(refused)? {
                return Err(Error::invalid("current", "this is not your present password")
                    .with_hint("`podium admin first-link` on the machine itself prints a link that sets another"));
            }
        }
        let hash = self.hash_password(new, &person.primary_email).await?;
        let mut tx = self.store().begin().await?;
        write(&mut tx, caller, &person, &hash).await?;
        auth::session::end_all(&mut tx, id, caller.session, caller.by()).await?;
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Removes the caller's password, so that they sign in at a provider alone.
    ///
    /// # Errors
    /// `NotFound` when there is none; `PermissionDenied` for a machine.
    pub async fn remove_password(&self, caller: &Caller) -> Result<Written<()>> {
        let id = caller.actor.person().ok_or_else(|| Error::denied("this is for people"))?;
        let mut tx = self.store().begin().await?;
        if !store::password::remove(tx.conn(), id).await? {
            return Err(Error::not_found("password of", id));
        }
        tx.audit(caller.event("password.removed", Object::new("person", id)));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// The hash of a password that somebody with this address wishes for.
    async fn hash_password(&self, new: &SecretString, email: &str) -> Result<String> {
        self.passwords().hash(new, email, self.store().rng()).await.map_err(refused)
    }

    /// Claims a link that makes the first administrator: they are signed in, and have a password if they wish.
    ///
    /// # Errors
    /// `NotFound` when the link is over; `InvalidArgument` naming the field; `FailedPrecondition` when the person of
    /// this address cannot be an administrator. The link stays as it was then.
    pub async fn claim_setup(
        &self,
        link: &SecretString,
        email: &str,
        name: &str,
        password: Option<&SecretString>,
        visitor: Visitor<'_>,
    ) -> Result<(Claimed, NewSession)> {
        let hash = match password {
            Some(password) => Some(self.hash_password(password, &email.trim().to_lowercase()).await?),
            None => None,
        };
        let ip = visitor.ip.map(|ip| ip.to_string());
        let claimed = auth::setup::claim(self.store(), link, email, name, ip.as_deref()).await.map_err(not_claimed)?;
        let mut tx = self.store().begin().await?;
        let actor = Actor::Person { id: claimed.person.id, roles: BTreeSet::from(Role::ALL), token: None };
        let caller = Caller::new(actor, Via::Web).from_ip(ip);
        if let Some(hash) = hash {
            write(&mut tx, &caller, &claimed.person, &hash).await?;
        }
        let session = self.begin_session(&mut tx, claimed.person.clone(), "setup_link", visitor).await?;
        tx.commit().await?;
        Ok((claimed, session))
    }
}

/// Puts this hash in the place of what there was.
async fn write(tx: &mut Tx, caller: &Caller, person: &Person, hash: &str) -> Result<()> {
    let now = tx.now();
    store::password::set(tx.conn(), person.id, hash, now).await?;
    let after = json!({"password": domain::audit::SECRET});
    tx.audit(caller.event("password.set", Object::new("person", person.id)).with_change(Value::Null, after));
    Ok(())
}

fn not_claimed(error: auth::setup::Error) -> Error {
    use auth::setup::Error as Cause;
    match error {
        Cause::Link => Error::new(Code::NotFound, error.to_string()),
        Cause::Invalid { field, detail } => Error::invalid(field, detail),
        Cause::Status { .. } => Error::refused(error.to_string()),
        Cause::Token(_) => Error::internal(error),
        Cause::Store(error) => error.into(),
    }
}

async fn is_administrator(tx: &mut Tx, person: &Person) -> Result<bool> {
    Ok(store::person::roles(tx.conn(), person.id).await?.contains(&Role::SuperAdministrator))
}

fn wrong() -> Error {
    Error::new(Code::Unauthenticated, "the address or the password is wrong")
}

fn refused(error: Refused) -> Error {
    match error {
        Refused::Weak(words) => Error::invalid("password", words),
        Refused::TooMany { .. } => Error::new(Code::ResourceExhausted, error.to_string()),
        Refused::Hash(_) => Error::internal(error),
    }
}
