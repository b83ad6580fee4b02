//! One good task of each type, and what is known about the type.

use std::sync::Arc;

use connector_sdk::annotations::pack;
use connector_sdk::connector::{Connector, Ticketing};
use connector_sdk::runtime::Runtime;
use connector_sdk::service::task::{Provisioning, TaskContext, TaskOutcome, execute};
use connector_sdk::{entitlement, grant, resource};
use proto::c1::connector::v2::credential_issue_options::{ApiKey, Options as Issue};
use proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config};
use proto::c1::connector::v2::{
    AccountInfo, CredentialIssueOptions, EncryptionConfig, Entitlement, Grant, RawId, ResourceId, TicketRequest,
    TicketSchema, account_info,
};
use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, ActionInvokeTask, ActionListSchemasTask, ActionStatusTask, BulkCreateTicketsTask,
    BulkGetTicketsTask, CreateAccountTask, CreateResourceTask, CreateTicketTask, DeleteResourceTask, GetTicketTask,
    GrantTask, IssueCredentialTask, ListEventFeedsTask, ListEventsTask, ListTicketSchemasTask, RevokeTask,
    RotateCredentialsTask, TaskType,
};

use super::allrounder::user;
use crate::fake;

/// An age recipient made for these tests.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// The id of every task here.
pub(crate) const TASK_ID: &str = "2yO8kZVnQ4cGdhxuTbJw0aRfM3s";

/// What is known about a type of task.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) task: TaskType,
    /// The call that the connector gets.
    pub(crate) call: &'static str,
    /// The message in the answer.
    pub(crate) response: &'static str,
    /// How the text of an error of the connector begins.
    pub(crate) tried: &'static str,
    /// Whether it needs `--provisioning`; errors of such tasks are final.
    pub(crate) writes: bool,
    /// Code and text when the connector does not offer it; code 0 is a success.
    pub(crate) not_offered: (i32, &'static str),
}

pub(crate) fn id() -> ResourceId {
    resource::resource_id("user", "u1")
}

pub(crate) fn entitlement() -> Entitlement {
    entitlement::assignment(&user("team"), "member", &[fake::user_type()])
}

pub(crate) fn grant() -> Grant {
    grant::grant(&user("team"), "member", &id())
}

pub(crate) fn account() -> CreateAccountTask {
    let email = account_info::Email { address: "new@example.com".to_owned(), is_primary: true };
    let info = AccountInfo { login: "new".to_owned(), emails: vec![email], ..AccountInfo::default() };
    CreateAccountTask { account_info: Some(info), ..CreateAccountTask::default() }
}

pub(crate) fn recipients() -> Vec<EncryptionConfig> {
    let config = Config::AgeRecipientConfig(AgeRecipientConfig { recipient: RECIPIENT.to_owned() });
    vec![EncryptionConfig { config: Some(config), ..EncryptionConfig::default() }]
}

pub(crate) fn issue() -> IssueCredentialTask {
    let options = Issue::ApiKey(ApiKey { scopes: vec!["read".to_owned()] });
    IssueCredentialTask {
        identity_id: Some(id()),
        credential_options: Some(CredentialIssueOptions { options: Some(options) }),
        encryption_configs: recipients(),
        expires_at: None,
    }
}

/// The annotation that a task brings.
pub(crate) fn brought() -> RawId {
    RawId { id: "of the task".to_owned() }
}

pub(crate) fn ticket() -> CreateTicketTask {
    CreateTicketTask {
        ticket_request: Some(TicketRequest { display_name: "Laptop".to_owned(), ..TicketRequest::default() }),
        ticket_schema: Some(TicketSchema { id: "bug".to_owned(), ..TicketSchema::default() }),
        annotations: vec![pack(&brought())],
    }
}

pub(crate) fn get_ticket(id: &str) -> GetTicketTask {
    GetTicketTask { ticket_id: id.to_owned(), annotations: vec![pack(&brought())] }
}

pub(crate) fn events() -> ListEventsTask {
    let event_feed_id = "audit".to_owned();
    ListEventsTask { cursor: "c".to_owned(), event_feed_id, page_size: 5, ..ListEventsTask::default() }
}

pub(crate) fn invoke(resource_type_id: &str) -> ActionInvokeTask {
    let resource_type_id = resource_type_id.to_owned();
    ActionInvokeTask { name: "sweep".to_owned(), resource_type_id, ..ActionInvokeTask::default() }
}

#[rustfmt::skip]
pub(crate) fn all() -> Vec<Case> {
    const NO_PROVISIONER: &str = "resource type user does not have provisioner configured";
    const NO_TICKETS: &str = "ticket manager not implemented";
    let with_id = || Some(id());
    let case = |name, task, call, response, tried, writes, not_offered| {
        Case { name, task, call, response, tried, writes, not_offered }
    };
    vec![
        case("grant", TaskType::Grant(GrantTask { entitlement: Some(entitlement()), principal: Some(user("u1")), ..GrantTask::default() }),
            "grant user:team:member to user:u1", "GrantManagerServiceGrantResponse", "grant failed: ", true, (12, NO_PROVISIONER)),
        case("revoke", TaskType::Revoke(RevokeTask { grant: Some(grant()), ..RevokeTask::default() }),
            "revoke user:team:member:user:u1", "GrantManagerServiceRevokeResponse", "revoke failed: ", true, (12, NO_PROVISIONER)),
        case("create_account", TaskType::CreateAccount(account()),
            "create new with no wish", "CreateAccountResponse", "error: create account failed: ", true, (12, "connector does not have account manager configured")),
        case("create_resource", TaskType::CreateResource(CreateResourceTask { resource: Some(user("made")) }),
            "create resource made", "CreateResourceResponse", "error: create resource failed: ", true, (12, "resource type user does not have resource Create() configured")),
        case("delete_resource", TaskType::DeleteResource(DeleteResourceTask { resource_id: with_id(), parent_resource_id: with_id() }),
            "delete user:u1 of user:u1", "DeleteResourceResponse", "error: delete resource failed: ", true, (12, "resource type user does not have resource Delete() configured")),
        case("rotate_credentials", TaskType::RotateCredentials(RotateCredentialsTask { resource_id: with_id(), encryption_configs: recipients(), ..RotateCredentialsTask::default() }),
            "rotate user:u1", "RotateCredentialResponse", "error: rotate credentials on resource failed: ", true, (12, "resource type does not have credential manager configured")),
        case("issue_credential", TaskType::IssueCredential(issue()),
            "issue 2yO8kZVnQ4cGdhxuTbJw0aRfM3s for user:u1", "IssueCredentialResponse", "error: issue credential for identity failed: ", true, (12, "resource type does not have credential issuer configured")),
        case("create_ticket_task", TaskType::CreateTicketTask(ticket()),
            "open Laptop of kind bug", "TicketsServiceCreateTicketResponse", "error: creating ticket failed: ", false, (12, NO_TICKETS)),
        case("get_ticket", TaskType::GetTicket(get_ticket("T1")),
            "ticket T1", "TicketsServiceGetTicketResponse", "error: getting ticket failed: ", false, (12, NO_TICKETS)),
        case("list_ticket_schemas", TaskType::ListTicketSchemas(ListTicketSchemasTask::default()),
            r#"schemas from """#, "TicketsServiceListTicketSchemasResponse", "error: listing ticket schemas failed: ", false, (12, NO_TICKETS)),
        case("bulk_create_tickets", TaskType::BulkCreateTickets(BulkCreateTicketsTask { ticket_requests: vec![ticket()] }),
            "open many", "TicketsServiceBulkCreateTicketsResponse", "error: creating tickets failed: ", false, (12, NO_TICKETS)),
        case("bulk_get_tickets", TaskType::BulkGetTickets(BulkGetTicketsTask { ticket_requests: vec![get_ticket("T1")] }),
            "tickets", "TicketsServiceBulkGetTicketsResponse", "error: fetching tickets failed: ", false, (12, NO_TICKETS)),
        case("action_list_schemas", TaskType::ActionListSchemas(ActionListSchemasTask::default()),
            "actions of all", "ListActionSchemasResponse", "error: listing action schemas failed: ", false, (0, "")),
        case("action_get_schema", TaskType::ActionGetSchema(ActionGetSchemaTask { name: "sweep".to_owned(), ..ActionGetSchemaTask::default() }),
            "actions of all", "GetActionSchemaResponse", "error: action schema sweep not found: ", false,
            (5, "error: action schema sweep not found: rpc error: code = NotFound desc = action sweep not found")),
        case("action_invoke", TaskType::ActionInvoke(invoke("")),
            "sweep on all with 0 args", "InvokeActionResponse", "error: invoking action failed: ", false,
            (5, "error: invoking action failed: rpc error: code = NotFound desc = handler for action sweep not found")),
        case("action_status", TaskType::ActionStatus(ActionStatusTask { id: "A1".to_owned(), ..ActionStatusTask::default() }),
            "status of A1", "GetActionStatusResponse", "error: action status for id A1 not found: ", false,
            (5, "error: action status for id A1 not found: rpc error: code = NotFound desc = action id A1 not found")),
        case("list_event_feeds", TaskType::ListEventFeeds(ListEventFeedsTask::default()),
            "", "ListEventFeedsResponse", "", false, (0, "")),
        case("list_events", TaskType::ListEvents(events()),
            r#"events from "c", 5 at most"#, "ListEventsResponse", "error: listing events failed: ", false,
            (5, "error: event feed id audit not found")),
    ]
}

/// A context in which everything is allowed and nobody waits.
pub(crate) fn context(connector: Arc<dyn Connector>) -> TaskContext {
    TaskContext {
        connector,
        runtime: fake::runtime().0,
        provisioning: Provisioning::Enabled,
        ticketing: Ticketing::Enabled,
        client_key: None,
    }
}

/// A context in which nothing is allowed.
pub(crate) fn strict(connector: Arc<dyn Connector>) -> TaskContext {
    TaskContext { provisioning: Provisioning::Disabled, ticketing: Ticketing::Disabled, ..context(connector) }
}

pub(crate) async fn run(context: &TaskContext, task: TaskType) -> TaskOutcome {
    execute(context, &Task { id: TASK_ID.to_owned(), task_type: Some(task), ..Task::default() }).await
}

/// Code, text and finality of a failure.
pub(crate) fn failure(outcome: TaskOutcome) -> (i32, String, bool) {
    match outcome {
        TaskOutcome::Failure { status, non_retryable, .. } => (status.code, status.message, non_retryable),
        other => panic!("no failure: {other:?}"),
    }
}

/// The failure of a call as it is reported.
pub(crate) fn reported(code: i32, name: &str, text: &str, writes: bool) -> (i32, String, bool) {
    if writes {
        (code, format!("rpc error: code = {name} desc = {text}\ntask failed and is non-retryable"), true)
    } else {
        (code, text.to_owned(), false)
    }
}

/// A runtime that is cancelled already.
pub(crate) fn cancelled() -> Runtime {
    let runtime = fake::runtime().0;
    runtime.cancel.cancel();
    runtime
}
