//! The traits of a connector.
//!
//! Start at [`Connector`]: it names the product and hands out one [`ResourceSyncer`] per resource type. Everything
//! that a type can do besides being listed is an optional part of its syncer ([`ResourceSyncer::grant_provisioner`]
//! and its neighbours); what the connector is capable of follows from which parts are there.
//! A syncer holds no sync state: the engine gives it a [`PageToken`] and stores the next one.

mod actions;
mod capabilities;
mod events;
mod operations;
mod page;
mod tickets;

use std::sync::Arc;

use async_trait::async_trait;
use proto::c1::connector::v2::{ConnectorMetadata, Resource, ResourceId, ResourceType};

use crate::annotations::Annotations;
use crate::error::Result;

pub use actions::{ActionManager, ActionState};
pub use capabilities::{capabilities, described};
pub use events::{DEFAULT_FEED, EventFeed, EventPage, EventPosition};
pub use operations::{
    AccountCreator, CreateAccountOutcome, CreatedAccount, CreatedResource, CredentialIssuer, CredentialRequest,
    CredentialRotator, CredentialSupport, GrantProvisioner, Granted, IssuedCredential, ResourceCreator,
    ResourceDeleter, RotatedCredential,
};
pub use page::{EntitlementPage, FoundResource, GrantPage, PageToken, ResourcePage};
pub use tickets::{TicketAnswer, TicketManager, TicketSchemaPage, Ticketing};

/// A product whose users and access can be read, and perhaps changed.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Name, description, help link and account creation schema. `capabilities` stays unset: it is derived from the
    /// syncers.
    fn metadata(&self) -> ConnectorMetadata;

    /// One syncer per resource type; the same objects at every call.
    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>>;

    /// Checks that the credentials work, with one cheap upstream call.
    ///
    /// # Errors
    /// Whatever the upstream says; the engine retries transient codes five times.
    async fn validate(&self) -> Result<Annotations> {
        Ok(Annotations::new())
    }

    /// Drops what was kept in memory for the sync with this id, after the sync has ended.
    ///
    /// # Errors
    /// Only logged.
    async fn cleanup(&self, sync_id: &str) -> Result<()> {
        let _ = sync_id;
        Ok(())
    }

    /// The event feeds, each with its own id; the same objects at every call.
    fn event_feeds(&self) -> Vec<Arc<dyn EventFeed>> {
        Vec::new()
    }

    /// How to open and read tickets.
    fn ticket_manager(&self) -> Option<&dyn TicketManager> {
        None
    }

    /// How to carry out actions.
    fn action_manager(&self) -> Option<&dyn ActionManager> {
        None
    }
}

/// One resource type of a connector: how to list it, and what else it can do.
///
/// Every listing starts at [`PageToken::start`] and ends with a page whose `next` is `None`. The engine may call the
/// listings of several types or resources at the same time (`--workers`), never two pages of one listing.
#[async_trait]
pub trait ResourceSyncer: Send + Sync {
    /// The type: id, display name, traits, and the annotations that steer the sync.
    fn resource_type(&self) -> ResourceType;

    /// One page of the resources of this type below `parent` (top level when `None`).
    ///
    /// Grants that the upstream delivers in the same answer belong into the same page.
    ///
    /// # Errors
    /// `Unavailable` and `DeadlineExceeded` are retried without limit, `NotFound` skips the rest of this listing with
    /// a warning, [`crate::error::Error::restart`] right after a resume starts the sync anew, all others end it.
    async fn list_resources(&self, parent: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage>;

    /// One page of the entitlements offered by `resource`. Not called for types annotated `SkipEntitlements`,
    /// `SkipEntitlementsAndGrants` or `TypeScopedEntitlements`.
    ///
    /// # Errors
    /// As for [`ResourceSyncer::list_resources`].
    async fn list_entitlements(&self, resource: &Resource, page: &PageToken) -> Result<EntitlementPage> {
        let _ = (resource, page);
        Ok(EntitlementPage::default())
    }

    /// One page of template entitlements that every resource of this type has: only slug, names, purpose,
    /// `grantable_to` and annotations are read.
    ///
    /// # Errors
    /// As for [`ResourceSyncer::list_resources`].
    async fn list_static_entitlements(&self, page: &PageToken) -> Result<EntitlementPage> {
        let _ = page;
        Ok(EntitlementPage::default())
    }

    /// One page of the grants on the entitlements of `resource`.
    ///
    /// # Errors
    /// As for [`ResourceSyncer::list_resources`].
    async fn list_grants(&self, resource: &Resource, page: &PageToken) -> Result<GrantPage> {
        let _ = (resource, page);
        Ok(GrantPage::default())
    }

    /// One page of the entitlements of every resource of the type, for types annotated `TypeScopedEntitlements`.
    ///
    /// # Errors
    /// As for [`ResourceSyncer::list_resources`].
    async fn list_type_entitlements(&self, page: &PageToken) -> Result<EntitlementPage> {
        let _ = page;
        Ok(EntitlementPage::default())
    }

    /// One page of the grants on every resource of the type, for types annotated `TypeScopedGrants`.
    ///
    /// # Errors
    /// As for [`ResourceSyncer::list_resources`].
    async fn list_type_grants(&self, page: &PageToken) -> Result<GrantPage> {
        let _ = page;
        Ok(GrantPage::default())
    }

    /// How to fetch one resource by id, for targeted syncs.
    fn getter(&self) -> Option<&dyn ResourceGetter> {
        None
    }

    /// How to grant and revoke the entitlements of this type's resources.
    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        None
    }

    /// How to create accounts of this type.
    fn account_creator(&self) -> Option<&dyn AccountCreator> {
        None
    }

    /// How to create resources of this type.
    fn creator(&self) -> Option<&dyn ResourceCreator> {
        None
    }

    /// How to delete resources of this type.
    fn deleter(&self) -> Option<&dyn ResourceDeleter> {
        None
    }

    /// How to rotate the credentials of resources of this type.
    fn credential_rotator(&self) -> Option<&dyn CredentialRotator> {
        None
    }

    /// How to make new credentials for identities of this type.
    fn credential_issuer(&self) -> Option<&dyn CredentialIssuer> {
        None
    }
}

/// Fetches one resource by its id.
#[async_trait]
pub trait ResourceGetter: Send + Sync {
    /// The resource and, where the upstream delivers them in the same answer, its grants.
    ///
    /// # Errors
    /// `NotFound` when there is no such resource: the engine skips it with a warning.
    async fn get_resource(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<FoundResource>;

    /// Whether the capabilities name it. A service that reads them may start to sync single resources.
    fn is_advertised(&self) -> bool {
        true
    }
}
