//! Tasks that break a field rule are refused before the gate, in the words of a Go connector.

use connector_sdk::service::task::TaskOutcome;
use proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config};
use proto::c1::connector::v2::{
    AccountInfo, CredentialOptions, EncryptionConfig, Entitlement, Grant, Resource, TicketRequest, account_info,
    credential_options,
};
use proto::c1::connectorapi::baton::v1::task::{
    CreateAccountTask, CreateResourceTask, CreateTicketTask, GrantTask, ListEventsTask, RevokeTask,
    RotateCredentialsTask, TaskType,
};

use super::allrounder::user;
use super::cases::{entitlement, failure, grant, id, reported, run, strict};
use super::table::bare;

const LENGTH: &str = "value length must be between 1 and 1024 bytes, inclusive";

/// The text about a part of which `inner` is wrong.
fn nested(outer: &str, inner: &str) -> String {
    format!("invalid {outer}: embedded message failed validation | caused by: {inner}")
}

fn long() -> String {
    "x".repeat(1025)
}

fn long_named() -> Resource {
    Resource { display_name: long(), ..user("u1") }
}

async fn outcome(task: TaskType) -> TaskOutcome {
    run(&strict(bare()), task).await
}

#[tokio::test]
async fn of_grants_and_revokes() {
    let grant_of = |entitlement: Entitlement| {
        let principal = Some(user("u1"));
        TaskType::Grant(GrantTask { entitlement: Some(entitlement), principal, ..GrantTask::default() })
    };
    let revoke = |grant: Grant| TaskType::Revoke(RevokeTask { grant: Some(grant), ..RevokeTask::default() });
    let (of_grant, of_revoke) =
        ("GrantManagerServiceGrantRequest.Entitlement", "GrantManagerServiceRevokeRequest.Grant");
    let long_name = format!("invalid Resource.DisplayName: {LENGTH}");
    for (task, outer, inner) in [
        (
            grant_of(Entitlement { resource: None, ..entitlement() }),
            of_grant,
            "invalid Entitlement.Resource: value is required".to_owned(),
        ),
        (
            grant_of(Entitlement { id: String::new(), ..entitlement() }),
            of_grant,
            format!("invalid Entitlement.Id: {LENGTH}"),
        ),
        (
            grant_of(Entitlement { resource: Some(long_named()), ..entitlement() }),
            of_grant,
            nested("Entitlement.Resource", &long_name),
        ),
        (
            revoke(Grant { principal: None, ..grant() }),
            of_revoke,
            "invalid Grant.Principal: value is required".to_owned(),
        ),
        (revoke(Grant { id: long(), ..grant() }), of_revoke, format!("invalid Grant.Id: {LENGTH}")),
    ] {
        let expect = reported(3, "InvalidArgument", &nested(outer, &inner), true);
        assert_eq!(failure(outcome(task).await), expect);
    }
}

#[tokio::test]
async fn of_accounts_resources_and_credentials() {
    let account = |address: &str, length: i64| {
        let email = account_info::Email { address: address.to_owned(), is_primary: true };
        let random = credential_options::RandomPassword { length, ..Default::default() };
        let options = Some(credential_options::Options::RandomPassword(random));
        TaskType::CreateAccount(CreateAccountTask {
            account_info: Some(AccountInfo { emails: vec![email], ..AccountInfo::default() }),
            credential_options: Some(CredentialOptions { options, ..CredentialOptions::default() }),
            ..CreateAccountTask::default()
        })
    };
    let nobody = Config::AgeRecipientConfig(AgeRecipientConfig::default());
    let rotate = TaskType::RotateCredentials(RotateCredentialsTask {
        resource_id: Some(id()),
        encryption_configs: vec![EncryptionConfig { config: Some(nobody), ..EncryptionConfig::default() }],
        ..RotateCredentialsTask::default()
    });
    let no_address = "invalid AccountInfo_Email.Address: value must be a valid email address | \
                      caused by: mail: missing '@' or angle-addr";
    let short = "invalid CredentialOptions_RandomPassword.Length: value must be inside range [8, 64]";
    let no_recipient = "invalid EncryptionConfig_AgeRecipientConfig.Recipient: \
                        value length must be between 1 and 4096 bytes, inclusive";
    let long_name = format!("invalid Resource.DisplayName: {LENGTH}");
    for (task, outer, inner) in [
        (account("nobody", 20), "CreateAccountRequest.AccountInfo", nested("AccountInfo.Emails[0]", no_address)),
        (
            account("a@example.com", 7),
            "CreateAccountRequest.CredentialOptions",
            nested("CredentialOptions.RandomPassword", short),
        ),
        (
            TaskType::CreateResource(CreateResourceTask { resource: Some(long_named()) }),
            "CreateResourceRequest.Resource",
            long_name,
        ),
        (
            rotate,
            "RotateCredentialRequest.EncryptionConfigs[0]",
            nested("EncryptionConfig.AgeRecipientConfig", no_recipient),
        ),
    ] {
        let expect = reported(3, "InvalidArgument", &nested(outer, &inner), true);
        assert_eq!(failure(outcome(task).await), expect);
    }
}

#[tokio::test]
async fn of_questions() {
    let ticket = TicketRequest { requested_for: Some(long_named()), ..TicketRequest::default() };
    for (task, text) in [
        (
            TaskType::ListEvents(ListEventsTask { page_size: 1001, ..ListEventsTask::default() }),
            "invalid ListEventsRequest.PageSize: value must be less than or equal to 1000".to_owned(),
        ),
        (
            TaskType::ListEvents(ListEventsTask { event_feed_id: long(), ..ListEventsTask::default() }),
            format!("invalid ListEventsRequest.EventFeedId: {LENGTH}"),
        ),
        (
            TaskType::CreateTicketTask(CreateTicketTask {
                ticket_request: Some(ticket),
                ..CreateTicketTask::default()
            }),
            nested(
                "TicketsServiceCreateTicketRequest.Request",
                &nested("TicketRequest.RequestedFor", &format!("invalid Resource.DisplayName: {LENGTH}")),
            ),
        ),
    ] {
        assert_eq!(failure(outcome(task).await), reported(3, "InvalidArgument", &text, false));
    }
}
