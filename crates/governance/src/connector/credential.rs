//! The client ids and secrets of a connector: rotated, looked at, revoked.
//!
//! Source: governance §1.5, T-C3.

use auth::credential::{Issued, Rotation};
use domain::access::Action;
use ids::{ConnectorId, CredentialId};
use store::credential::Credential;

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::written::Written;

impl Governance {
    /// **Rotate**: makes a new client id and secret, which are shown once. The former pair works on for the overlap.
    ///
    /// # Errors
    /// `FailedPrecondition` for a hosted connector; `InvalidArgument` naming the field; `PermissionDenied`; `NotFound`.
    pub async fn rotate(&self, caller: &Caller, id: ConnectorId, rotation: &Rotation) -> Result<Written<Issued>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let connector = access::connector(tx.conn(), tenant, caller, id, Action::RotateCredentials).await?;
        if connector.hosting == domain::connector::Hosting::Hosted {
            return Err(Error::new(
                Code::FailedPrecondition,
                "this connector is hosted: the server makes its credentials itself",
            ));
        }
        let host = &self.settings().connector_host;
        let issued = auth::credential::rotate(&mut tx, id, host, rotation, caller.by()).await.map_err(refused)?;
        let seq = tx.commit().await?;
        Ok(Written::new(issued, seq))
    }

    /// The credential with which the server signs in for a hosted connector (R-V-9): made anew at each start of it, so
    /// that its secret is never kept. The former works on for a day, as another server process may still use it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hosted_credential(&self, caller: &Caller, id: ConnectorId) -> Result<Issued> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::connector(tx.conn(), tenant, caller, id, Action::RotateCredentials).await?;
        let rotation = Rotation { label: "hosted by this server".to_owned(), ..Rotation::default() };
        let host = &self.settings().connector_host;
        let issued = auth::credential::rotate(&mut tx, id, host, &rotation, caller.by()).await.map_err(refused)?;
        tx.commit().await?;
        Ok(issued)
    }

    /// The credentials of a connector, without their private parts, which nobody has.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn credentials(&self, caller: &Caller, id: ConnectorId) -> Result<Vec<Credential>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        access::connector(&mut conn, tenant, caller, id, Action::SeeConnectors).await?;
        let mut found = store::credential::of_connector(&mut conn, tenant, id).await?;
        let now = self.store().now();
        for credential in &mut found {
            credential.state = credential.state_at(now);
        }
        Ok(found)
    }

    /// Ends a credential at its next token or call.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound`.
    pub async fn revoke_credential(
        &self,
        caller: &Caller,
        connector: ConnectorId,
        id: CredentialId,
        reason: Option<&str>,
    ) -> Result<Written<Credential>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::connector(tx.conn(), tenant, caller, connector, Action::RotateCredentials).await?;
        let found = store::credential::get(tx.conn(), tenant, id).await?;
        if found.is_none_or(|found| found.connector_id != connector) {
            return Err(Error::not_found("credential", id));
        }
        let revoked = auth::credential::revoke(&mut tx, id, reason, caller.by()).await.map_err(refused)?;
        let seq = tx.commit().await?;
        Ok(Written::new(revoked, seq))
    }
}

/// What `auth` refuses, as this crate says it.
pub(super) fn refused(error: auth::credential::Error) -> Error {
    use auth::credential::Error as E;
    match error {
        E::NoConnector(id) => Error::not_found("connector", id),
        E::NoCredential(id) => Error::not_found("credential", id),
        E::Invalid { field, detail } => Error::invalid(field, detail),
        E::Host { .. } => Error::new(Code::FailedPrecondition, error.to_string()),
        E::Key(cause) => Error::internal(cause),
        E::Store(cause) => cause.into(),
    }
}
