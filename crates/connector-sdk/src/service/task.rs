//! Carries out what the server asks for: every type of task but syncs and hellos, which the poll loop does itself.
//!
//! Start at [`execute`]. It always has an answer, also where a Go connector is silent. A task that makes no sense is
//! refused first, then one that breaks a field rule (`rules`), then, without `--provisioning`, one that writes; only
//! then the connector is asked.
//!
//! Source: baton-service-mode §9.

mod access;
mod account;
mod action;
mod answer;
mod credential;
mod event;
mod issue;
mod resource;
mod rules;
mod ticket;

use std::fmt;
use std::sync::Arc;

use proto::Any;
use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::TaskType;
use proto::google::rpc::Status;

use answer::{Answer, Fault};

use super::encryption::ClientKey;
use crate::connector::{Connector, Ticketing};
use crate::error::{Code, Error, Result};
use crate::provision::Provisioner;
use crate::runtime::Runtime;

/// Whether the connector may change anything (`--provisioning`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioning {
    /// Tasks that write are carried out.
    Enabled,
    /// Tasks that write are refused.
    Disabled,
}

/// What a task is carried out with.
#[derive(Clone)]
pub struct TaskContext {
    /// Who does the work.
    pub connector: Arc<dyn Connector>,
    /// Time, waiting, cancellation.
    pub runtime: Runtime,
    /// Whether tasks that write are carried out.
    pub provisioning: Provisioning,
    /// Whether ticket tasks are carried out.
    pub ticketing: Ticketing,
    /// The key of the client secret, which opens the passwords that the server sends.
    pub client_key: Option<Arc<ClientKey>>,
}

/// What the server is told about a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskOutcome {
    /// It is done.
    Success {
        /// The answer of the connector.
        response: Option<Any>,
        /// At most 16 annotations.
        annotations: Vec<Any>,
    },
    /// It failed.
    Failure {
        /// Code, text and details.
        status: Status,
        /// Whether trying again would be wrong.
        non_retryable: bool,
        /// At most 16 annotations.
        annotations: Vec<Any>,
    },
    /// Nothing is reported.
    Silent,
}

/// Carries out the task and says what to report.
///
/// A panic in the connector is the error `Internal Server Error`. Cancelling [`TaskContext::runtime`] ends the task
/// early, with code `Canceled`. `none`, `hello` and `sync_full` are not for this function and end silently.
pub async fn execute(context: &TaskContext, task: &Task) -> TaskOutcome {
    let Some(kind) = &task.task_type else { return Fault::local("unsupported task type").into() };
    let answer: Result<Answer, Fault> = match kind {
        TaskType::None(_) | TaskType::Hello(_) | TaskType::SyncFull(_) => return TaskOutcome::Silent,
        TaskType::Grant(task) => access::grant(context, task).await,
        TaskType::Revoke(task) => access::revoke(context, task).await,
        TaskType::CreateAccount(task) => account::create(context, task).await,
        TaskType::CreateResource(task) => resource::create(context, task).await,
        TaskType::DeleteResource(task) => resource::delete(context, task).await,
        TaskType::RotateCredentials(task) => credential::rotate(context, task).await,
        TaskType::IssueCredential(issue) => credential::issue(context, &task.id, issue).await,
        TaskType::CreateTicketTask(task) => ticket::create(context, task).await,
        TaskType::GetTicket(task) => ticket::get(context, task).await,
        TaskType::ListTicketSchemas(_) => ticket::list_schemas(context).await,
        TaskType::BulkCreateTickets(task) => ticket::bulk_create(context, task).await,
        TaskType::BulkGetTickets(task) => ticket::bulk_get(context, task).await,
        TaskType::ActionListSchemas(task) => action::list_schemas(context, task).await,
        TaskType::ActionGetSchema(task) => action::get_schema(context, task).await,
        TaskType::ActionInvoke(task) => action::invoke(context, task).await,
        TaskType::ActionStatus(task) => action::status(context, task).await,
        TaskType::ListEventFeeds(_) => event::list_feeds(context).await,
        TaskType::ListEvents(task) => event::list(context, task).await,
        TaskType::EventFeed(_) | TaskType::CreateSyncDiff(_) | TaskType::CompactSyncs(_) => {
            Err(Fault::local("unsupported task type"))
        }
    };
    answer.map_or_else(TaskOutcome::from, TaskOutcome::from)
}

impl TaskContext {
    /// Fails unless tasks that write are allowed.
    fn check_provisioning(&self) -> Result<()> {
        match self.provisioning {
            Provisioning::Enabled => Ok(()),
            Provisioning::Disabled => Err(Error::new(Code::FailedPrecondition, "provisioning is not enabled")),
        }
    }

    fn provisioner(&self) -> Provisioner {
        Provisioner::new(Arc::clone(&self.connector), self.runtime.clone())
    }

    /// The result of the call, unless the task is cancelled before.
    async fn until_cancelled<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let result = self.runtime.cancel.run_until_cancelled(call).await;
        result.unwrap_or_else(|| Err(Error::new(Code::Canceled, "context canceled")))
    }

    /// The same; an error says what was tried.
    async fn call<T>(&self, tried: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.until_cancelled(call).await.map_err(|error| error.context(tried))
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("provisioning", &self.provisioning)
            .field("ticketing", &self.ticketing)
            .field("client_key", &self.client_key)
            .finish_non_exhaustive()
    }
}
