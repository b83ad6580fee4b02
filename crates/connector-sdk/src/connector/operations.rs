//! What a resource type can do besides being listed: one trait per kind of change.

use async_trait::async_trait;
use proto::Timestamp;
use proto::c1::connector::v2::{
    AccountInfo, CapabilityDetailCredentialOption, CredentialDetailsCredentialIssue, CredentialIssueOptions,
    CredentialResourceMode, Entitlement, Grant, LocalCredentialOptions, PlaintextData, Resource, ResourceId,
};

use crate::annotations::Annotations;
use crate::error::Result;

/// Grants and revokes the entitlements of one resource type.
#[async_trait]
pub trait GrantProvisioner: Send + Sync {
    /// Gives `entitlement` to `principal`. Both are as the last sync stored them.
    ///
    /// Success with annotation `GrantAlreadyExists` when nothing had to be done, with `GrantReplaced` when another
    /// grant vanished by this one.
    ///
    /// # Errors
    /// Transient codes are retried three times, so the call must be safe to repeat.
    /// [`crate::error::Error::declined`] when the connector refuses on purpose.
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted>;

    /// Takes `grant` away.
    ///
    /// Success with annotation `GrantAlreadyRevoked` when nothing had to be done.
    ///
    /// # Errors
    /// Transient codes are retried three times, so the call must be safe to repeat.
    async fn revoke(&self, grant: &Grant) -> Result<Annotations>;
}

/// What a successful grant leaves behind.
#[derive(Debug, Default)]
pub struct Granted {
    /// The grants that exist now because of the call; may be empty when they existed before.
    pub grants: Vec<Grant>,
    /// For example `GrantAlreadyExists` or `GrantReplaced`.
    pub annotations: Annotations,
}

/// The kinds of credential a type takes, for creation or rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSupport {
    /// Every kind that is accepted.
    pub supported: Vec<CapabilityDetailCredentialOption>,
    /// The kind to use when the caller has no wish.
    pub preferred: CapabilityDetailCredentialOption,
}

impl CredentialSupport {
    /// Accounts get no password: people sign in through an identity provider or an invitation.
    #[must_use]
    pub fn no_password() -> Self {
        Self {
            supported: vec![CapabilityDetailCredentialOption::NoPassword],
            preferred: CapabilityDetailCredentialOption::NoPassword,
        }
    }
}

/// Creates accounts of one resource type.
#[async_trait]
pub trait AccountCreator: Send + Sync {
    /// Which credential kinds the product takes. Callers may send others all the same; ignore those.
    fn credential_support(&self) -> CredentialSupport {
        CredentialSupport::no_password()
    }

    /// Creates the account. Never retried. `credential` has no `options` when the caller has no wish.
    ///
    /// # Errors
    /// `AlreadyExists` only when the account exists and cannot be looked up; otherwise
    /// [`CreateAccountOutcome::AlreadyExists`] is the better answer.
    async fn create_account(
        &self,
        account: &AccountInfo,
        credential: &LocalCredentialOptions,
    ) -> Result<CreatedAccount>;
}

/// The result of creating an account.
#[derive(Debug)]
pub struct CreatedAccount {
    /// What happened.
    pub outcome: CreateAccountOutcome,
    /// When the invitation that goes with a new account ends, if there is one.
    pub invitation_expires_at: Option<Timestamp>,
    /// Secrets that the product made, to be encrypted for the requester; never logged.
    pub plaintexts: Vec<PlaintextData>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// What happened when an account was to be created.
#[derive(Debug)]
pub enum CreateAccountOutcome {
    /// It exists now.
    Success(Resource),
    /// A person has to do something first, for example sign in once.
    ActionRequired {
        /// What there is so far, if anything.
        resource: Option<Resource>,
        /// What the person has to do.
        message: String,
    },
    /// It existed before.
    AlreadyExists(Resource),
    /// The product works on it.
    InProgress(Option<Resource>),
}

impl From<CreateAccountOutcome> for CreatedAccount {
    fn from(outcome: CreateAccountOutcome) -> Self {
        Self { outcome, invitation_expires_at: None, plaintexts: Vec::new(), annotations: Annotations::new() }
    }
}

/// Deletes resources of one type.
#[async_trait]
pub trait ResourceDeleter: Send + Sync {
    /// Deletes the resource. Never retried. A resource that is already gone is a success.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn delete_resource(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<Annotations>;
}

/// Creates resources of one type.
#[async_trait]
pub trait ResourceCreator: Send + Sync {
    /// Creates the resource, whose id names its type and may name a wish. Never retried.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn create_resource(&self, resource: &Resource) -> Result<CreatedResource>;
}

/// The result of creating a resource.
#[derive(Debug)]
pub struct CreatedResource {
    /// The resource with its real id.
    pub resource: Resource,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// Rotates the credentials of resources of one type.
#[async_trait]
pub trait CredentialRotator: Send + Sync {
    /// Which credential kinds the product takes.
    fn credential_support(&self) -> CredentialSupport;

    /// Gives the resource a new credential. Never retried.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn rotate_credential(
        &self,
        id: &ResourceId,
        credential: &LocalCredentialOptions,
    ) -> Result<RotatedCredential>;
}

/// The result of rotating a credential.
#[derive(Debug)]
pub struct RotatedCredential {
    /// Secrets that the product made, to be encrypted for the requester; never logged.
    pub plaintexts: Vec<PlaintextData>,
    /// Whose credential it is now.
    pub id: ResourceId,
    /// Annotations of the answer.
    pub annotations: Annotations,
}

/// Makes new credentials (keys, tokens) for identities of one type, beside those that they have.
#[async_trait]
pub trait CredentialIssuer: Send + Sync {
    /// Which kinds can be made. The type of the secrets they yield must be one that can be deleted.
    fn issue_support(&self) -> CredentialDetailsCredentialIssue;

    /// Makes a credential; the request fits [`CredentialIssuer::issue_support`]. Never retried.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn issue_credential(&self, request: &CredentialRequest) -> Result<IssuedCredential>;
}

/// Which credential is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialRequest {
    /// Whose it will be.
    pub identity: ResourceId,
    /// Which kind.
    pub options: CredentialIssueOptions,
    /// When it must end, if its end is chosen by the caller.
    pub expires_at: Option<Timestamp>,
    /// The same for every repetition of the request: 1 to 128 letters, digits, `_` or `-`.
    pub request_id: String,
}

/// The result of making a credential.
#[derive(Debug)]
pub struct IssuedCredential {
    /// The credential as a resource with a secret trait that names the identity.
    pub secret: Resource,
    /// The secret itself, to be encrypted for the requester; never logged.
    pub plaintexts: Vec<PlaintextData>,
    /// Whether a listing will show `secret`; as announced in the support.
    pub mode: CredentialResourceMode,
    /// Annotations of the answer.
    pub annotations: Annotations,
}
