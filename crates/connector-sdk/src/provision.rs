//! Single changes: grant, revoke, create an account or a resource, delete a resource, rotate or make a credential.
//!
//! Start at [`Provisioner`]. Its methods take whole objects, as a task of the service brings them; [`stored`] finds the
//! objects in the last sync of a file, for operations that name them by id. No file is changed by anything here, and
//! nothing is validated first: the simple case is exactly one upstream write.
//!
//! Errors have the texts of every Baton connector. Source: connector-cli §5.3, §5.6; baton-service-mode §9.

mod account;
mod outcome;
pub mod password;
pub mod stored;

use std::sync::Arc;

use proto::c1::connector::v2::{
    AccountInfo, Entitlement, Grant, LocalCredentialOptions, Resource, ResourceId, local_credential_options,
};

pub use account::AccountRequest;
pub(crate) use account::is_address;
pub use outcome::{GrantOutcome, RevokeOutcome};

use crate::annotations::Annotations;
use crate::connector::{
    Connector, CreatedAccount, CreatedResource, CredentialRequest, Granted, IssuedCredential, ResourceSyncer,
    RotatedCredential,
};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use crate::runtime::Runtime;

/// The length of the password that one-shot operations ask for; a connector without passwords ignores it.
const PASSWORD_LENGTH: i64 = 20;
/// The type of accounts when several types have them and none is named.
const DEFAULT_ACCOUNT_TYPE: &str = "user";

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
    /// What the answer means says [`GrantOutcome`].
    ///
    /// # Errors
    /// `Unimplemented` when the entitlement's resource type cannot be granted; else what the connector says.
    pub async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        let syncer = self.syncer(offering_type(Some(entitlement)));
        let provisioner = syncer.as_ref().and_then(|syncer| syncer.grant_provisioner());
        let provisioner = provisioner.ok_or_else(|| cannot_be_granted(offering_type(Some(entitlement))))?;
        let retry = self.runtime.retry(RetryPolicy::GRANT);
        retry.call(|| provisioner.grant(principal, entitlement)).await.map_err(|error| error.context("grant failed"))
    }

    /// Takes the grant away. Transient errors are retried after 15, 30 and 45 s.
    ///
    /// What the answer means says [`RevokeOutcome`].
    ///
    /// # Errors
    /// `Unimplemented` when the entitlement's resource type cannot be granted; else what the connector says.
    pub async fn revoke(&self, grant: &Grant) -> Result<Annotations> {
        let syncer = self.syncer(offering_type(grant.entitlement.as_ref()));
        let provisioner = syncer.as_ref().and_then(|syncer| syncer.grant_provisioner());
        let provisioner = provisioner.ok_or_else(|| cannot_be_granted(offering_type(grant.entitlement.as_ref())))?;
        let retry = self.runtime.retry(RetryPolicy::GRANT);
        retry.call(|| provisioner.revoke(grant)).await.map_err(|error| error.context("revoke failed"))
    }

    /// Creates an account, once.
    ///
    /// `resource_type` may be empty when only one type has accounts, or one is called `user`.
    ///
    /// # Errors
    /// `Unimplemented` when no type, or not this one, can create accounts; else what the connector says.
    pub async fn create_account(
        &self,
        account: &AccountInfo,
        resource_type: &str,
        credential: &LocalCredentialOptions,
    ) -> Result<CreatedAccount> {
        let syncer = self.account_type(resource_type)?;
        let creator = syncer.account_creator().ok_or_else(no_accounts)?;
        self.once("error: create account failed", creator.create_account(account, credential)).await
    }

    /// The type that creates accounts when this one is asked for.
    pub(crate) fn account_type(&self, resource_type: &str) -> Result<Arc<dyn ResourceSyncer>> {
        let mut creators = self.connector.syncers();
        creators.retain(|syncer| syncer.account_creator().is_some());
        if creators.is_empty() {
            return Err(no_accounts());
        }
        let wanted = match (resource_type, creators.as_slice()) {
            ("", [only]) => return Ok(Arc::clone(only)),
            ("", _) => DEFAULT_ACCOUNT_TYPE,
            (named, _) => named,
        };
        creators.into_iter().find(|syncer| syncer.resource_type().id == wanted).ok_or_else(|| {
            Error::unimplemented(if resource_type.is_empty() {
                "connector has multiple account managers configured, but no resource type specified, and no default \
                 account manager configured"
                    .to_owned()
            } else {
                format!("connector does not have account manager configured for resource type: {resource_type}")
            })
        })
    }

    /// Creates the resource, once.
    ///
    /// # Errors
    /// `Unimplemented` when resources of the type cannot be created; else what the connector says.
    pub async fn create_resource(&self, resource: &Resource) -> Result<CreatedResource> {
        let resource_type = resource.id.as_ref().map_or("", |id| &id.resource_type);
        let syncer = self.syncer(resource_type);
        let creator = syncer.as_ref().and_then(|syncer| syncer.creator()).ok_or_else(|| {
            Error::unimplemented(format!("resource type {resource_type} does not have resource Create() configured"))
        })?;
        self.once("error: create resource failed", creator.create_resource(resource)).await
    }

    /// Deletes the resource, once.
    ///
    /// # Errors
    /// `Unimplemented` when the type cannot be deleted; else what the connector says.
    pub async fn delete_resource(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<Annotations> {
        let syncer = self.syncer(&id.resource_type);
        let deleter = syncer.as_ref().and_then(|syncer| syncer.deleter()).ok_or_else(|| {
            let resource_type = &id.resource_type;
            Error::unimplemented(format!("resource type {resource_type} does not have resource Delete() configured"))
        })?;
        self.once("error: delete resource failed", deleter.delete_resource(id, parent)).await
    }

    /// Gives the resource a new credential, once.
    ///
    /// # Errors
    /// `Unimplemented` when the type has no credentials to rotate; else what the connector says.
    pub async fn rotate_credential(
        &self,
        id: &ResourceId,
        credential: &LocalCredentialOptions,
    ) -> Result<RotatedCredential> {
        let syncer = self.rotating_type(&id.resource_type)?;
        let rotator = syncer.credential_rotator().ok_or_else(no_rotation)?;
        self.once("error: rotate credentials on resource failed", rotator.rotate_credential(id, credential)).await
    }

    /// The type with this id, whose credentials can be rotated.
    pub(crate) fn rotating_type(&self, resource_type: &str) -> Result<Arc<dyn ResourceSyncer>> {
        self.syncer(resource_type).filter(|syncer| syncer.credential_rotator().is_some()).ok_or_else(no_rotation)
    }

    /// The type with this id, for whose identities credentials can be made.
    pub(crate) fn issuing_type(&self, resource_type: &str) -> Result<Arc<dyn ResourceSyncer>> {
        self.syncer(resource_type).filter(|syncer| syncer.credential_issuer().is_some()).ok_or_else(no_issuing)
    }

    /// Makes a credential, once.
    pub(crate) async fn issue_credential(&self, request: &CredentialRequest) -> Result<IssuedCredential> {
        let syncer = self.issuing_type(&request.identity.resource_type)?;
        let issuer = syncer.credential_issuer().ok_or_else(no_issuing)?;
        self.once("error: issue credential for identity failed", issuer.issue_credential(request)).await
    }

    fn syncer(&self, resource_type: &str) -> Option<Arc<dyn ResourceSyncer>> {
        self.connector.syncers().into_iter().find(|syncer| syncer.resource_type().id == resource_type)
    }

    /// The result of the call, unless the run is cancelled before; an error says what was tried.
    async fn once<T>(&self, tried: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
        let result = match self.runtime.cancel.run_until_cancelled(call).await {
            Some(result) => result,
            None => Err(Error::new(crate::error::Code::Canceled, "context canceled")),
        };
        result.map_err(|error| error.context(tried))
    }
}

fn offering_type(entitlement: Option<&Entitlement>) -> &str {
    entitlement.and_then(|entitlement| entitlement.resource.as_ref()?.id.as_ref()).map_or("", |id| &id.resource_type)
}

fn cannot_be_granted(resource_type: &str) -> Error {
    Error::unimplemented(format!("resource type {resource_type} does not have provisioner configured"))
}

fn no_accounts() -> Error {
    Error::unimplemented("connector does not have account manager configured")
}

fn no_rotation() -> Error {
    Error::unimplemented("resource type does not have credential manager configured")
}

fn no_issuing() -> Error {
    Error::unimplemented("resource type does not have credential issuer configured")
}

/// The credential that one-shot operations ask for: a random password of 20 characters.
///
/// Source: connector-cli §5.6.
#[must_use]
pub fn random_password() -> LocalCredentialOptions {
    LocalCredentialOptions {
        options: Some(local_credential_options::Options::RandomPassword(local_credential_options::RandomPassword {
            length: PASSWORD_LENGTH,
            ..local_credential_options::RandomPassword::default()
        })),
        ..LocalCredentialOptions::default()
    }
}
