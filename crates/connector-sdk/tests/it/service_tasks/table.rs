//! The table of baton-service-mode §9, row by row: every type of task, done, refused, not offered, failed.

use std::sync::Arc;

use connector_sdk::error::{Code, Error};
use connector_sdk::service::task::{TaskOutcome, execute};
use proto::c1::connector::v2::ResourceId;
use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, ActionInvokeTask, ActionStatusTask, BulkCreateTicketsTask, BulkGetTicketsTask, CompactSyncs,
    CreateAccountTask, CreateResourceTask, CreateSyncDiffTask, CreateTicketTask, DeleteResourceTask, EventFeedTask,
    GetTicketTask, GrantTask, HelloTask, IssueCredentialTask, NoneTask, RevokeTask, RotateCredentialsTask,
    SyncFullTask, TaskType,
};

use super::allrounder::{AllRounder, user};
use super::cases::{all, cancelled, context, entitlement, failure, issue, reported, run, strict};
use crate::fake::{Fake, World};

/// A connector with nothing.
pub(crate) fn bare() -> Arc<Fake> {
    Arc::new(Fake::new(World::default()))
}

#[tokio::test]
async fn every_task_is_carried_out_with_one_call() {
    for case in all() {
        let connector = AllRounder::default();
        let outcome = run(&context(Arc::new(connector.clone())), case.task).await;
        let TaskOutcome::Success { response: Some(response), .. } = outcome else {
            panic!("{}: {outcome:?}", case.name);
        };
        assert_eq!(response.type_url, format!("type.googleapis.com/c1.connector.v2.{}", case.response));
        assert_eq!(connector.calls().join(", "), case.call, "{}", case.name);
    }
}

#[tokio::test]
async fn what_the_connector_says_is_reported_with_what_was_tried() {
    for case in all().into_iter().filter(|case| !case.tried.is_empty()) {
        let connector = AllRounder::failing(|| Some(Error::new(Code::PermissionDenied, "403")));
        let found = failure(run(&context(Arc::new(connector.clone())), case.task.clone()).await);
        let text = format!("{}rpc error: code = PermissionDenied desc = 403", case.tried);
        assert_eq!(found, reported(7, "PermissionDenied", &text, case.writes), "{}", case.name);

        let connector = AllRounder::failing(|| Some(Error::unknown("a plain error")));
        let found = failure(run(&context(Arc::new(connector)), case.task).await);
        let text = format!("{}a plain error", case.tried);
        assert_eq!(found, reported(2, "Unknown", &text, case.writes), "{}", case.name);
    }
}

#[tokio::test]
async fn a_panic_of_the_connector_is_an_error_of_the_task() {
    for case in all().into_iter().filter(|case| !case.tried.is_empty()) {
        let connector = AllRounder::failing(|| panic!("a bug of the connector, on purpose"));
        let found = failure(run(&context(Arc::new(connector)), case.task).await);
        assert_eq!(found, reported(13, "Internal", "Internal Server Error", case.writes), "{}", case.name);
    }
}

#[tokio::test]
async fn a_cancelled_task_says_so() {
    for case in all().into_iter().filter(|case| !case.tried.is_empty()) {
        let mut context = context(Arc::new(AllRounder::default()));
        context.runtime = cancelled();
        let (code, text, _) = failure(run(&context, case.task).await);
        assert_eq!(code, 1, "{}: {text}", case.name);
    }
}

#[tokio::test]
async fn what_is_not_offered_is_told_in_the_words_of_a_go_connector() {
    for case in all() {
        let outcome = run(&context(bare()), case.task).await;
        match case.not_offered {
            (0, _) => assert!(matches!(outcome, TaskOutcome::Success { .. }), "{}: {outcome:?}", case.name),
            (code, text) => {
                let name = Code::from_number(code).name();
                assert_eq!(failure(outcome), reported(code, name, text, case.writes), "{}", case.name);
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_written_and_no_ticket_touched_unless_that_is_enabled() {
    for case in all() {
        let connector = AllRounder::default();
        let outcome = run(&strict(Arc::new(connector.clone())), case.task).await;
        let expect = if case.writes {
            Some(reported(9, "FailedPrecondition", "provisioning is not enabled", true))
        } else if case.name.contains("ticket") {
            Some(reported(2, "Unknown", "ticketing is not enabled", false))
        } else {
            None
        };
        match expect {
            Some(expect) => {
                assert_eq!(failure(outcome), expect, "{}", case.name);
                assert_eq!(connector.calls(), [""; 0], "{}", case.name);
            }
            None => assert!(matches!(outcome, TaskOutcome::Success { .. }), "{}: {outcome:?}", case.name),
        }
    }
}

#[tokio::test]
async fn malformed_tasks_are_refused_before_everything_else() {
    let nobody = |resource_type: &str, resource: &str| {
        let id = ResourceId { resource_type: resource_type.into(), resource: resource.into(), ..ResourceId::default() };
        TaskType::DeleteResource(DeleteResourceTask { resource_id: Some(id), ..DeleteResourceTask::default() })
    };
    for (task, text) in [
        (TaskType::Grant(GrantTask { principal: Some(user("u1")), ..GrantTask::default() }), "malformed grant task"),
        (
            TaskType::Grant(GrantTask { entitlement: Some(entitlement()), ..GrantTask::default() }),
            "malformed grant task",
        ),
        (TaskType::Revoke(RevokeTask::default()), "invalid task type"),
        (TaskType::CreateAccount(CreateAccountTask::default()), "malformed create account task"),
        (TaskType::CreateResource(CreateResourceTask::default()), "malformed create resource task"),
        (TaskType::DeleteResource(DeleteResourceTask::default()), "malformed delete resource task"),
        (nobody("", "u1"), "malformed delete resource task"),
        (nobody("user", ""), "malformed delete resource task"),
        (TaskType::RotateCredentials(RotateCredentialsTask::default()), "malformed rotate credentials task"),
        (
            TaskType::IssueCredential(IssueCredentialTask { identity_id: None, ..issue() }),
            "malformed issue credential task",
        ),
        (
            TaskType::IssueCredential(IssueCredentialTask { credential_options: None, ..issue() }),
            "malformed issue credential task",
        ),
        (
            TaskType::IssueCredential(IssueCredentialTask { encryption_configs: Vec::new(), ..issue() }),
            "malformed issue credential task",
        ),
        (TaskType::CreateTicketTask(CreateTicketTask::default()), "malformed create ticket task"),
        (TaskType::GetTicket(GetTicketTask::default()), "malformed get ticket task"),
        (TaskType::BulkCreateTickets(BulkCreateTicketsTask::default()), "malformed bulk create ticket task"),
        (TaskType::BulkGetTickets(BulkGetTicketsTask::default()), "malformed bulk get tickets task"),
    ] {
        let found = failure(run(&strict(bare()), task).await);
        assert_eq!(found, (2, format!("{text}\ntask failed and is non-retryable"), true));
    }
    for (task, text) in [
        (TaskType::ActionGetSchema(ActionGetSchemaTask::default()), "action name required"),
        (TaskType::ActionInvoke(ActionInvokeTask::default()), "action name required"),
        (TaskType::ActionStatus(ActionStatusTask::default()), "action id required"),
    ] {
        assert_eq!(failure(run(&strict(bare()), task).await), (2, text.to_owned(), false));
    }
}

#[tokio::test]
async fn types_of_the_past_and_the_future_are_unsupported() {
    let context = context(Arc::new(AllRounder::default()));
    let unsupported = (2, "unsupported task type".to_owned(), false);
    for task in [
        TaskType::EventFeed(EventFeedTask::default()),
        TaskType::CreateSyncDiff(CreateSyncDiffTask::default()),
        TaskType::CompactSyncs(CompactSyncs::default()),
    ] {
        assert_eq!(failure(run(&context, task).await), unsupported);
    }
    assert_eq!(failure(execute(&context, &Task::default()).await), unsupported);
    for task in [
        TaskType::None(NoneTask::default()),
        TaskType::Hello(HelloTask::default()),
        TaskType::SyncFull(SyncFullTask::default()),
    ] {
        assert_eq!(run(&context, task).await, TaskOutcome::Silent);
    }
}
