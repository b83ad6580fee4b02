//! What a connector is capable of follows from what its types offer.

use connector_sdk::connector::{capabilities, described};
use proto::c1::connector::v2::{Capability, CapabilityDetailCredentialOption};

use crate::fake::{Fake, workspace};

#[test]
fn capabilities_follow_from_what_types_offer() {
    let found = capabilities(&Fake::new(workspace(1)));
    let types: Vec<(String, Vec<Capability>)> = found
        .resource_type_capabilities
        .iter()
        .map(|one| (one.resource_type.as_ref().unwrap().id.clone(), one.capabilities().collect()))
        .collect();
    assert_eq!(
        types,
        [
            ("role".to_owned(), vec![Capability::Sync, Capability::Provision]),
            (
                "user".to_owned(),
                vec![
                    Capability::Sync,
                    Capability::TargetedSync,
                    Capability::AccountProvisioning,
                    Capability::ResourceDelete
                ]
            ),
        ]
    );
    let all: Vec<Capability> = found.connector_capabilities().collect();
    assert_eq!(
        all,
        [
            Capability::Provision,
            Capability::Sync,
            Capability::AccountProvisioning,
            Capability::ResourceDelete,
            Capability::TargetedSync,
            Capability::ServiceModeTargetedSync,
        ]
    );
    let accounts = found.credential_details.unwrap().capability_account_provisioning.unwrap();
    assert_eq!(accounts.preferred_credential_option(), CapabilityDetailCredentialOption::NoPassword);
    assert!(found.resource_type_capabilities[0].permissions.is_some());
    assert!(described(&Fake::new(workspace(1))).capabilities.is_some());
}
