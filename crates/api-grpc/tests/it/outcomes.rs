//! What reports mean.

use domain::sync::State as SyncState;
use domain::task::{Kind, Outcome, State};
use proto::c1::connector::v2::{
    CreateAccountResponse, GrantAlreadyExists, GrantAlreadyRevoked, GrantReplaced, ResourceDeleted, ResourceId,
    create_account_response as account,
};
use proto::c1::connectorapi::baton::v1::BatonServiceFinishTaskRequest;
use proto::{Any, annotations};
use tonic::Code;

use crate::messages::{declined, failure, success, success_with};
use crate::world::World;

fn account(result: account::Result) -> Any {
    annotations::pack(&CreateAccountResponse { result: Some(result), ..Default::default() })
}

/// A kind of task, the report of it, what comes of it, and words in the log.
type Case = (Kind, Box<dyn Fn(&str) -> BatonServiceFinishTaskRequest>, Outcome, &'static str);

testkit::on_both_engines! {
    async fn items_19_to_22_each_report_has_its_outcome_and_its_words(database: Database) {
        let world = World::new(&database).await?;
        let unknown = Some(Any { type_url: "type.googleapis.com/not.known".to_owned(), value: vec![255] });
        let waits = account::Result::ActionRequired(account_action("ask Ada"));
        let gone = ResourceId { resource_type: "user".to_owned(), resource: "u1".to_owned(), ..Default::default() };
        let deleted = ResourceDeleted { resource_id: Some(gone) };
        let cases: Vec<Case> = vec![
            (Kind::Grant, Box::new(success), Outcome::Success, "`grant` is done"),
            (
                Kind::Grant,
                Box::new(|id| success_with(id, None, vec![annotations::pack(&GrantAlreadyExists::default())])),
                Outcome::Already,
                "it is so already",
            ),
            (
                Kind::Revoke,
                Box::new(|id| success_with(id, None, vec![annotations::pack(&GrantAlreadyRevoked::default())])),
                Outcome::Already,
                "it is so already",
            ),
            (
                Kind::Grant,
                Box::new(|id| success_with(id, None, vec![annotations::pack(&GrantReplaced::default())])),
                Outcome::Success,
                "replaced another grant",
            ),
            (
                Kind::DeleteResource,
                Box::new(move |id| success_with(id, None, vec![annotations::pack(&deleted)])),
                Outcome::Success,
                "`user:u1` is gone",
            ),
            (
                Kind::CreateAccount,
                Box::new(move |id| success_with(id, Some(account(waits.clone())), Vec::new())),
                Outcome::ActionRequired,
                "ask Ada",
            ),
            (
                Kind::CreateAccount,
                Box::new(|id| {
                    success_with(id, Some(account(account::Result::AlreadyExists(account::AlreadyExistsResult::default()))), Vec::new())
                }),
                Outcome::AlreadyExists,
                "there already",
            ),
            (
                Kind::CreateAccount,
                Box::new(|id| success_with(id, Some(account(account::Result::InProgress(account::InProgressResult::default()))), Vec::new())),
                Outcome::InProgress,
                "still at it",
            ),
            (
                Kind::CreateAccount,
                Box::new(move |id| success_with(id, unknown.clone(), Vec::new())),
                Outcome::Success,
                "is done",
            ),
            (Kind::Grant, Box::new(|id| declined(id, "no seat is left")), Outcome::Declined, "no seat is left"),
            (
                Kind::Grant,
                Box::new(|id| failure(id, 12, "no provisioner", true)),
                Outcome::Unsupported,
                "cannot do `grant`: no provisioner",
            ),
            (
                Kind::Revoke,
                Box::new(|id| failure(id, 2, "unsupported task type", false)),
                Outcome::Unsupported,
                "unsupported task type",
            ),
            (Kind::Grant, Box::new(|id| failure(id, 5, "no such user", true)), Outcome::Failed, "failed: no such user"),
        ];
        for (kind, report, outcome, words) in cases {
            let (connector, client) = world.signed_in().await?;
            let id = world.wait(connector, kind).await?.to_string();
            assert_eq!(client.take("pod-1").await?, id);
            client.finish(report(&id)).await?;
            let task = world.task(&id).await?;
            assert_eq!(task.outcome, Some(outcome), "{words}");
            assert!(!task.message.unwrap_or_default().contains("non-retryable"));
            let lines = world.lines(connector).await?;
            assert!(lines[0].contains(words), "{lines:?} lacks {words}");
            assert_eq!(client.poll("pod-1").await?.task, None, "it is not offered again");
        }
    }

    async fn item_19_a_report_without_an_outcome_is_refused(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Grant).await?.to_string();
        client.take("pod-1").await?;
        let nothing = BatonServiceFinishTaskRequest { final_state: None, ..success(&id) };
        let status = client.finish(nothing).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("final_state"));
        assert_eq!(world.task(&id).await?.state, State::Leased);
    }

    async fn r_v_7_a_connector_that_may_not_write_is_asked_for_no_more_changes(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let first = world.wait(connector, Kind::Grant).await?.to_string();
        let second = world.wait(connector, Kind::Revoke).await?.to_string();
        assert_eq!(client.take("pod-1").await?, first);
        client.finish(failure(&first, 9, "provisioning is not enabled", true)).await?;
        assert!(world.found(connector).await?.writes_refused.unwrap().contains("BATON_PROVISIONING"));
        assert_eq!(client.poll("pod-1").await?.task, None);
        assert_eq!(world.task(&second).await?.outcome, Some(Outcome::WritesRefused));
        assert!(world.lines(connector).await?[0].contains("set BATON_PROVISIONING to \"true\""));
        assert_eq!(world.actions().await?.last().unwrap(), "connector.writes_refused");
        // The next Hello clears it.
        client.hello("pod-1").await?;
        assert_eq!(world.found(connector).await?.writes_refused, None);
    }

    async fn t_j7_a_write_whose_error_passes_is_tried_again_later(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Grant).await?.to_string();
        for pause in [30, 60] {
            assert_eq!(client.take("pod-1").await?, id);
            client.finish(failure(&id, 14, "try later", false)).await?;
            world.pass(pause - 1);
            assert_eq!(client.poll("pod-1").await?.task, None);
            world.pass(1);
        }
        assert_eq!(client.take("pod-1").await?, id);
        client.finish(success(&id)).await?;
        assert_eq!(world.task(&id).await?.outcome, Some(Outcome::Success));
    }

    async fn r_v_3_a_sync_follows_a_change_within_half_a_minute(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Grant).await?.to_string();
        client.take("pod-1").await?;
        client.finish(failure(&id, 5, "no such user", true)).await?;
        assert_eq!(world.found(connector).await?.next_sync_at, None, "nothing was changed");
        let first = world.wait(connector, Kind::Revoke).await?.to_string();
        client.take("pod-1").await?;
        client.finish(success(&first)).await?;
        let due = world.now() + jiff::SignedDuration::from_secs(30);
        assert_eq!(world.found(connector).await?.next_sync_at, Some(due));
        world.pass(20);
        let second = world.wait(connector, Kind::Grant).await?.to_string();
        client.take("pod-1").await?;
        client.finish(success(&second)).await?;
        assert_eq!(world.found(connector).await?.next_sync_at, Some(due), "one sync shows both");
    }

    async fn t_s9_a_failed_sync_is_told_in_words(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        client.finish(failure(&task, 16, "the token was revoked", false)).await?;
        let sync = world.sync(connector, &task).await?;
        assert_eq!((sync.state, sync.error.as_deref()), (SyncState::Failed, Some("the token was revoked")));
        assert!(world.lines(connector).await?.contains(&"the sync failed: the token was revoked".to_owned()));
        assert_eq!(world.found(connector).await?.last_error.as_deref(), Some("the token was revoked"));
        // A success without a file is none.
        client.hello("pod-1").await?;
        let task = client.take("pod-1").await?;
        client.finish(success(&task)).await?;
        assert_eq!(world.sync(connector, &task).await?.state, SyncState::Failed);
        assert_eq!(world.found(connector).await?.failures_in_a_row, 2);
        assert!(world.lines(connector).await?.iter().any(|line| line.ends_with("(failure 2 in a row)")));
    }
}

fn account_action(message: &str) -> account::ActionRequiredResult {
    account::ActionRequiredResult { message: message.to_owned(), ..Default::default() }
}
