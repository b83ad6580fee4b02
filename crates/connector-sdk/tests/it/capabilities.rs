//! What a connector is capable of follows from what its types offer.

use connector_sdk::annotations::pack;
use connector_sdk::connector::{Ticketing, capabilities, described};
use proto::c1::connector::v2::{Capability, CapabilityDetailCredentialOption, ExternalTicketSettings};

use crate::fake::{Fake, workspace};
use crate::service_tasks::allrounder::AllRounder;

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
    let metadata = described(&Fake::new(workspace(1)), Ticketing::Enabled);
    assert!(metadata.capabilities.is_some());
    assert_eq!(metadata.annotations, []);
}

#[test]
fn a_connector_that_can_do_everything_says_so() {
    let found = capabilities(&AllRounder::default());
    let of_user: Vec<Capability> = found.resource_type_capabilities[0].capabilities().collect();
    assert_eq!(
        of_user,
        [
            Capability::Sync,
            Capability::Provision,
            Capability::AccountProvisioning,
            Capability::ResourceDelete,
            Capability::ResourceCreate,
            Capability::CredentialRotation,
            Capability::CredentialIssue,
        ]
    );
    assert!(found.resource_type_capabilities[0].credential_issue.is_some());
    let all: Vec<Capability> = found.connector_capabilities().collect();
    for one in [Capability::EventFeedV2, Capability::Ticketing, Capability::Actions] {
        assert!(all.contains(&one), "{one:?}");
    }
    assert!(all.is_sorted_by_key(|one| i32::from(*one)));
}

#[test]
fn a_connector_with_tickets_says_whether_they_are_handled() {
    for (ticketing, enabled) in [(Ticketing::Enabled, true), (Ticketing::Disabled, false)] {
        let metadata = described(&AllRounder::default(), ticketing);
        assert_eq!(metadata.annotations, [pack(&ExternalTicketSettings { enabled })]);
    }
}
