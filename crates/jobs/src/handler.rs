//! What does the work of a job.

use async_trait::async_trait;
use jiff::Timestamp;
use store::job::Job;
use tokio_util::sync::CancellationToken;

/// What a run gets.
#[derive(Debug)]
pub struct Context {
    /// The job.
    pub job: Job,
    /// Cancelled when the process ends or the lease is lost: the run must stop soon, and may leave its work undone.
    pub cancel: CancellationToken,
}

/// What follows a run that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the job is done.
    Done,
    /// The job runs again at this instant.
    At(Timestamp),
}

/// A run that went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Trying again may help. The job is tried with growing pauses until its attempts are used.
    #[error("{0}")]
    Passing(String),
    /// Trying again cannot help.
    #[error("{0}")]
    Lasting(String),
}

/// Does the work of one kind of jobs.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does the job. It may have been done before, in part or wholly.
    ///
    /// # Errors
    /// When it could not be done; nothing is lost.
    async fn run(&self, context: &Context) -> Result<Next, Failure>;

    /// Settles what a job leaves behind that will not be tried again, for this reason: it failed for good, or each
    /// process that tried it fell silent. May be called more than once. By default there is nothing to settle.
    ///
    /// # Errors
    /// When that did not work; the reason is kept with the job all the same.
    async fn give_up(&self, _job: &Job, _reason: &str) -> Result<(), Failure> {
        Ok(())
    }
}
