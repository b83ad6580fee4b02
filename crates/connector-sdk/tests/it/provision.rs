//! Single changes.

use std::sync::Arc;

use c1z::Limits;
use connector_sdk::annotations::Annotations;
use connector_sdk::connector::CreateAccountOutcome;
use connector_sdk::error::{Code, Error};
use connector_sdk::provision::stored::LastSync;
use connector_sdk::provision::{AccountRequest, GrantOutcome, Provisioner, RevokeOutcome, random_password};
use connector_sdk::sync::{self, SyncOptions, Unobserved};
use proto::c1::connector::v2::{GrantAlreadyExists, GrantAlreadyRevoked, GrantReplaced};

use crate::fake::{Fake, World, id, runtime, unavailable, workspace};
use crate::file::Folder;

async fn synced() -> Folder {
    let folder = Folder::new();
    let fake = Fake::new(workspace(3));
    sync::run(fake.connector(), SyncOptions::new(folder.file()), &runtime().0, Arc::new(Unobserved)).await.unwrap();
    folder
}

fn last(folder: &Folder) -> LastSync {
    LastSync::open(&folder.file(), &Limits::default(), None).unwrap()
}

fn answering(call: &str, annotations: Annotations) -> Fake {
    Fake::new(World { annotations: [(call.to_owned(), annotations)].into(), ..workspace(3) })
}

#[tokio::test]
async fn a_grant_hands_whole_objects_to_the_connector() {
    let folder = synced().await;
    let before = std::fs::read(folder.file()).unwrap();
    let parts = last(&folder).grant_parts("role:editor:assigned", &id("user", "u002")).unwrap();
    let call = "grant role:editor:assigned to User u002";
    let replaced = GrantReplaced { replaced_grant_id: "role:viewer:assigned:user:u002".to_owned() };
    for (annotations, expect) in [
        (Annotations::new(), Some(None)),
        (Annotations::new().with(&replaced), Some(Some(replaced.replaced_grant_id.clone()))),
        (Annotations::new().with(&GrantAlreadyExists::default()), None),
    ] {
        let fake = answering(call, annotations);
        let provisioner = Provisioner::new(fake.connector(), runtime().0);
        let granted = provisioner.grant(&parts.principal, &parts.entitlement).await.unwrap();
        let found = match GrantOutcome::new(granted).unwrap() {
            GrantOutcome::Granted { grants, replaced } => {
                assert_eq!(grants[0].id, "role:editor:assigned:user:u002");
                Some(replaced)
            }
            GrantOutcome::AlreadyGranted => None,
        };
        assert_eq!(found, expect);
        assert_eq!(fake.calls(), [call]);
    }
    assert_eq!(std::fs::read(folder.file()).unwrap(), before);
}

#[tokio::test]
async fn a_revoke_hands_the_whole_grant_to_the_connector() {
    let grant = last(&synced().await).grant("role:editor:assigned:user:u001").unwrap();
    let call = "revoke role:editor:assigned:user:u001 (Role editor) from User u001";
    for (annotations, expect) in [
        (Annotations::new(), RevokeOutcome::Revoked),
        (Annotations::new().with(&GrantAlreadyRevoked::default()), RevokeOutcome::AlreadyRevoked),
    ] {
        let fake = answering(call, annotations);
        let annotations = Provisioner::new(fake.connector(), runtime().0).revoke(&grant).await.unwrap();
        assert_eq!(RevokeOutcome::new(&annotations), expect);
        assert_eq!(fake.calls(), [call]);
    }
}

#[tokio::test]
async fn grant_and_revoke_are_retried_three_times_but_create_and_delete_are_not() {
    let grant = last(&synced().await).grant("role:editor:assigned:user:u001").unwrap();
    let fake = Fake::new(workspace(3));
    let down = || (0..9).map(|_| unavailable()).collect::<Vec<_>>();
    fake.fail("revoke role:editor:assigned:user:u001 (Role editor) from User u001", down());
    fake.fail("grant role:editor:assigned to User u001", down());
    fake.fail("create new", down());
    fake.fail("delete user:u001", down());
    let (runtime, waits) = runtime();
    let provisioner = Provisioner::new(fake.connector(), runtime);
    let account = AccountRequest { login: "new".to_owned(), ..AccountRequest::default() }.to_account_info().unwrap();
    assert_eq!(provisioner.revoke(&grant).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(waits.seconds(), [15, 30, 45]);
    let (principal, entitlement) = (grant.principal.unwrap(), grant.entitlement.unwrap());
    assert_eq!(provisioner.grant(&principal, &entitlement).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(waits.seconds(), [15, 30, 45, 15, 30, 45]);
    assert_eq!(
        provisioner.create_account(&account, "", &random_password()).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(provisioner.delete_resource(&id("user", "u001"), None).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(fake.calls().len(), 4 + 4 + 1 + 1);
}

#[tokio::test]
async fn what_a_type_does_not_offer_is_unimplemented() {
    let provisioner = Provisioner::new(Fake::new(workspace(3)).connector(), runtime().0);
    let account = AccountRequest { login: "new".to_owned(), ..AccountRequest::default() }.to_account_info().unwrap();
    let codes = [
        provisioner.create_account(&account, "role", &random_password()).await.map(drop),
        provisioner.create_account(&account, "nothing", &random_password()).await.map(drop),
        provisioner.delete_resource(&id("role", "editor"), None).await.map(drop),
        provisioner.delete_resource(&id("nothing", "1"), None).await.map(drop),
        provisioner.rotate_credential(&id("user", "u001"), &random_password()).await.map(drop),
    ]
    .map(|result: Result<(), Error>| result.unwrap_err().code());
    assert_eq!(codes, [Code::Unimplemented; 5]);
    for resource_type in ["", "user"] {
        let created = provisioner.create_account(&account, resource_type, &random_password()).await.unwrap();
        assert!(matches!(created.outcome, CreateAccountOutcome::Success(_)));
    }
}

#[tokio::test]
async fn operations_by_id_need_a_finished_sync() {
    let folder = Folder::new();
    let open = |folder: &Folder| LastSync::open(&folder.file(), &Limits::default(), None);
    let missing = open(&folder).unwrap_err();
    assert_eq!(missing.code(), Code::FailedPrecondition);
    assert!(missing.to_string().contains("no current sync"), "{missing}");

    let fake = Fake::new(workspace(25));
    fake.fail("resources user@10", vec![Error::new(Code::PermissionDenied, "403")]);
    let options = SyncOptions::new(folder.file());
    sync::run(fake.connector(), options, &runtime().0, Arc::new(Unobserved)).await.unwrap_err();
    assert_eq!(open(&folder).unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[tokio::test]
async fn unknown_ids_are_not_found_and_named() {
    let last = last(&synced().await);
    for (error, id) in [
        (last.grant("role:editor:assigned:user:x").unwrap_err(), "role:editor:assigned:user:x"),
        (last.grant_parts("role:owner:assigned", &id("user", "u001")).unwrap_err(), "role:owner:assigned"),
        (last.grant_parts("role:editor:assigned", &id("user", "x")).unwrap_err(), "user:x"),
    ] {
        assert_eq!(error.code(), Code::NotFound);
        assert!(error.to_string().contains(id), "{error}");
    }
}
