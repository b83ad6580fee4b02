//! What a connector is capable of, derived from what its syncers offer.

use std::collections::BTreeSet;

use proto::c1::connector::v2::{
    Capability, CapabilityPermissions, ConnectorCapabilities, ConnectorMetadata, CredentialDetails,
    CredentialDetailsAccountProvisioning, CredentialDetailsCredentialRotation, Deprecated, ExternalTicketSettings,
    OptInRequired, ResourceTypeCapability, SkipSyncAnomalyDetection,
};

use crate::annotations::{contains, pick};

use super::{Connector, CredentialIssuer, CredentialSupport, ResourceGetter, ResourceSyncer, Ticketing};

/// The capabilities of the connector: its resource types sorted by id, each with what it can do.
///
/// Source: connector-cli §3.1.
#[must_use]
pub fn capabilities(connector: &dyn Connector) -> ConnectorCapabilities {
    let mut syncers = connector.syncers();
    syncers.sort_by_key(|syncer| syncer.resource_type().id);
    let types: Vec<ResourceTypeCapability> = syncers.iter().map(|syncer| of_type(syncer.as_ref())).collect();

    let mut all: BTreeSet<i32> = types.iter().flat_map(|one| one.capabilities.iter().copied()).collect();
    if all.contains(&Capability::TargetedSync.into()) {
        all.insert(Capability::ServiceModeTargetedSync.into());
    }
    let of_connector = [
        (Capability::EventFeedV2, !connector.event_feeds().is_empty()),
        (Capability::Ticketing, connector.ticket_manager().is_some()),
        (Capability::Actions, connector.action_manager().is_some()),
    ];
    all.extend(of_connector.into_iter().filter(|(_, is)| *is).map(|(one, _)| i32::from(one)));
    let accounts = syncers.iter().find_map(|syncer| Some(syncer.account_creator()?.credential_support()));
    let rotation = syncers.iter().find_map(|syncer| Some(syncer.credential_rotator()?.credential_support()));
    let credential_details = CredentialDetails {
        capability_account_provisioning: accounts.map(|support| CredentialDetailsAccountProvisioning {
            supported_credential_options: options(&support),
            preferred_credential_option: support.preferred.into(),
        }),
        capability_credential_rotation: rotation.map(|support| CredentialDetailsCredentialRotation {
            supported_credential_options: options(&support),
            preferred_credential_option: support.preferred.into(),
        }),
    };
    ConnectorCapabilities {
        resource_type_capabilities: types,
        connector_capabilities: all.into_iter().collect(),
        credential_details: Some(credential_details),
    }
}

/// The metadata of the connector with its capabilities filled in, and whether it handles tickets if it could.
///
/// Source: baton-service-mode §11.
#[must_use]
pub fn described(connector: &dyn Connector, ticketing: Ticketing) -> ConnectorMetadata {
    let mut metadata = ConnectorMetadata { capabilities: Some(capabilities(connector)), ..connector.metadata() };
    if connector.ticket_manager().is_some() {
        let settings = ExternalTicketSettings { enabled: ticketing == Ticketing::Enabled };
        proto::annotations::append(&mut metadata.annotations, &settings);
    }
    metadata
}

fn of_type(syncer: &dyn ResourceSyncer) -> ResourceTypeCapability {
    let offered = [
        (Capability::Sync, true),
        (Capability::TargetedSync, syncer.getter().is_some_and(ResourceGetter::is_advertised)),
        (Capability::Provision, syncer.grant_provisioner().is_some()),
        (Capability::AccountProvisioning, syncer.account_creator().is_some()),
        (Capability::ResourceDelete, syncer.deleter().is_some()),
        (Capability::ResourceCreate, syncer.creator().is_some()),
        (Capability::CredentialRotation, syncer.credential_rotator().is_some()),
        (Capability::CredentialIssue, syncer.credential_issuer().is_some()),
    ];
    let resource_type = syncer.resource_type();
    let marks = &resource_type.annotations;
    ResourceTypeCapability {
        // What cannot be read says nothing.
        permissions: Some(pick::<CapabilityPermissions>(marks).ok().flatten().unwrap_or_default()),
        opt_in_required: contains::<OptInRequired>(marks),
        skip_sync_anomaly_detection: contains::<SkipSyncAnomalyDetection>(marks),
        deprecated: contains::<Deprecated>(marks),
        capabilities: offered.into_iter().filter(|(_, is)| *is).map(|(one, _)| one.into()).collect(),
        credential_issue: syncer.credential_issuer().map(CredentialIssuer::issue_support),
        resource_type: Some(resource_type),
    }
}

fn options(support: &CredentialSupport) -> Vec<i32> {
    support.supported.iter().map(|one| i32::from(*one)).collect()
}
