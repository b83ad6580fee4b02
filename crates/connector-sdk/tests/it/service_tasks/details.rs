//! What answers hold beside their type: annotations, results, secrets, limits.

use std::sync::Arc;

use connector_sdk::annotations::pack;
use connector_sdk::connector::CreateAccountOutcome;
use connector_sdk::error::{Code, Error, RateLimit};
use connector_sdk::service::task::TaskOutcome;
use proto::c1::connector::v2::create_account_response::Result as AccountResult;
use proto::c1::connector::v2::{
    BatonActionStatus, CreateAccountResponse, DeleteResourceResponse, GetActionStatusResponse,
    GrantManagerServiceGrantResponse, InvokeActionResponse, IssueCredentialResponse, ListEventFeedsResponse,
    ListEventsResponse, RateLimitDescription, RawId, Resource, RotateCredentialResponse, TicketRequest,
    TicketsServiceCreateTicketResponse, TicketsServiceGetTicketResponse, TicketsServiceListTicketSchemasResponse,
    credential_issue_options, rate_limit_description,
};
use proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, BulkCreateTicketsTask, BulkGetTicketsTask, CreateAccountTask, CreateTicketTask,
    IssueCredentialTask, ListEventsTask, ListTicketSchemasTask, TaskType,
};
use proto::google::rpc::{ErrorInfo, Status};
use proto::{Any, Message, Name};

use super::allrounder::{AllRounder, mark};
use super::cases::{
    account, all, brought, context, events, failure, get_ticket, invoke, issue, recipients, reported, run, ticket,
};
use crate::fake;

/// From the resource to what creating it comes to.
type Outcome = fn(Resource) -> CreateAccountOutcome;

/// Answer and annotations of a success.
fn success<M: Message + Name + Default>(outcome: TaskOutcome) -> (M, Vec<RawId>) {
    let TaskOutcome::Success { response: Some(response), annotations } = outcome else {
        panic!("no success: {outcome:?}");
    };
    assert_eq!(response.type_url, M::type_url());
    (M::decode(response.value.as_slice()).unwrap(), raw_ids(&annotations))
}

fn raw_ids(annotations: &[Any]) -> Vec<RawId> {
    annotations.iter().map(|one| RawId::decode(one.value.as_slice()).unwrap()).collect()
}

fn task(name: &str) -> TaskType {
    all().into_iter().find(|case| case.name == name).unwrap().task
}

async fn done<M: Message + Name + Default>(connector: AllRounder, task: TaskType) -> (M, Vec<RawId>) {
    success(run(&context(Arc::new(connector)), task).await)
}

fn status(outcome: TaskOutcome) -> Status {
    match outcome {
        TaskOutcome::Failure { status, .. } => status,
        other => panic!("no failure: {other:?}"),
    }
}

#[tokio::test]
async fn annotations_of_writes_are_in_the_answer_and_beside_it() {
    let (granted, beside) = done::<GrantManagerServiceGrantResponse>(AllRounder::default(), task("grant")).await;
    assert_eq!((raw_ids(&granted.annotations), beside), (vec![mark()], vec![mark()]));
    assert_eq!(granted.grants[0].id, "user:team:member:user:u1");
    let (deleted, beside) = done::<DeleteResourceResponse>(AllRounder::default(), task("delete_resource")).await;
    assert_eq!((raw_ids(&deleted.annotations), beside), (vec![mark()], vec![mark()]));
}

#[tokio::test]
async fn annotations_of_tickets_are_the_tasks_own() {
    let connector = AllRounder::default;
    let (made, beside) = done::<TicketsServiceCreateTicketResponse>(connector(), task("create_ticket_task")).await;
    assert_eq!((raw_ids(&made.annotations), beside), (vec![mark(), brought()], vec![mark(), brought()]));
    assert_eq!(made.ticket.unwrap().display_name, "Laptop");
    let (found, beside) = done::<TicketsServiceGetTicketResponse>(connector(), task("get_ticket")).await;
    assert_eq!((raw_ids(&found.annotations), beside), (vec![brought()], vec![brought()]));

    let failing = context(Arc::new(AllRounder::failing(|| Some(Error::unknown("down")))));
    let malformed = CreateTicketTask { ticket_request: None, ..ticket() };
    for task in [
        TaskType::CreateTicketTask(ticket()),
        TaskType::CreateTicketTask(malformed),
        TaskType::GetTicket(get_ticket("T1")),
    ] {
        let outcome = run(&failing, task).await;
        let TaskOutcome::Failure { annotations, .. } = outcome else { panic!("no failure: {outcome:?}") };
        assert_eq!(raw_ids(&annotations), [brought()]);
    }
}

#[tokio::test]
async fn annotations_of_actions_are_only_in_the_answer() {
    let (found, beside) = done::<GetActionStatusResponse>(AllRounder::default(), task("action_status")).await;
    assert_eq!((raw_ids(&found.annotations), beside.len()), (vec![mark()], 0));
    assert_eq!((found.name.as_str(), found.id.as_str(), found.status()), ("sweep", "A1", BatonActionStatus::Failed));
}

#[tokio::test]
async fn a_report_holds_at_most_sixteen_annotations() {
    let many = CreateTicketTask { annotations: vec![pack(&brought()); 20], ..ticket() };
    let (made, beside) =
        done::<TicketsServiceCreateTicketResponse>(AllRounder::default(), TaskType::CreateTicketTask(many)).await;
    assert_eq!((made.annotations.len(), beside.len()), (21, 16));
}

#[tokio::test]
async fn a_declined_grant_is_told_from_a_failed_one() {
    let connector = AllRounder::failing(|| Some(Error::declined("not on a Friday")));
    let status = status(run(&context(Arc::new(connector)), task("grant")).await);
    assert_eq!(status.code, 9);
    let info = ErrorInfo {
        reason: "grant_cancelled".to_owned(),
        domain: "github.com/conductorone/baton-sdk".to_owned(),
        metadata: [("reason".to_owned(), "not on a Friday".to_owned())].into(),
    };
    assert_eq!(status.details, [pack(&info)]);
}

#[tokio::test]
async fn what_is_known_about_the_rate_limit_is_reported() {
    let reset_at = "2026-11-23T08:00:00.5Z".parse().ok();
    let limited = move || {
        Some(Error::new(Code::Unavailable, "429").with_rate_limit(RateLimit { limit: 10, remaining: 0, reset_at }))
    };
    let status = status(run(&context(Arc::new(AllRounder::failing(limited))), task("create_account")).await);
    let description = RateLimitDescription {
        status: rate_limit_description::Status::Overlimit.into(),
        limit: 10,
        remaining: 0,
        reset_at: Some(proto::Timestamp { seconds: 1_795_420_800, nanos: 500_000_000 }),
    };
    assert_eq!((status.code, status.details), (14, vec![pack(&description)]));
}

#[tokio::test]
async fn grant_and_revoke_are_retried_and_others_not() {
    for (name, calls) in [("grant", 4), ("revoke", 4), ("create_account", 1), ("delete_resource", 1), ("get_ticket", 1)]
    {
        let connector = AllRounder::failing(|| Some(fake::unavailable()));
        let (code, ..) = failure(run(&context(Arc::new(connector.clone())), task(name)).await);
        assert_eq!((code, connector.calls().len()), (14, calls), "{name}");
    }
}

#[tokio::test]
async fn each_result_of_creating_an_account_has_its_form() {
    let outcomes: [(Outcome, &str); 4] = [
        (CreateAccountOutcome::Success, "success new"),
        (
            |resource| CreateAccountOutcome::ActionRequired { resource: Some(resource), message: "sign in".to_owned() },
            "action required new: sign in",
        ),
        (CreateAccountOutcome::AlreadyExists, "already exists new"),
        (|_| CreateAccountOutcome::InProgress(None), "in progress"),
    ];
    for (outcome, expect) in outcomes {
        let task = TaskType::CreateAccount(account());
        let (response, beside) = done::<CreateAccountResponse>(AllRounder::creating(outcome), task).await;
        let name = |resource: Option<Resource>| resource.unwrap().display_name;
        let (found, is_result) = match response.result.unwrap() {
            AccountResult::Success(one) => (format!("success {}", name(one.resource)), one.is_create_account_result),
            AccountResult::ActionRequired(one) => {
                let text = format!("action required {}: {}", name(one.resource), one.message);
                (text, one.is_create_account_result)
            }
            AccountResult::AlreadyExists(one) => {
                (format!("already exists {}", name(one.resource)), one.is_create_account_result)
            }
            AccountResult::InProgress(one) => {
                assert_eq!(one.resource, None);
                ("in progress".to_owned(), one.is_create_account_result)
            }
        };
        assert_eq!((found.as_str(), is_result), (expect, true));
        assert_eq!((raw_ids(&response.annotations), beside), (vec![mark()], vec![mark()]));
        assert_eq!(response.encrypted_data, [], "nobody asked for the password");
    }
}

#[tokio::test]
async fn secrets_are_sealed_once_for_each_recipient() {
    let wanted = [recipients(), recipients()].concat();
    let create = TaskType::CreateAccount(CreateAccountTask { encryption_configs: wanted, ..account() });
    let (created, _) = done::<CreateAccountResponse>(AllRounder::default(), create).await;
    let (rotated, _) = done::<RotateCredentialResponse>(AllRounder::default(), task("rotate_credentials")).await;
    let (issued, _) = done::<IssueCredentialResponse>(AllRounder::default(), task("issue_credential")).await;
    assert_eq!(rotated.resource_id.unwrap().resource, "u1");
    assert_eq!(issued.request_id, super::cases::TASK_ID);
    assert_eq!(issued.secret.unwrap().id.unwrap().resource_type, "secret");
    for (sealed, count) in [(created.encrypted_data, 2), (rotated.encrypted_data, 1), (issued.encrypted_data, 1)] {
        assert_eq!(sealed.len(), count);
        for one in sealed {
            assert_eq!((one.name.as_str(), one.provider.as_str()), ("password", "baton/age/v1"));
            assert!(one.encrypted_bytes.starts_with(b"age-encryption.org/v1\n"));
        }
    }
}

#[tokio::test]
async fn nothing_is_made_for_recipients_that_are_none() {
    let mut nobody = recipients();
    nobody[0].provider = "baton/pgp/v1".to_owned();
    let mut rotate = task("rotate_credentials");
    if let TaskType::RotateCredentials(rotate) = &mut rotate {
        rotate.encryption_configs = nobody.clone();
    }
    for task in [
        TaskType::CreateAccount(CreateAccountTask { encryption_configs: nobody.clone(), ..account() }),
        TaskType::IssueCredential(IssueCredentialTask { encryption_configs: nobody.clone(), ..issue() }),
        rotate,
    ] {
        let connector = AllRounder::default();
        let found = failure(run(&context(Arc::new(connector.clone())), task).await);
        let text = "error: creating encryption manager failed: rpc error: code = InvalidArgument desc = \
                    invalid encryption config 0: crypto/providers: encryption provider not registered (baton/pgp/v1)";
        assert_eq!(found, reported(3, "InvalidArgument", text, true));
        assert_eq!(connector.calls(), [""; 0]);
    }
    // A connector without passwords has nothing to seal, so nobody has to read it.
    let task = TaskType::CreateAccount(CreateAccountTask { encryption_configs: nobody, ..account() });
    let without = fake::Fake::new(fake::workspace(1));
    let (response, _) = success::<CreateAccountResponse>(run(&context(without.connector()), task).await);
    assert!(matches!(response.result, Some(AccountResult::Success(_))));
}

#[tokio::test]
async fn a_credential_is_only_asked_for_as_it_is_offered() {
    let scoped = |scopes: &[&str]| {
        let mut task = issue();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let key = credential_issue_options::ApiKey { scopes };
        task.credential_options.as_mut().unwrap().options = Some(credential_issue_options::Options::ApiKey(key));
        task
    };
    let token = {
        let mut task = issue();
        let token = credential_issue_options::Token::default();
        task.credential_options.as_mut().unwrap().options = Some(credential_issue_options::Options::Token(token));
        task
    };
    let later = Some(proto::Timestamp { seconds: 9_999_999_999, nanos: 0 });
    for (task, why) in [
        (scoped(&["write"]), r#"scope "write" is not advertised by connector"#),
        (scoped(&["read", "read"]), r#"duplicate scope "read""#),
        (scoped(&[" "]), "scope must not be empty"),
        (token, "credential option CAPABILITY_DETAIL_CREDENTIAL_OPTION_TOKEN is not advertised by connector"),
        (IssueCredentialTask { expires_at: later, ..issue() }, "connector does not support caller-selected expiry"),
        (
            IssueCredentialTask { expires_at: Some(proto::Timestamp::default()), ..issue() },
            "expires_at must be in the future",
        ),
    ] {
        let connector = AllRounder::default();
        let found = failure(run(&context(Arc::new(connector.clone())), TaskType::IssueCredential(task)).await);
        let text = format!("invalid credential issuance request: {why}");
        assert_eq!(found, reported(3, "InvalidArgument", &text, true));
        assert_eq!(connector.calls(), [""; 0]);
    }
}

#[tokio::test]
async fn a_failed_action_is_a_failed_task() {
    for (status, expect) in [
        (BatonActionStatus::Failed, Some("the floor is wet")),
        (BatonActionStatus::Running, None),
        (BatonActionStatus::Complete, None),
    ] {
        let connector = Arc::new(AllRounder::with_action(status));
        let outcome = run(&context(connector), TaskType::ActionInvoke(invoke("user"))).await;
        match expect {
            Some(text) => assert_eq!(failure(outcome), (2, text.to_owned(), false)),
            None => assert_eq!(success::<InvokeActionResponse>(outcome).0.status(), status),
        }
    }
    let bare = context(Arc::new(fake::Fake::new(fake::World::default())));
    let (code, text, _) = failure(run(&bare, TaskType::ActionInvoke(invoke("user"))).await);
    assert_eq!((code, text.ends_with("desc = no actions found for resource type user")), (5, true), "{text}");
    // An action of a resource type is none of the connector.
    let lock = ActionGetSchemaTask { name: "lock".to_owned(), ..ActionGetSchemaTask::default() };
    let found = run(&context(Arc::new(AllRounder::default())), TaskType::ActionGetSchema(lock)).await;
    assert_eq!(failure(found).0, 5);
}

#[tokio::test]
async fn tickets_that_got_lost_are_noticed() {
    let lost = TicketRequest { display_name: "lost".to_owned(), ..TicketRequest::default() };
    let lost = CreateTicketTask { ticket_request: Some(lost), ..CreateTicketTask::default() };
    let count = "connector returned incorrect number of tickets";
    for (task, text) in [
        (TaskType::GetTicket(get_ticket("gone")), "connector returned empty ticket"),
        (TaskType::BulkCreateTickets(BulkCreateTicketsTask { ticket_requests: vec![ticket(), lost] }), count),
        (TaskType::BulkGetTickets(BulkGetTicketsTask { ticket_requests: vec![get_ticket("lost")] }), count),
    ] {
        let found = failure(run(&context(Arc::new(AllRounder::default())), task).await);
        assert_eq!(found, (2, format!("{text}\ntask failed and is non-retryable"), true));
    }
}

#[tokio::test]
async fn at_most_a_hundred_ticket_schemas_are_listed() {
    let task = || TaskType::ListTicketSchemas(ListTicketSchemasTask::default());
    for (there, listed, calls) in [(1, 1, 1), (41, 41, 2), (100, 100, 3), (1000, 100, 3)] {
        let connector = AllRounder::with_schemas(there);
        let (response, beside) = done::<TicketsServiceListTicketSchemasResponse>(connector.clone(), task()).await;
        assert_eq!((response.list.len(), connector.calls().len(), beside.len()), (listed, calls, 0));
        assert_eq!(response.next_page_token, "");
    }
    let none = run(&context(Arc::new(AllRounder::with_schemas(0))), task()).await;
    assert_eq!(failure(none), (2, "connector returned no ticket schemas".to_owned(), false));
}

#[tokio::test]
async fn events_come_with_their_cursor_and_in_pages_that_can_be_sent() {
    let (feeds, _) = done::<ListEventFeedsResponse>(AllRounder::default(), task("list_event_feeds")).await;
    assert_eq!(feeds.list[0].id, "audit");
    let (page, beside) = done::<ListEventsResponse>(AllRounder::default(), TaskType::ListEvents(events())).await;
    assert_eq!((page.events.len(), page.cursor.as_str(), page.has_more, beside.len()), (3, "next", true, 0));

    let large = |count, size| AllRounder::with_events(count, size);
    for (page_size, count, size, expect, rounds) in [
        (0, 100, 10, Some(100), 1),
        (0, 100, 100_000, Some(25), 3),
        (64, 100, 100_000, Some(32), 2),
        (1, 9, 5_000_000, None, 1),
    ] {
        let task = TaskType::ListEvents(ListEventsTask { page_size, ..events() });
        let connector = large(count, size);
        let outcome = run(&context(Arc::new(connector.clone())), task).await;
        match expect {
            Some(expect) => assert_eq!(success::<ListEventsResponse>(outcome).0.events.len(), expect),
            None => assert_eq!(failure(outcome).0, 8),
        }
        assert_eq!(connector.calls().len(), rounds, "{page_size} {count} {size}");
    }

    let nameless = ListEventsTask { event_feed_id: String::new(), ..events() };
    let found = run(&context(Arc::new(AllRounder::default())), TaskType::ListEvents(nameless)).await;
    assert_eq!(failure(found), (5, "error: event feed id baton_feed_event not found".to_owned(), false));
}
