//! Sessions: known, listed, ended.

use auth::machine::CallError;
use domain::access::{Action, Relation};
use domain::audit::Via;
use ids::{PersonId, SessionId};
use store::session::Session;

use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

impl Governance {
    /// Who calls with this cookie.
    ///
    /// # Errors
    /// `Unauthenticated` when it is none, or over; `Unavailable`.
    pub async fn signed_in(&self, cookie: &str, via: Via) -> Result<Caller> {
        let signed_in = auth::session::authenticate(self.store(), cookie).await.map_err(|error| match error {
            CallError::Unavailable(cause) => cause.into(),
            CallError::Missing | CallError::Refused => {
                Error::new(Code::Unauthenticated, "you are not signed in any more").with_hint("sign in again")
            }
        })?;
        Ok(Caller::new(signed_in.actor, via).in_session(signed_in.session))
    }

    /// The sessions of a person: one's own, or anybody's for who may edit people. The oldest first.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn sessions(&self, caller: &Caller, person: PersonId) -> Result<Vec<Session>> {
        may_end(caller, person)?;
        let mut conn = self.store().read().await?;
        let now = self.store().now();
        let mut sessions = store::session::of(&mut conn, person).await?;
        sessions.retain(|session| session.expires_at > now);
        Ok(sessions)
    }

    /// Ends a session at its next call.
    ///
    /// # Errors
    /// `NotFound`; `PermissionDenied`.
    pub async fn end_session(&self, caller: &Caller, person: PersonId, id: SessionId) -> Result<Written<()>> {
        may_end(caller, person)?;
        let mut tx = self.store().begin().await?;
        let is_theirs = store::session::of(tx.conn(), person).await?.iter().any(|session| session.id == id);
        if !is_theirs || !auth::session::end(&mut tx, id, caller.by()).await? {
            return Err(Error::not_found("session", id));
        }
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Ends every session of a person, the caller's own included: "sign out everywhere".
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn end_sessions(&self, caller: &Caller, person: PersonId) -> Result<Written<()>> {
        may_end(caller, person)?;
        let mut tx = self.store().begin().await?;
        auth::session::end_all(&mut tx, person, None, caller.by()).await?;
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Ends the session that the caller is in; whoever is in none has nothing to end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let Some(session) = caller.session else { return Ok(()) };
        let mut tx = self.store().begin().await?;
        auth::session::end(&mut tx, session, caller.by()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// One's own, or anybody's for who may edit people.
fn may_end(caller: &Caller, person: PersonId) -> Result<()> {
    if caller.actor.person() == Some(person) {
        return Ok(());
    }
    access::require(caller, Action::EditPeople, Relation::None)
}
