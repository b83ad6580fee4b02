//! Single changes: grant, revoke, create an account, delete a resource, rotate a credential.
//!
//! Start at [`Provisioner`]. Its methods take whole objects, as a task of the service brings them; [`stored`] finds the
//! objects in the last sync of a file, for operations that name them by id. No file is changed by anything here, and
//! nothing is validated first: the simple case is exactly one upstream write.
//!
//! Source: connector-cli §5.3, §5.6.

mod account;
mod outcome;
pub mod stored;

use std::sync::Arc;

use proto::c1::connector::v2::{
    AccountInfo, Entitlement, Grant, LocalCredentialOptions, Resource, ResourceId, local_credential_options,
};

pub use account::AccountRequest;
pub use outcome::{GrantOutcome, RevokeOutcome};

use crate::annotations::Annotations;
use crate::connector::{Connector, CreatedAccount, ResourceSyncer, RotatedCredential};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use crate::runtime::Runtime;

/// The length of the password that one-shot operations ask for; a connector without passwords ignores it.
const PASSWORD_LENGTH: i64 = 20;

/// Carries out changes through a connector.
#[derive(Clone)]
pub struct Provisioner {
    connector: Arc<dyn Connector>,
    runtime: Runtime,
}

impl Provisioner {
    /// Changes go through this connector.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, runtime: Runtime) -> Self {
        Self { connector, runtime }
    }

    /// Gives the entitlement to the principal. Transient errors are retried after 15, 30 and 45 s.
    ///
    /// # Errors
    /// `Unimplemented` when the entitlement's resource type cannot be granted; else what the connector says.
    pub async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<GrantOutcome> {
        let syncer = self.syncer(offering_type(Some(entitlement)))?;
        let provisioner =
            syncer.grant_provisioner().ok_or_else(|| not_offered("grants", &syncer.resource_type().id))?;
        let retry = self.runtime.retry(RetryPolicy::GRANT);
        let granted = retry.call(|| provisioner.grant(principal, entitlement)).await?;
        GrantOutcome::new(granted)
    }

    /// Takes the grant away. Transient errors are retried after 15, 30 and 45 s.
    ///
    /// # Errors
    /// `Unimplemented` when the entitlement's resource type cannot be granted; else what the connector says.
    pub async fn revoke(&self, grant: &Grant) -> Result<RevokeOutcome> {
        let syncer = self.syncer(offering_type(grant.entitlement.as_ref()))?;
        let provisioner =
            syncer.grant_provisioner().ok_or_else(|| not_offered("revokes", &syncer.resource_type().id))?;
        let retry = self.runtime.retry(RetryPolicy::GRANT);
        let annotations = retry.call(|| provisioner.revoke(grant)).await?;
        Ok(RevokeOutcome::new(&annotations))
    }

    /// Creates an account, once, with a random password where the product has passwords.
    ///
    /// `resource_type` may be empty when only one type has accounts.
    ///
    /// # Errors
    /// `Unimplemented` when no type, or not this one, can create accounts; else what the connector says.
    pub async fn create_account(&self, account: &AccountInfo, resource_type: &str) -> Result<CreatedAccount> {
        let credential = random_password();
        let syncers = self.connector.syncers();
        let mut creators = syncers.iter().filter(|syncer| {
            syncer.account_creator().is_some()
                && (resource_type.is_empty() || syncer.resource_type().id == resource_type)
        });
        let creator = match (creators.next(), creators.next()) {
            (Some(only), None) => only.account_creator(),
            (Some(_), Some(_)) => {
                return Err(Error::invalid_argument(
                    "several resource types have accounts; hint: name one with --create-account-resource-type",
                ));
            }
            (None, _) => None,
        };
        let creator = creator.ok_or_else(|| not_offered("account creation", resource_type))?;
        self.once(creator.create_account(account, &credential)).await
    }

    /// Deletes the resource, once.
    ///
    /// # Errors
    /// `Unimplemented` when the type cannot be deleted; else what the connector says.
    pub async fn delete_resource(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<Annotations> {
        let syncer = self.syncer(&id.resource_type)?;
        let deleter = syncer.deleter().ok_or_else(|| not_offered("deletion", &id.resource_type))?;
        self.once(deleter.delete_resource(id, parent)).await
    }

    /// Gives the resource a new credential, once.
    ///
    /// # Errors
    /// `Unimplemented` when the type has no credentials to rotate; else what the connector says.
    pub async fn rotate_credential(&self, id: &ResourceId) -> Result<RotatedCredential> {
        let syncer = self.syncer(&id.resource_type)?;
        let rotator =
            syncer.credential_rotator().ok_or_else(|| not_offered("credential rotation", &id.resource_type))?;
        self.once(rotator.rotate_credential(id, &random_password())).await
    }

    fn syncer(&self, resource_type: &str) -> Result<Arc<dyn ResourceSyncer>> {
        self.connector
            .syncers()
            .into_iter()
            .find(|syncer| syncer.resource_type().id == resource_type)
            .ok_or_else(|| not_offered("provisioning", resource_type))
    }

    /// The result of the call, unless the run is cancelled before.
    async fn once<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        match self.runtime.cancel.run_until_cancelled(call).await {
            Some(result) => result,
            None => Err(Error::new(crate::error::Code::Canceled, "context canceled")),
        }
    }
}

fn offering_type(entitlement: Option<&Entitlement>) -> &str {
    entitlement.and_then(|entitlement| entitlement.resource.as_ref()?.id.as_ref()).map_or("", |id| &id.resource_type)
}

fn not_offered(what: &str, resource_type: &str) -> Error {
    Error::unimplemented(format!("resource type '{resource_type}' does not offer {what}"))
}

fn random_password() -> LocalCredentialOptions {
    LocalCredentialOptions {
        options: Some(local_credential_options::Options::RandomPassword(local_credential_options::RandomPassword {
            length: PASSWORD_LENGTH,
            ..local_credential_options::RandomPassword::default()
        })),
        ..LocalCredentialOptions::default()
    }
}
