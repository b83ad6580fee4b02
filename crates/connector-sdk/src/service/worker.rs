//! Carries out one task and reports it.
//!
//! Source: baton-service-mode §9.

use std::time::Duration;

use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::{SyncFullTask, TaskType};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::full_sync::{self, Job};
use super::options::Options;
use super::task::{self, TaskContext, TaskOutcome};
use super::{heartbeat, hello};
use crate::error::{Code, Error};
use crate::runtime::Runtime;

/// How long a report may take, attempts and pauses together.
const REPORT: Duration = Duration::from_secs(30);
/// The pause after the first failed report; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What all tasks share.
pub(super) struct Worker {
    pub(super) api: Api,
    pub(super) context: TaskContext,
    pub(super) options: Options,
    /// Cancelled when running tasks are to stop. The runtime of `context` stands for asking no more.
    pub(super) abort: CancellationToken,
}

impl Worker {
    /// Carries the task out and reports it. Nothing escapes: what goes wrong is reported, or logged.
    pub(super) async fn work(&self, task: Task) {
        let kind = name(&task);
        tracing::info!(task_id = task.id, task_type = kind, "working on a task");
        let started = Instant::now();
        match &task.task_type {
            Some(TaskType::None(_)) => {}
            Some(TaskType::Hello(_)) => self.hello(&task.id).await,
            Some(TaskType::SyncFull(sync)) => self.sync(&task, sync).await,
            _ => {
                let context = TaskContext { runtime: self.runtime(self.abort.child_token()), ..self.context.clone() };
                self.report(&task.id, &task::execute(&context, &task).await).await;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        tracing::info!(task_id = task.id, task_type = kind, duration = seconds, "the task is over");
    }

    /// Gives a task back that was not begun, so that the server need not wait for its lease to end.
    pub(super) async fn decline(&self, task_id: &str) {
        self.report(task_id, &full_sync::failure(&stopping())).await;
    }

    /// The surroundings of a task, which ends with this token.
    fn runtime(&self, cancel: CancellationToken) -> Runtime {
        Runtime { cancel, ..self.context.runtime.clone() }
    }

    async fn hello(&self, task_id: &str) {
        let metadata = hello::metadata(&self.context.connector, self.context.ticketing);
        let said = match metadata {
            Ok(metadata) => self.api.hello(task_id, metadata).await,
            Err(error) => Err(error),
        };
        if let Err(error) = said {
            tracing::error!(error = %error, task_id, "hello failed");
            // Upstream is silent here, and the server has to wait.
            self.report(task_id, &full_sync::failure(&error)).await;
        }
    }

    /// Heartbeats go on until the report is through.
    async fn sync(&self, task: &Task, sync: &SyncFullTask) {
        let runtime = self.runtime(self.abort.child_token());
        let first = runtime.cancel.run_until_cancelled(heartbeat::first(&self.api, &task.id, &runtime)).await;
        let first = first.unwrap_or_else(|| Err(stopping()));
        let wait = match first {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(error = %error, task_id = task.id, "the sync is not begun");
                return self.report(&task.id, &full_sync::failure(&error)).await;
            }
        };
        let job = Job {
            api: &self.api,
            connector: &self.context.connector,
            options: &self.options,
            runtime: &runtime,
            task_id: &task.id,
            debug: task.debug,
        };
        let work = async {
            let outcome = full_sync::carry_out(job, sync).await;
            self.report(&task.id, &outcome).await;
        };
        let beats = async {
            heartbeat::keep(&self.api, &task.id, wait, &runtime, &runtime.cancel).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = beats => {}
        }
    }

    /// Reports, with a few attempts within 30 s. Cancelling the task does not cut it.
    async fn report(&self, task_id: &str, outcome: &TaskOutcome) {
        let mut left = REPORT;
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            let Err(error) = self.api.finish(task_id, outcome, left).await else { return };
            left = left.saturating_sub(started.elapsed()).saturating_sub(pause);
            if left.is_zero() || !may_pass(error.code()) {
                tracing::error!(error = %error, task_id, "the task could not be reported; the server will offer it again");
                return;
            }
            tracing::warn!(error = %error, task_id, "the report failed; trying again");
            self.context.runtime.sleeper.sleep(pause).await;
            pause *= 2;
        }
    }
}

/// Why a task is not begun.
fn stopping() -> Error {
    Error::new(Code::Canceled, "the connector is stopping")
}

/// Whether the same report may be taken in a moment.
fn may_pass(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unknown
            | Code::Canceled
    )
}

/// The name of the kind of task, for the log.
fn name(task: &Task) -> &'static str {
    match &task.task_type {
        None => "unknown",
        Some(kind) => match kind {
            TaskType::None(_) => "none",
            TaskType::Hello(_) => "hello",
            TaskType::SyncFull(_) => "sync_full",
            TaskType::Grant(_) => "grant",
            TaskType::Revoke(_) => "revoke",
            TaskType::CreateAccount(_) => "create_account",
            TaskType::CreateResource(_) => "create_resource",
            TaskType::DeleteResource(_) => "delete_resource",
            TaskType::RotateCredentials(_) => "rotate_credentials",
            TaskType::IssueCredential(_) => "issue_credential",
            TaskType::EventFeed(_) => "event_feed",
            TaskType::CreateTicketTask(_) => "create_ticket",
            TaskType::ListTicketSchemas(_) => "list_ticket_schemas",
            TaskType::GetTicket(_) => "get_ticket",
            TaskType::BulkCreateTickets(_) => "bulk_create_tickets",
            TaskType::BulkGetTickets(_) => "bulk_get_tickets",
            TaskType::ActionListSchemas(_) => "action_list_schemas",
            TaskType::ActionGetSchema(_) => "action_get_schema",
            TaskType::ActionInvoke(_) => "action_invoke",
            TaskType::ActionStatus(_) => "action_status",
            TaskType::CreateSyncDiff(_) => "create_sync_diff",
            TaskType::CompactSyncs(_) => "compact_syncs",
            TaskType::ListEventFeeds(_) => "list_event_feeds",
            TaskType::ListEvents(_) => "list_events",
        },
    }
}
