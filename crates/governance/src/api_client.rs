//! API clients: tokens of machines, and of people for their scripts. A token is shown once.
//!
//! Source: governance §5 (API clients), §1.20 (own API client).

use domain::access::{Action, Relation, may};
use ids::ApiTokenId;
use secrecy::SecretString;
use store::api_token::ApiToken;
use store::{Page, Paging};

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

pub use auth::machine::NewToken as NewApiClient;

impl Governance {
    /// The API clients that the caller may see: all, or their own; by the time they were made.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without the role for it.
    pub async fn api_clients(&self, caller: &Caller, paging: Paging<'_>) -> Result<Page<ApiToken>> {
        let person = access::scope(caller, Action::EditApiClients)?;
        let mut conn = self.store().read().await?;
        Ok(store::api_token::list(&mut conn, self.store().tenant(), person, paging).await?)
    }

    /// Makes an API client. Its token is in the answer and nowhere else.
    ///
    /// Whoever may not make them for others makes one for themselves, whatever person is named.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `PermissionDenied` for another person, or a role that the maker lacks.
    pub async fn create_api_client(
        &self,
        caller: &Caller,
        mut new: NewApiClient,
    ) -> Result<Written<(ApiToken, SecretString)>> {
        if !may(&caller.actor, Action::EditApiClients, Relation::None) {
            let own = caller.actor.person();
            if own.is_none() || new.person_id.is_some_and(|person| Some(person) != own) {
                access::require(caller, Action::EditApiClients, Relation::None)?;
            }
            new.person_id = own;
        }
        let mut tx = self.store().begin().await?;
        if let Some(person) = new.person_id {
            let tenant = tx.tenant();
            let found = store::person::find(tx.conn(), tenant, person).await?;
            if found.is_none_or(|person| person.status != "active") {
                return Err(Error::invalid("personId", format!("there is no active person `{person}`")));
            }
        }
        let made = auth::machine::create(&mut tx, &new, caller.by()).await.map_err(refused)?;
        let seq = tx.commit().await?;
        Ok(Written::new(made, seq))
    }

    /// Ends an API client at its next call.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn revoke_api_client(&self, caller: &Caller, id: ApiTokenId) -> Result<Written<()>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = store::api_token::get(tx.conn(), tenant, id).await?;
        let is_own = |token: &ApiToken| token.person_id.is_some() && token.person_id == caller.actor.person();
        let edits = may(&caller.actor, Action::EditApiClients, Relation::None);
        if !found.is_some_and(|token| edits || is_own(&token)) {
            return Err(Error::not_found("API client", id));
        }
        auth::machine::revoke(&mut tx, id, caller.by()).await.map_err(refused)?;
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }
}

fn refused(error: auth::machine::Error) -> Error {
    use auth::machine::Error as Cause;
    match error {
        Cause::Invalid { field, detail } => Error::invalid(field, detail),
        Cause::Exceeds(_) => Error::denied(error.to_string()).with_hint("leave the role out"),
        Cause::NoToken(id) => Error::not_found("API client", id),
        Cause::Store(error) => error.into(),
    }
}
